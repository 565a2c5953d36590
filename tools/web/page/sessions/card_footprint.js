// SPDX-License-Identifier: Apache-2.0
/*
 * The footprint of the chosen trial: peak or impulse of each cell, on a scale that stays from trial to trial
 * until somebody changes it. Who may act points at a place that hurts.
 */
import { button, el, fill } from "../core/ui.js";
import { choice } from "../visit/act.js";
import { digits } from "./figures.js";
import { footprint, scaleBar, UNIT } from "./footprint.js";
import { niceTop, stepTop } from "./geometry.js";

/* page.places(): where it hurts, as say.js keeps it, or null. */
export function footprintCard(ctx, page) {
	const node = el("section.sheet", { aria: { label: "Footprint" }, data: { testid: "card-footprint" } });
	const shown = { what: "peak", top: {} };

	function draw(analysis) {
		const p = analysis.pictures;

		if (!p) return fill(node, el("h2", {}, "Footprint"), el("p.quietly", {}, "This recording has no places of its sensors, so no footprint."));
		const unit = UNIT[shown.what](p.unit);
		const scale = `${shown.what} ${unit}`;
		const greatest = Math.max(0, ...p[shown.what]);

		if (greatest > 0) shown.top[scale] ??= niceTop(greatest);
		const top = shown.top[scale] ?? (p.unit === "kPa" ? 500 : 100);
		const print = footprint(analysis, { what: shown.what, top, places: page.places()?.now ?? {}, onplace: ctx.store.operator ? (side, place) => page.places()?.toggle(side, place) : null });
		const by = (step, label) => button(label, () => {
			shown.top[scale] = stepTop(top, step);
			draw(analysis);
			node.querySelector(`[data-testid="scale-${step > 0 ? "up" : "down"}"]`)?.focus();
		}, { testid: step > 0 ? "scale-up" : "scale-down", title: step > 0 ? "a greater scale" : "a smaller scale" });
		const what = choice("Map", [["peak", "peak"], ["impulse", "impulse"]], { value: shown.what, testid: "map", onchange: (v) => {
			shown.what = v;
			draw(analysis);
			node.querySelector(`input[value="${v}"]`)?.focus();
		} });

		fill(node, el("div.maphead", {}, what.node, el("div.zoom", { role: "group", aria: { label: "Scale" } }, by(-1, "\u2212"), by(1, "+"))), print.node,
			scaleBar(top, unit, print.beyond),
			el("p.hint", {}, `Greatest cell ${digits(print.greatest)} ${unit}. True cells of ${p.pitch_row_mm} x ${p.pitch_col_mm} mm; white line: centre of pressure; dashed: where heel and midfoot end. The scale stays from trial to trial.`));
	}

	return {
		node, draw,
		swap() {
			shown.what = shown.what === "peak" ? "impulse" : "peak";
		},
	};
}
