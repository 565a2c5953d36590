// SPDX-License-Identifier: Apache-2.0
/*
 * Ten seconds of force, heel against forefoot, and the centre of pressure, ending now. Time goes on when
 * data do not: what is missing is an empty stretch with a mark, never a line across it. One strip is drawn
 * in a picture, in turn, so that no picture waits for all of them.
 */
import uPlot from "../vendor/uPlot.mjs";
import { number, places, quantity } from "../core/format.js";
import { el, text } from "../core/ui.js";
import { G } from "./figures.js";

export const CHANNELS = ["force", "heel", "forefoot", "x", "y"];
const [FORCE, HEEL, FOREFOOT, X, Y] = CHANNELS.keys();
const SECONDS = 10;
const AXIS_PX = 46;

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/* The end of a scale for a greatest value: 1, 2, 3, 5 times a power of ten. */
export function niceTop(value, least) {
	const e = 10 ** Math.floor(Math.log10(Math.max(value, least, 1e-9)));
	for (const m of [1, 1.5, 2, 3, 5, 7.5, 10]) if (m * e >= value && m * e >= least) return m * e;
	return 10 * e;
}

/* A number of an axis, short enough for it. */
const short = (v) => (Math.abs(v) >= 10000 ? `${v / 1000}k` : String(v).replace("-", "\u2212"));

class Strip {
	constructor(name, keys) {
		this.title = el("h2");
		this.keys = keys;
		this.value = el("span.value");
		this.legend = el("p.legend", {}, keys.length > 1 ? keys.map(([label, cls]) => el(`span.${cls}`, {}, label)) : this.value);
		this.box = el("div.plot", { aria: { hidden: "true" } });
		this.node = el("div.strip", { role: "group", data: { testid: `strip-${name}` } }, el("div.head", {}, this.title, this.legend), this.box);
		this.data = [[], ...keys.map(() => [])];
		this.range = [0, 1];
		this.gaps = [];
		new ResizeObserver(() => this.size()).observe(this.box);
	}

	make() {
		const { clientWidth: width, clientHeight: height } = this.box;
		if (!width || !height) return;
		const axis = { stroke: ink("--soft"), font: "12px system-ui, sans-serif", grid: { stroke: ink("--line"), width: 1 }, ticks: { show: false }, gap: 4 };
		const lines = [
			{ stroke: ink("--line-1"), width: 2 },
			{ stroke: ink("--line-2"), width: 2, dash: [7, 4] },
		];
		this.plot?.destroy();
		this.plot = new uPlot({
			width, height,
			padding: [6, 18, 0, 0],
			legend: { show: false },
			cursor: { show: false },
			select: { show: false },
			scales: { x: { time: false, range: () => [-SECONDS, 0] }, y: { range: () => this.range } },
			axes: [
				{ ...axis, size: 18, space: 60, splits: () => [-10, -8, -6, -4, -2, 0], values: (_, s) => s.map((v) => (v ? `\u2212${-v}` : "now")) },
				{ ...axis, size: AXIS_PX, space: 22, values: (_, s) => s.map(short) },
			],
			series: [{}, ...this.keys.map((_, i) => ({ ...lines[i], points: { show: false }, spanGaps: false }))],
			hooks: { drawClear: [(u) => this.#holes(u)] },
		}, this.data, this.box);
	}

	size() {
		if (!this.plot) return this.make();
		const { clientWidth: width, clientHeight: height } = this.box;
		if (width && height && (width !== this.plot.width || height !== this.plot.height)) this.plot.setSize({ width, height });
	}

	/* Where frames are missing: a band, at least wide enough to be seen. */
	#holes(u) {
		const pen = u.ctx;
		const { left, top, width, height } = u.bbox;
		pen.save();
		pen.fillStyle = ink("--gap-mark");
		for (const [from, to] of this.gaps) {
			const a = left + Math.max(0, 1 + from / SECONDS) * width;
			const b = left + Math.min(1, 1 + to / SECONDS) * width;
			if (b <= left) continue;
			pen.fillRect(a, top, Math.max(b - a, 3), height);
		}
		pen.restore();
	}

	draw(title, range, gaps) {
		text(this.title, title);
		this.range = range;
		this.gaps = gaps;
		if (!this.plot) this.make();
		this.plot?.setData(this.data);
	}
}

export class Strips {
	#turn = 0;

	constructor() {
		this.force = new Strip("force", [["force", "one"]]);
		this.parts = new Strip("parts", [["heel", "one"], ["forefoot", "two"]]);
		this.cop = new Strip("cop", [["forward", "one"], ["right", "two"]]);
		this.all = [this.force, this.parts, this.cop];
		this.node = el("section.panel.strips", { aria: { label: "The last ten seconds" }, data: { testid: "strips" } }, this.all.map((s) => s.node));
		addEventListener("plantar-theme", () => this.all.forEach((s) => s.make()));
	}

	/* The force as a number: load is its mean over half a second, in unit; null when it is not known. */
	say(load, { unit, mass_kg }) {
		const bw = unit === "N" && mass_kg > 0;
		text(this.force.value, bw && load !== null ? `${quantity(load / (mass_kg * G), "BW", 2)} \u00b7 ${quantity(load, unit)}` : quantity(load, unit, unit === "N" ? 0 : places(load)));
	}

	/* Draws the next strip. trace: of CHANNELS; how: {unit, mass_kg, axes, silent_from}. */
	draw(trace, now, how) {
		const gaps = trace.gaps.map((g) => [(g.from - now) / 1000, (g.to - now) / 1000]);
		if (how.silent_from !== null) gaps.push([(how.silent_from - now) / 1000, 0]);
		const which = this.#turn++ % 3;
		if (which === 0) this.#force(trace, now, how, gaps);
		else if (which === 1) this.#parts(trace, now, gaps);
		else this.#cop(trace, now, how, gaps);
	}

	#force(trace, now, { unit, mass_kg }, gaps) {
		const bw = unit === "N" && mass_kg > 0 ? mass_kg * G : 0;
		const of = bw ? 1 / bw : 1;
		const most = (trace.extent(now, FORCE)?.greatest ?? 0) * of;
		trace.read(now, [FORCE], this.force.data, [bw ? (v) => v * of : null]);
		this.force.draw(bw ? `Force, body weights (${number(mass_kg, 1)} kg)` : `Force, ${unit}`, [0, niceTop(most, bw ? 1.5 : unit === "N" ? 100 : 0.1)], gaps);
	}

	#parts(trace, now, gaps) {
		trace.read(now, [HEEL, FOREFOOT], this.parts.data);
		this.parts.draw("Heel and forefoot, % of the load", [0, 100], gaps);
	}

	#cop(trace, now, { axes }, gaps) {
		const at = (axis) => (axis[0] ? [X, axis[0]] : [Y, axis[1]]);
		const [[ap, apSign], [ml, mlSign]] = [at(axes.ap), at(axes.ml)];
		const [a, m] = [trace.extent(now, ap), trace.extent(now, ml)];
		const [apMean, mlMean] = [a?.mean ?? 0, m?.mean ?? 0];
		trace.read(now, [ap, ml], this.cop.data, [(v) => (v - apMean) * apSign, (v) => (v - mlMean) * mlSign]);
		const far = Math.max(a ? a.greatest - apMean : 0, a ? apMean - a.least : 0, m ? m.greatest - mlMean : 0, m ? mlMean - m.least : 0);
		const top = niceTop(far, 15);
		this.cop.draw(`Centre of pressure, mm from its mean (${axes.person ? "AP, ML" : "mat's axes"})`, [-top, top], gaps);
	}
}
