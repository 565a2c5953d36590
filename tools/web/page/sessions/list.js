// SPDX-License-Identifier: Apache-2.0
/* The sessions of the archive, newest first; two or more can be chosen to be compared. */
import { button, el, field, fill, text } from "../core/ui.js";
import { line } from "../visit/act.js";

export function when(utc) {
	const t = utc ? new Date(utc) : null;

	return t && !Number.isNaN(t.getTime()) ? `${t.getFullYear()}-${String(t.getMonth() + 1).padStart(2, "0")}-${String(t.getDate()).padStart(2, "0")} ${t.toTimeString().slice(0, 5)}` : "\u2013";
}

function verdictsOf(s) {
	const parts = [`${s.accepted} accepted`];

	if (s.rejected) parts.push(`${s.rejected} rejected`);
	if (s.undecided) parts.push(`${s.undecided} undecided`);
	if (s.unfinished) parts.push(`${s.unfinished} being finished`);
	return parts.join(", ");
}

export function listPage(ctx, root) {
	const subject = line({ type: "search", maxLength: 64, data: { testid: "filter" } });
	const refused = el("p.refusal", { role: "alert", data: { testid: "list-refused" } });
	const body = el("tbody");
	const count = el("p.hint", { role: "status", data: { testid: "list-count" } });
	const chosen = new Map(); /* uuid -> when it began */
	const inTime = () => [...chosen].sort((a, b) => (a[1] < b[1] ? -1 : 1)).map(([uuid]) => uuid); /* B - A is what came after less what was before */
	const compare = button("Compare", () => (location.hash = `#compare/${inTime().join(",")}`), { testid: "compare", disabled: true });
	const trend = button("Trend of this person", () => (location.hash = `#trend/${encodeURIComponent(subject.value.trim())}`), { testid: "trend", disabled: true });
	let asked = 0;

	function choose(uuid, on, began) {
		if (on) chosen.set(uuid, began);
		else chosen.delete(uuid);
		compare.disabled = chosen.size < 2;
		text(compare, chosen.size > 1 ? `Compare ${chosen.size} sessions` : "Compare (choose two)");
	}

	function row(s) {
		const pick = el("input", { type: "checkbox", checked: chosen.has(s.session_uuid), aria: { label: `choose the session of ${s.subject || "nobody"}, ${when(s.started_utc)}` }, data: { testid: `choose-${s.session_uuid}` } });

		pick.addEventListener("change", () => choose(s.session_uuid, pick.checked, s.started_utc));
		return el("tr", { data: { testid: "session-row" } }, el("td", {}, pick),
			el("th", { scope: "row" }, el("a", { href: `#session/${s.session_uuid}` }, when(s.started_utc))),
			el("td", {}, s.subject ? el("a", { href: `#trend/${encodeURIComponent(s.subject)}`, title: `trend of ${s.subject}` }, s.subject) : "\u2013"),
			el("td", {}, s.protocol || "\u2013"), el("td", {}, s.conditions.filter(Boolean).join(", ") || "\u2013"), el("td", {}, s.mats.join(", ")),
			el("td.n", {}, s.trials), el("td", {}, verdictsOf(s)), el("td", {}, s.recording ? "recording" : s.sealed ? "sealed" : "not sealed"));
	}

	async function load() {
		const mine = ++asked;
		const keys = subject.value.trim() ? { subject: subject.value.trim() } : {};

		trend.disabled = !keys.subject;
		try {
			const { sessions } = await ctx.link.request("sessions", { ...keys, limit: 200 });

			if (mine !== asked) return;
			fill(body, sessions.map(row));
			text(refused, "");
			text(count, sessions.length ? `${sessions.length} session${sessions.length === 1 ? "" : "s"}${sessions.length === 200 ? " (the newest; filter by subject for older ones)" : ""}` : keys.subject ? `No session of ${keys.subject}.` : "No session yet.");
		} catch (error) {
			if (mine === asked) text(refused, error.message);
		}
	}

	const form = el("form.filter", { role: "search", onsubmit: (e) => {
		e.preventDefault();
		load();
	} }, field("Subject", subject), button("Filter", load, { testid: "filter-go" }), button("All", () => {
		subject.value = "";
		load();
	}, { kind: "quiet" }), compare, trend, count);

	choose("", false);
	fill(root, el("h1", { tabIndex: -1 }, "Sessions"), form, refused,
		el("div.wide", { tabIndex: 0, role: "region", aria: { label: "List of sessions" } }, el("table.list", { data: { testid: "sessions" } }, el("caption.unseen", {}, "Sessions, newest first"),
			el("thead", {}, el("tr", {}, [el("span.unseen", {}, "Choose"), "Began", "Subject", "Protocol", "Conditions", "Mats", "Trials", "Verdicts", "State"].map((h) => el("th", { scope: "col" }, h)))), body)));
	load();
	return { reload: load };
}
