// SPDX-License-Identifier: Apache-2.0
/*
 * From live columns (docs/metrics.md) to the figures on the screen. Bars follow every frame; numbers are
 * means over the last half second, so that they can be read: a share is the mean of the part over the
 * mean of the whole, as everywhere in plantard. A share that the newest frame does not have is not shown,
 * however many frames before it had it. Nothing here is filtered.
 */
import { between, ms } from "../core/wire.js";

const MEAN_MS = 500;

export const G = 9.80665; /* m/s2 */

/* The suffix of forces and pressures in these metrics: with or without calibration. */
export function units(metrics) {
	const calibrated = "force_n" in metrics;
	return { calibrated, force: calibrated ? "n" : "counts", pressure: calibrated ? "kpa" : "counts",
		forceUnit: calibrated ? "N" : "counts", pressureUnit: calibrated ? "kPa" : "counts" };
}

const there = (x) => typeof x === "number" && Number.isFinite(x);
const share = (part, whole) => (there(part) && there(whole) ? (part * whole) / 100 : null);

export const PARTS = ["heel", "midfoot", "forefoot"];
export const QUADRANTS = ["am", "al", "pm", "pl"];
export const SIDES = ["left", "right"];

/*
 * The shares of one frame, in % (null: nothing can be said):
 *   left, right                   of both feet
 *   left_heel ... right_forefoot  of both feet: the foot's share of the two, times the part's of the foot
 *   left_heel_am ...              heel quadrants, of that foot
 *   heel, midfoot, forefoot       of the whole load
 */
export function shares(metrics) {
	const { force } = units(metrics);
	const out = { heel: metrics.heel_pct, midfoot: metrics.midfoot_pct, forefoot: metrics.forefoot_pct };
	for (const side of SIDES) {
		const of = metrics[`${side}_pct`];
		const own = metrics[`${side}_force_${force}`];
		out[side] = of;
		for (const part of PARTS) out[`${side}_${part}`] = of === 0 ? 0 : share(metrics[`${side}_${part}_pct`], of);
		for (const q of QUADRANTS) {
			const n = metrics[`${side}_heel_${q}_force_${force}`];
			out[`${side}_heel_${q}`] = there(n) && own > 0 ? (100 * n) / own : null;
		}
	}
	return out;
}

/* Means of shares(), each frame weighted by its load. */
export class Means {
	#frames = []; /* {t, load, values}, oldest first */
	#last = null;

	clear() {
		this.#frames.length = 0;
		this.#last = null;
	}

	push(header, metrics) {
		const t = ms(header.t_ns);
		const hole = this.#last && between(this.#last, header);
		if (this.#last && !hole) this.clear(); /* another connection */
		this.#last = header;
		const load = metrics[`force_${units(metrics).force}`];
		this.#frames.push({ t, load: there(load) && load > 0 ? load : 0, values: shares(metrics) });
		while (this.#frames.length > 1 && this.#frames[0].t < t - MEAN_MS) this.#frames.shift();
	}

	mean(name) {
		const newest = this.#frames.at(-1);
		if (!newest || !there(newest.values[name])) return null;
		let sum = 0;
		let weight = 0;
		for (const f of this.#frames) {
			const v = f.values[name];
			if (!there(v)) continue;
			sum += v * f.load;
			weight += f.load;
		}
		return weight > 0 ? sum / weight : null;
	}

	/* Mean force over the same time. */
	load() {
		if (!this.#frames.length) return null;
		return this.#frames.reduce((s, f) => s + f.load, 0) / this.#frames.length;
	}
}

/* Whole percentages that add up to 100: left as rounded, right the rest. null stays null. */
export function pair(left, right) {
	if (!there(left) || !there(right)) return [null, null];
	const l = Math.round(left);
	return [l, 100 - l];
}

const FACING_DEG = { forward: 0, right: 90, backward: 180, left: -90 };

/*
 * Which way ap and ml of the centre of pressure go: {person, ap: [x, y], ml: [x, y]}. By the facing that was
 * given; else by the feet, where those on the mat agree on one of its sides within 30 degrees; else the mat's.
 */
export function axes(facing, degrees) {
	let deg = FACING_DEG[facing];
	if (deg === undefined) {
		const known = degrees.filter(there);
		const nearest = known.map((d) => (Math.round(d / 90) * 90 + 360) % 360);
		const near = known.every((d) => Math.abs(d - Math.round(d / 90) * 90) <= 30);
		if (known.length && near && nearest.every((d) => d === nearest[0])) deg = nearest[0];
	}
	const person = deg !== undefined;
	const a = ((deg ?? 0) * Math.PI) / 180;
	const [s, c] = [Math.round(Math.sin(a)), Math.round(Math.cos(a))];
	return { person, ap: [s, c], ml: [c, -s] };
}
