// SPDX-License-Identifier: Apache-2.0
/* The path of the centre of pressure of somebody standing still, from its mean, along the person's axes. */
import { el } from "../core/ui.js";
import { niceTop, runs } from "./geometry.js";
import { points, svg } from "./svg.js";

const S = 240;
const M = 30;

export function swayPlot(sway) {
	if (!sway?.t_s?.length) return null;
	const half = niceTop(Math.max(1, ...[...sway.ml_mm, ...sway.ap_mm].map((v) => Math.abs(v ?? 0))));
	const at = (v) => ((S - M) / 2) * (v / half);
	const x = (v) => M + (S - M) / 2 + at(v);
	const y = (v) => (S - M) / 2 - at(v);
	const t = sway.t_s.filter((v) => v !== null);

	return el("figure.chart.sway", { data: { testid: "sway-plot" } }, svg("svg", { viewBox: `0 0 ${S + 4} ${S}`, role: "img", "aria-label": `Sway path within ${half} mm to each side` },
		[-half, 0, half].map((v) => [svg("line", { class: "grid", x1: M, x2: S, y1: y(v), y2: y(v) }), svg("line", { class: "grid", x1: x(v), x2: x(v), y1: 0, y2: S - M }),
			svg("text", { x: x(v), y: S - M + 14, "text-anchor": v < 0 ? "start" : v > 0 ? "end" : "middle" }, v), svg("text", { x: M - 4, y: y(v) + (v > 0 ? 11 : v < 0 ? 0 : 4), "text-anchor": "end" }, v)]),
		runs(sway.ml_mm, sway.ap_mm).map((r) => svg("polyline", { class: "swaypath", points: points(r.map(([a, b]) => [x(a), y(b)])) })),
		svg("text", { x: (S + M) / 2, y: S - 2, "text-anchor": "middle" }, "mm, right \u2192")),
	el("figcaption.hint", {}, `Sway of ${Math.round(t.at(-1) - t[0])} s, forward is up${sway.every > 1 ? `; every ${sway.every}th sample is drawn` : ""}.`));
}
