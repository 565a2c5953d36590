// SPDX-License-Identifier: Apache-2.0
/* The report as a download: plantard makes it, the browser only keeps it. */
import { el, format } from "../core/ui.js";
import { action } from "../visit/act.js";
import { pageWords } from "./refusal.js";

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
	const one = (kind, label) => {
		let told = "";

		return action(ctx, label, () => {
			const uuids = sessions();

			if (!uuids.length) return { error: "Choose a session first." };
			said.textContent = "The report is being made.";
			told = "";
			return { cmd: "report", keys: { sessions: uuids, format: kind } };
		}, { testid: `report-${kind}`, words: (m) => pageWords(m).said, done: (reply) => {
			if (!reply.blob) throw new Error("plantard sent no report");
			download(reply.name ?? `report.${kind}`, reply.type ?? "application/octet-stream", reply.blob);
			told = `${reply.name} (${format.bytes(reply.blob.byteLength)}) was given to the browser.`;
		}, settled: () => {
			said.textContent = told;
		} });
	};

	return el("div.report", {}, one("pdf", "Report as PDF").node, one("html", "as HTML").node, said);
}
