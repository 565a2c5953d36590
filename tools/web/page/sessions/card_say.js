// SPDX-License-Identifier: Apache-2.0
/* What is said of the chosen trial: where it hurts (a card of its own), corrections, annotations, the verdict. */
import { el, fill } from "../core/ui.js";
import { when } from "./list.js";
import { annotations, corrections, painPlaces, verdicts } from "./say.js";
import { MARK } from "./trials.js";

/* page: uuid, reload(), placed(analysis): a place was chosen. */
export function sayCard(ctx, page) {
	const pain = el("section.sheet", { aria: { label: "Pain" } });
	const node = el("section.sheet.broad.saying", { aria: { label: "What is said of it" } });
	let places = null;

	function draw(t, analysis) {
		const v = verdicts(ctx, page.uuid, t.trial, page.reload);

		places = painPlaces(ctx, page.uuid, t.annotations, { onchange: () => analysis && page.placed(analysis), saved: page.reload });
		fill(pain, places.node);
		fill(node, corrections(ctx, page.uuid, t.trial, analysis, page.reload), annotations(ctx, page.uuid, t.trial, t.annotations, page.reload),
			el("section.say", { aria: { label: "Verdict" } }, el("h3", {}, "Verdict"), el("p", {}, `Trial ${t.trial} is ${MARK[t.verdict][1]}${t.reason ? ` (${t.reason})` : ""}.`), el("div.go", {}, t.verdict === "accepted" ? null : v.accept.node, t.verdict === "rejected" ? null : v.reject.node),
				t.amendments.length ? el("details.more", {}, el("summary", {}, `Changed ${t.amendments.length} times since the recording`), el("ul", {}, t.amendments.map((a) => el("li", {}, `${when(a.utc)} ${a.who}: ${a.key} was ${a.was || "not said"}, is ${a.is || "taken away"}`)))) : null));
	}

	return {
		pain, node, draw,
		places: () => places,
		forget() {
			places = null;
		},
	};
}
