// SPDX-License-Identifier: Apache-2.0
/* A visit that is over: how it ended, what was reached, where it lies, and the next one. */
import { button, el } from "../core/ui.js";
import { beginPanel } from "./begin.js";
import { ending, progress } from "./model.js";

function planTable(p) {
	return el("table.plan", {},
		el("caption", {}, "What was reached"),
		el("thead", {}, el("tr", {}, ["Step", "Condition", "Reached"].map((h) => el("th", { scope: "col" }, h)))),
		el("tbody", {}, p.plan.map((i) => el("tr", {}, el("th", { scope: "row" }, i.step), el("td", {}, i.condition ?? ""), el("td", {}, progress(i).text)))));
}

export function endedPanel(ctx, p) {
	const end = ending(p);
	const form = el("div.nextvisit", { hidden: true });

	function begin(before) {
		const panel = beginPanel(ctx, before);

		form.replaceChildren(panel.node);
		form.hidden = false;
		summary.hidden = true;
		ctx.beginning(true);
		panel.focus().focus();
	}

	/* Of the person before nothing is taken over unless it is said to be the same one. */
	const again = button("Next person", () => begin({ operator: p.operator }), { kind: "primary", key: "b", testid: "another" });
	const same = p.subject ? button(`${p.subject} again`, () => begin(p), { key: "g", testid: "same-person" }) : null;
	const summary = el("div.summary", {},
		el("div.finding", { class: end.kind === "done" ? "good" : "bad", data: { testid: "ending", kind: end.kind }, role: end.kind === "pain" ? "alert" : undefined },
			el("p.mark", { aria: { hidden: "true" } }, end.kind === "done" ? "\u2713" : "!"),
			el("div", {}, el("h2", {}, end.title),
				end.kind === "pain" ? el("p", {}, "The protocol's stop rule ended it. What was recorded is kept.") : null)),
		planTable(p),
		el("p", {}, el("a.link", { href: `#session/${p.session_uuid}`, data: { testid: "to-session" } }, "Look at this session")),
		ctx.store.operator ? el("div.go", {}, again, same) : null);

	return {
		node: el("div.ended", { data: { testid: "panel-ended" } }, summary, form),
		focus: () => (ctx.store.operator ? again : null),
		update() {},
		keys: [{ key: "b", does: "begin with the next person", run: () => summary.hidden || again.click() },
			{ key: "g", does: "the same person again", run: () => summary.hidden || same?.click() }],
	};
}
