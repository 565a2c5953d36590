// SPDX-License-Identifier: Apache-2.0
/* The report as a download: plantard makes it, the browser only keeps it. */
import { el, format } from "../core/ui.js";
import { action } from "../visit/act.js";

export function download(name, type, bytes) {
	const address = URL.createObjectURL(new Blob([bytes], { type }));
	const a = el("a", { href: address, download: name });

	document.body.append(a);
	a.click();
	a.remove();
	setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/* sessions() -> uuids. A button for each format. */
export function reportButtons(ctx, sessions) {
	const said = el("p.hint", { role: "status", data: { testid: "report-said" } });
	const one = (format_, label) => action(ctx, label, () => {
		const uuids = sessions();

		if (!uuids.length) return { error: "Choose a session first." };
		said.textContent = "The report is being made.";
		return { cmd: "report", keys: { sessions: uuids, format: format_ } };
	}, { testid: `report-${format_}`, done: (reply) => {
		if (!reply.blob) throw new Error("plantard sent no report");
		download(reply.name ?? `report.${format_}`, reply.type ?? "application/octet-stream", reply.blob);
		said.textContent = `${reply.name} (${format.bytes(reply.blob.byteLength)}) was given to the browser.`;
	} });
	const pdf = one("pdf", "Report as PDF");
	const html = one("html", "as HTML");

	for (const a of [pdf, html]) a.button.addEventListener("click", () => queueMicrotask(() => {
		/* what was refused stays where it is; only the promise is taken back */
		const clear = setInterval(() => {
			if (a.button.hasAttribute("aria-busy")) return;
			clearInterval(clear);
			if (said.textContent.endsWith("being made.")) said.textContent = "";
		}, 100);
	}));
	return el("div.report", {}, pdf.node, html.node, said);
}
