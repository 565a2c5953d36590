// SPDX-License-Identifier: Apache-2.0
/*
 * Cells to pixels, without a canvas: true cells are one pixel each; smoothed is bilinear between the cells'
 * centres, of the values and not of the colours, so that every colour on the screen is on the printed scale.
 * Beyond the outermost centres a cell's own value goes on: nothing is invented outside.
 */
import { WORDS, step } from "./colours.js";

export const FINE = 4; /* pixels a cell, each way, when smoothed */

/* True cells of `values` times `factor` on a scale from 0 to top; pixels: Uint32Array(rows * cols). */
export function paint(pixels, values, factor, top) {
	const k = (256 / top) * factor;
	const n = values.length;
	for (let i = 0; i < n; i++) {
		const s = values[i] * k;
		pixels[i] = WORDS[s > 256 ? 256 : s > 0 ? (s < 256 ? s | 0 : 255) : 0];
	}
}

/* Places and weights of the fine pixels of one line of n cells. */
function weights(n) {
	const from = new Uint16Array(n * FINE);
	const w = new Float32Array(n * FINE);
	for (let i = 0; i < n * FINE; i++) {
		const at = Math.min(Math.max((i + 0.5) / FINE - 0.5, 0), n - 1);
		from[i] = Math.min(Math.floor(at), Math.max(n - 2, 0));
		w[i] = at - from[i];
	}
	return { from, w };
}

/* Keeps what smoothing needs between frames, so that nothing is made anew in each. */
export class Smoother {
	constructor(rows, cols) {
		this.rows = rows;
		this.cols = cols;
		this.#across = weights(cols);
		this.#down = weights(rows);
		this.#wide = [new Float32Array(cols * FINE), new Float32Array(cols * FINE)];
	}

	#across;
	#down;
	#wide;
	#held = [-1, -1];

	/* One row of cells stretched to fine pixels; the two newest are kept. */
	#row(values, r, factor) {
		const slot = r & 1;
		if (this.#held[slot] === r) return this.#wide[slot];
		const { from, w } = this.#across;
		const out = this.#wide[slot];
		const at = r * this.cols;
		const end = this.cols - 1;
		for (let i = 0; i < out.length; i++) {
			const c = from[i];
			const a = values[at + c];
			const b = values[at + (c < end ? c + 1 : c)];
			out[i] = (a + (b - a) * w[i]) * factor;
		}
		this.#held[slot] = r;
		return out;
	}

	/* pixels: Uint32Array(rows * FINE * cols * FINE). */
	paint(pixels, values, factor, top) {
		const k = (256 / top) * factor;
		const { from, w } = this.#down;
		const width = this.cols * FINE;
		this.#held[0] = this.#held[1] = -1;
		for (let y = 0; y < this.rows * FINE; y++) {
			const r = from[y];
			const a = this.#row(values, r, k);
			const b = this.#row(values, Math.min(r + 1, this.rows - 1), k);
			const f = w[y];
			const at = y * width;
			for (let x = 0; x < width; x++) {
				const s = a[x] + (b[x] - a[x]) * f;
				pixels[at + x] = WORDS[s > 256 ? 256 : s > 0 ? (s < 256 ? s | 0 : 255) : 0];
			}
		}
	}
}

export { step };

const TOPS = [1, 2, 5];

/* The ends a scale may have: 0.01, 0.02, 0.05, ... 1, 2, 5, 10, ...; by = +1 or -1 steps from top. */
export function nextTop(top, by) {
	const tops = [];
	for (let e = -2; e < 9; e++) for (const m of TOPS) tops.push(Number(`${m}e${e}`));
	let i = tops.findIndex((t) => t >= top);
	if (i < 0) i = tops.length - 1;
	if (by > 0 && tops[i] > top) by--; /* top itself is between two: the next is the one found */
	return tops[Math.min(Math.max(i + by, 0), tops.length - 1)];
}

const FULL = { "|u1": 255, "<u2": 4095, "<i2": 2047, "<u4": 65535, "<i4": 65535, "<f4": 1 };

/* The scale a mat begins with, before anybody chose another: fixed for a unit, never from the data. */
export function firstTop(unit, dtype) {
	if (unit === "kPa") return 200;
	if (unit === "N") return 20;
	return FULL[dtype] ?? 1000;
}
