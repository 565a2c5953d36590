// SPDX-License-Identifier: Apache-2.0
/*
 * From raw cells to the pressure that plantard makes of them: the formula of docs/metrics.md (Cells), with
 * what the command `calibration` answers, asked for once and again when it has changed. Until the answer
 * is there, or where there is none, a frame's own `scale` is all that is known.
 */
const AGAIN_MS = 1000;
const PASSING = ["busy", "timeout", "offline", "gone"]; /* asked again; other refusals would come again */
const [OK, , DEAD, STUCK] = [0, 1, 2, 3];

/* Value at lin of a curve [[counts, value], ...]: linear between, its last slope beyond, 0 below. */
export function along(curve, lin) {
	if (lin < curve[0][0]) return 0;
	let i = 1;
	while (i < curve.length - 1 && curve[i][0] < lin) i++;
	const [x0, y0] = curve[i - 1];
	const [x1, y1] = curve[i];
	return y0 + ((y1 - y0) * (lin - x0)) / (x1 - x0);
}

export class Converter {
	/* cal: of the reply; area_m2 of a cell, for calibrations in newtons. */
	constructor(cal, { rows, cols }, area_m2) {
		this.id = cal.calibration;
		this.unit = cal.unit === "counts" ? "counts" : "kPa";
		this.rows = rows;
		this.cols = cols;
		const n = rows * cols;
		this.cal = cal;
		this.after = cal.unit === "N" ? 1e-3 / area_m2 : 1;
		this.zero = Float64Array.from({ length: n }, (_, i) => (cal.tare?.[i] ?? 0) + (cal.cell_offset?.[i] ?? 0));
		this.gain = Float64Array.from({ length: n }, (_, i) => cal.cell_gain?.[i] ?? 1);
		this.idle = (cal.cell_state ?? []).flatMap((s, i) => (s === OK ? [] : [[i, s]]));
		this.out = new Float32Array(n);
	}

	/* Pressure of every cell; the array is the converter's own, and good until the next call. */
	apply(raw) {
		const { zero, gain, out, after } = this;
		const { curve, scale, noise_floor } = this.cal;
		for (let i = 0; i < raw.length; i++) {
			const lin = (raw[i] - zero[i]) * gain[i];
			const v = curve ? along(curve, lin) : scale * lin;
			out[i] = v >= noise_floor && v > 0 ? v * after : 0;
		}
		for (const [i] of this.idle) out[i] = 0;
		if (this.cal.dead_cells === "interpolate") this.#mend();
		return out;
	}

	/* Dead and stuck cells get the mean of the working ones around them. */
	#mend() {
		const { rows, cols, out } = this;
		const states = this.cal.cell_state;
		for (const [i, s] of this.idle) {
			if (s !== DEAD && s !== STUCK) continue;
			const [r, c] = [Math.floor(i / cols), i % cols];
			let sum = 0;
			let n = 0;
			for (let y = Math.max(0, r - 1); y <= Math.min(rows - 1, r + 1); y++)
				for (let x = Math.max(0, c - 1); x <= Math.min(cols - 1, c + 1); x++)
					if (states[y * cols + x] === OK) {
						sum += out[y * cols + x];
						n++;
					}
			out[i] = n ? sum / n : 0;
		}
	}
}

/* Keeps the converter of one mat, asking when status names another calibration or a tare was taken. */
export class Calibrations {
	#link;
	#mat = null;
	#asked = -Infinity;
	#waits = false;
	#old = true; /* what is held may have been replaced */
	converter = null;

	constructor(link) {
		this.#link = link;
		link.addEventListener("event", ({ detail: { header } }) => {
			if (header.mat === this.#mat && header.kind === "tare") this.#old = true;
		});
		link.addEventListener("link", () => (this.#old = true));
	}

	/* Looks after the converter of a mat of status; called as often as one likes. */
	keep(mat, now) {
		if (mat.mat !== this.#mat) {
			this.#mat = mat.mat;
			this.converter = null;
			this.#old = true;
			this.#asked = -Infinity;
		}
		if (this.converter && this.converter.id !== mat.calibration) this.#old = true;
		if (this.#old && !this.#waits && now - this.#asked >= AGAIN_MS) this.#ask(mat, now);
	}

	async #ask(mat, now) {
		this.#asked = now;
		this.#waits = true;
		this.#old = false;
		try {
			const { mats } = await this.#link.request("calibration", { mat: mat.mat });
			if (mat.mat === this.#mat) this.converter = new Converter(mats[0], mat, mat.pitch_row_mm * mat.pitch_col_mm * 1e-6);
		} catch (error) {
			this.converter = null; /* the map then says what it shows: raw counts where there is no factor */
			this.#old = PASSING.includes(error.code);
		} finally {
			this.#waits = false;
		}
	}
}
