// SPDX-License-Identifier: Apache-2.0
/*
 * The force of all steps of the chosen trial's condition, laid over each other, the chosen trial's in front; of
 * somebody who stands, the table of standing.
 */
import { el, fill } from "../core/ui.js";
import { choice } from "../visit/act.js";
import { AXIS, curves, curvesOf, keysOf, TITLE } from "./curves.js";
import { standingTable } from "./tables.js";

/* page: trials(), current(), loaded(): analyses by trial. */
export function forceCard(page) {
	const node = el("section.sheet", { aria: { label: "Force" }, data: { testid: "card-force" } });
	let key = null; /* the unit that was chosen */

	function draw(analysis) {
		const keys = keysOf(analysis);
		const trials = page.trials();
		const now = page.current();

		if (!keys.length) {
			const table = standingTable(analysis);

			return fill(node, el("h2", {}, table ? "Standing" : "Force"), table ?? el("p.quietly", {}, "Neither steps nor quiet standing were found in this trial."));
		}
		if (!keys.includes(key)) key = keys[0];
		const same = new Map([...page.loaded()].filter(([n]) => trials.find((t) => t.trial === n)?.condition === now.condition));
		const pick = keys.length > 1 ? choice("Force in", keys.map((k) => [k, AXIS[k]]), { value: key, testid: "force-unit", onchange: (v) => {
			key = v;
			draw(analysis);
			node.querySelector(`input[value="${v}"]`)?.focus();
		} }) : null;
		const wanted = trials.filter((t) => t.condition === now.condition).length;

		fill(node, el("div.maphead", {}, el("h2", {}, `${TITLE[key]}, ${now.condition || "no condition"}`), pick?.node), curves(curvesOf(same, now.trial, key), key),
			el("p.hint", { data: { testid: "curves-of" } }, `Steps of ${same.size} of ${wanted} trials of this condition${same.size < wanted ? "; the others are being analysed" : ""}.`));
	}

	return { node, draw };
}
