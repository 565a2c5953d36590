// SPDX-License-Identifier: Apache-2.0
/*
 * Force of every step since its onset, one over the other: left solid and red, right dashed and blue, so
 * that grey paper tells them apart too; the chosen trial in front, the others thin behind it.
 */
import { el } from "../core/ui.js";
import { digits } from "./figures.js";
import { niceTop } from "./geometry.js";
import { points, svg } from "./svg.js";

const W = 560;
const H = 250;
const M = { left: 52, right: 10, top: 10, bottom: 34 };

/* Steps of several analyses as curves. key: force_n, force_counts or force_bw. */
export function curvesOf(loaded, trial, key) {
	const out = [];

	for (const [number, analysis] of loaded)
		for (const s of analysis.pictures?.steps ?? [])
			if (s[key]) out.push({ side: s.side, accepted: s.accepted, mine: number === trial, trial: number, n: s.n + 1, t: s.t_s, f: s[key] });
	return out.sort((a, b) => a.mine - b.mine);
}

/* Which keys there are: what a trial without calibration has is counts, and body weights need a mass. */
export function keysOf(analysis) {
	const s = analysis?.pictures?.steps?.[0] ?? {};

	return ["force_n", "force_counts", "force_bw"].filter((k) => s[k]?.some((x) => x !== null));
}

export const TITLE = { force_n: "Force of all steps", force_counts: "Sum of counts of all steps", force_bw: "Force of all steps" };
export const AXIS = { force_n: "N", force_counts: "counts", force_bw: "body weights" };

/* Lines at round numbers: a top of niceTop() has 3 to 5 parts. */
function ticks(top) {
	const n = { 1: 5, 1.5: 3, 2: 4, 3: 3, 4: 4, 5: 5, 6: 3, 8: 4 }[Number((top / 10 ** Math.floor(Math.log10(top) + 1e-9)).toPrecision(2))] ?? 4;

	return Array.from({ length: n + 1 }, (_, i) => (top * i) / n);
}

const plain = (v) => String(Number(v.toPrecision(3)));

export function curves(list, key) {
	const tEnd = Math.max(0.1, ...list.map((c) => c.t.at(-1)));
	const seconds = niceTop(tEnd);
	const greatest = Math.max(...list.map((c) => c.f.reduce((m, x) => Math.max(m, x ?? 0), 0)), 1e-9);
	const top = niceTop(greatest);
	const x = (t) => M.left + ((W - M.left - M.right) * t) / seconds;
	const y = (f) => H - M.bottom - ((H - M.top - M.bottom) * f) / top;
	const sides = ["left", "right"].map((s) => list.filter((c) => c.side === s && c.accepted).length);
	const nobody = list.filter((c) => c.side !== "left" && c.side !== "right" && c.accepted).length;
	const said = `Force of ${list.length} steps in ${AXIS[key]} over ${digits(seconds)} s: ${sides[0]} left, ${sides[1]} right counted; greatest ${digits(greatest)} ${AXIS[key]}`;
	const plot = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": said, class: "curves" },
		ticks(top).map((v) => [svg("line", { class: "grid", x1: M.left, x2: W - M.right, y1: y(v), y2: y(v) }), svg("text", { x: M.left - 6, y: y(v) + 4, "text-anchor": "end" }, plain(v))]),
		ticks(seconds).map((v) => svg("text", { x: x(v), y: H - M.bottom + 16, "text-anchor": "middle" }, plain(v))),
		svg("text", { x: (W + M.left) / 2, y: H - 3, "text-anchor": "middle" }, "s since the step's onset"),
		svg("text", { x: 12, y: M.top + (H - M.top - M.bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${M.top + (H - M.top - M.bottom) / 2})` }, AXIS[key]),
		list.map((c) => svg("polyline", {
			class: `curve ${c.side}${c.mine ? " mine" : ""}${c.accepted ? "" : " out"}`,
			points: points(c.t.map((t, i) => [x(t), y(c.f[i] ?? 0)])),
		}, svg("title", {}, `trial ${c.trial}, step ${c.n}, ${c.side}${c.accepted ? "" : ", not counted"}`))));
	const rejected = list.filter((c) => !c.accepted).length;

	return el("figure.chart", { data: { testid: "curves" } }, plot,
		el("figcaption.chartnote", {},
			el("span.key.left", {}, `left n = ${sides[0]}`), el("span.key.right", {}, `right n = ${sides[1]}`),
			nobody ? el("span.key.nobody", {}, `side unknown n = ${nobody}`) : null,
			el("span.hint", {}, `thick: this trial${rejected ? `; dotted: ${rejected} not counted` : ""}`)));
}
