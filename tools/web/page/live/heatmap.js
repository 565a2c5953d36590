// SPDX-License-Identifier: Apache-2.0
/*
 * The mat from above, front edge up, with its printed scale beside it. One opaque canvas: cells are put
 * into a small picture, stretched onto it, and the centres of pressure are drawn over. Letters and shapes tell
 * the feet apart, not their colours alone.
 */
import { el, text, unique } from "../core/ui.js";
import { number } from "../core/format.js";
import { BEYOND, WORDS, colour, css } from "./colours.js";
import { FINE, Smoother, paint, step } from "./picture.js";

const MARKS = {
	left: { letter: "L", colour: "#ff6f61" },
	right: { letter: "R", colour: "#5aa9ff" },
	foot: { letter: "?", colour: "#d8d8d8" },
	total: { letter: "", colour: "#ffffff" },
};
const SHADES = 5; /* of a trail, old to new */
const LOADED = 6; /* steps of 256: what counts as loaded when the map is fitted to the feet */
const MARGIN = 3; /* cells around it */

const whole = ({ rows, cols }) => ({ r0: 0, c0: 0, rows, cols });

export class Heatmap {
	smooth = false;
	top = 200;
	#mat = "";
	#small = document.createElement("canvas");
	#pen;
	#words;
	#image;
	#smoother;
	#values = null;
	#factor = 1;

	constructor() {
		this.canvas = el("canvas#map", { role: "img", aria: { label: "Pressure on the mat, seen from above" }, data: { testid: "heatmap" } });
		this.front = el("p.front", { aria: { hidden: "true" } }, "front of the mat");
		this.frame = el("div.map-frame", {}, this.canvas);
		this.scale = new Scale();
		this.node = el("div.map", {}, this.front, this.frame, this.scale.node);
		this.#pen = this.canvas.getContext("2d", { alpha: false });
		new ResizeObserver(() => this.#fit()).observe(this.frame);
	}

	/* The empty mat. */
	clear() {
		this.#values = null;
		this.#words?.fill(WORDS[0]);
		if (this.#image) this.#small.getContext("2d", { alpha: false }).putImageData(this.#image, 0, 0);
		this.draw(null);
	}

	/* Geometry: {rows, cols, pitch_row_mm, pitch_col_mm}. */
	setMat(g) {
		const key = `${g.rows} ${g.cols} ${g.pitch_row_mm} ${g.pitch_col_mm} ${this.smooth}`;
		if (key === this.#mat) return;
		this.#mat = key;
		if (!this.g || g.rows !== this.g.rows || g.cols !== this.g.cols) this.part = null;
		this.g = g;
		this.part ??= whole(g);
		const fine = this.smooth ? FINE : 1;
		this.#small.width = g.cols * fine;
		this.#small.height = g.rows * fine;
		this.#image = new ImageData(g.cols * fine, g.rows * fine);
		this.#words = new Uint32Array(this.#image.data.buffer);
		this.#smoother = this.smooth ? new Smoother(g.rows, g.cols) : null;
		this.clear();
		this.#fit();
	}

	get zoomed() {
		return !!this.g && (this.part.rows !== this.g.rows || this.part.cols !== this.g.cols);
	}

	/* Shows a part {r0, c0, rows, cols} of the mat; null: all of it. */
	zoom(part) {
		this.part = part ?? whole(this.g);
		this.#fit();
	}

	/* What is loaded in the picture that is shown, with a margin; null when nothing is. */
	loaded() {
		if (!this.#values) return null;
		const { rows, cols } = this.g;
		const seen = { r0: rows, r1: -1, c0: cols, c1: -1 };
		this.#values.forEach((v, i) => {
			if (step(v * this.#factor, this.top) < LOADED) return;
			const [r, c] = [Math.floor(i / cols), i % cols];
			Object.assign(seen, { r0: Math.min(seen.r0, r), r1: Math.max(seen.r1, r), c0: Math.min(seen.c0, c), c1: Math.max(seen.c1, c) });
		});
		if (seen.r1 < 0) return null;
		const r0 = Math.max(0, seen.r0 - MARGIN);
		const c0 = Math.max(0, seen.c0 - MARGIN);
		return { r0, c0, rows: Math.min(rows, seen.r1 + 1 + MARGIN) - r0, cols: Math.min(cols, seen.c1 + 1 + MARGIN) - c0 };
	}

	/* The canvas as large as its frame allows, in the mat's proportions. */
	#fit() {
		if (!this.g) return;
		const { clientWidth: w, clientHeight: h } = this.frame;
		const ratio = (this.part.cols * this.g.pitch_col_mm) / (this.part.rows * this.g.pitch_row_mm) || 1;
		const width = Math.max(1, Math.floor(Math.min(w, h * ratio)));
		const height = Math.max(1, Math.floor(width / ratio));
		this.canvas.style.width = `${width}px`;
		this.canvas.style.height = `${height}px`;
		this.scale.node.style.height = `${height}px`;
		const dots = Math.min(devicePixelRatio || 1, 2);
		this.canvas.width = Math.round(width * dots);
		this.canvas.height = Math.round(height * dots);
		this.dots = dots;
		this.draw(null);
	}

	/* values: cells of one frame, or null to draw what is there once more. feet: what drawFeet takes. */
	draw(values, factor = 1, over = null) {
		if (!this.#image) return;
		const pen = this.#pen;
		if (values) {
			this.#values = values;
			this.#factor = factor;
			if (this.#smoother) this.#smoother.paint(this.#words, values, factor, this.top);
			else paint(this.#words, values, factor, this.top);
			this.#small.getContext("2d", { alpha: false }).putImageData(this.#image, 0, 0);
		}
		pen.imageSmoothingEnabled = !!this.#smoother;
		const { r0, c0, rows, cols } = this.part;
		const fine = this.#smoother ? FINE : 1;
		pen.drawImage(this.#small, c0 * fine, r0 * fine, cols * fine, rows * fine, 0, 0, this.canvas.width, this.canvas.height);
		if (over) this.#over(over);
	}

	#x(mm) {
		return ((mm / this.g.pitch_col_mm - this.part.c0) / this.part.cols) * this.canvas.width;
	}

	#y(mm) {
		return ((this.g.rows - mm / this.g.pitch_row_mm - this.part.r0) / this.part.rows) * this.canvas.height;
	}

	#over({ now, trails }) {
		for (const name of ["foot", "left", "right", "total"]) this.#trail(trails[name], now, MARKS[name]);
		for (const name of ["foot", "left", "right", "total"]) this.#mark(trails[name].newest, now, MARKS[name]);
	}

	/* Old parts fainter, in a few shades: a stroke for each shade. */
	#trail(trail, now, { colour: ink }) {
		const pen = this.#pen;
		pen.lineWidth = 2.5 * this.dots;
		pen.lineJoin = pen.lineCap = "round";
		pen.strokeStyle = ink;
		let shade = -1;
		let down = false;
		let px = 0;
		let py = 0;
		trail.each(now, (age, x, y) => {
			if (Number.isNaN(x)) {
				down = false;
				return;
			}
			const s = Math.min(SHADES - 1, Math.floor((1 - age) * SHADES));
			const cx = this.#x(x);
			const cy = this.#y(y);
			if (s !== shade) {
				if (shade >= 0) pen.stroke();
				pen.globalAlpha = (s + 1) / SHADES;
				pen.beginPath();
				if (down) pen.moveTo(px, py);
				shade = s;
			}
			if (down) pen.lineTo(cx, cy);
			else pen.moveTo(cx, cy);
			down = true;
			px = cx;
			py = cy;
		});
		if (shade >= 0) pen.stroke();
		pen.globalAlpha = 1;
	}

	/* The place now: a disc with the foot's letter, a cross for the total. */
	#mark({ t, x, y }, now, { letter, colour: ink }) {
		if (Number.isNaN(x) || now - t > 1000) return;
		const pen = this.#pen;
		const r = 9 * this.dots;
		const cx = this.#x(x);
		const cy = this.#y(y);
		pen.lineWidth = 2 * this.dots;
		pen.strokeStyle = "#000";
		if (!letter) {
			const cross = () => {
				pen.beginPath();
				pen.moveTo(cx - 1.4 * r, cy);
				pen.lineTo(cx + 1.4 * r, cy);
				pen.moveTo(cx, cy - 1.4 * r);
				pen.lineTo(cx, cy + 1.4 * r);
				pen.stroke();
			};
			pen.lineWidth = 6 * this.dots;
			cross();
			pen.lineWidth = 3 * this.dots;
			pen.strokeStyle = ink;
			cross();
			return;
		}
		pen.beginPath();
		pen.arc(cx, cy, r, 0, 2 * Math.PI);
		pen.fillStyle = ink;
		pen.fill();
		pen.stroke();
		pen.fillStyle = "#000";
		pen.font = `700 ${Math.round(13 * this.dots)}px system-ui, sans-serif`;
		pen.textAlign = "center";
		pen.textBaseline = "middle";
		pen.fillText(letter, cx, cy + this.dots);
	}
}

/* Into how many parts a scale is divided, so that its numbers are whole. */
const ticks = (top) => [4, 5, 3].find((n) => top % n === 0) ?? 4;

/* The scale: fixed, printed, with its unit, and what lies beyond it. */
class Scale {
	constructor() {
		this.bar = el("canvas", { width: 1, height: 256, aria: { hidden: "true" } });
		this.ticks = el("div.ticks", { aria: { hidden: "true" } });
		this.beyond = el("span.beyond", { aria: { hidden: "true" } });
		this.unit = el("span.unit");
		this.said = el("span.unseen", { id: unique("scale") });
		this.node = el("div.scale", { data: { testid: "scale" } }, this.beyond, el("div.ramp", {}, this.bar, this.ticks), this.unit, this.said);
		const pen = this.bar.getContext("2d", { alpha: false });
		for (let i = 0; i < 256; i++) {
			pen.fillStyle = css(colour(255 - i));
			pen.fillRect(0, i, 1, 1);
		}
		this.beyond.style.background = css(BEYOND);
	}

	set(top, unit) {
		const key = `${top} ${unit}`;
		if (key === this.key) return;
		this.key = key;
		text(this.unit, unit);
		text(this.beyond, `> ${top}`);
		text(this.said, `Scale from 0 to ${top} ${unit}; what is above has a colour of its own, white.`);
		const parts = ticks(top);
		const decimals = Math.max(1, Math.ceil(-Math.log10(top / parts)) + 1);
		this.ticks.replaceChildren(...Array.from({ length: parts + 1 }, (_, i) => {
			const v = (top * i) / parts;
			const tick = el("span", {}, number(v, Number.isInteger(v) ? 0 : decimals));
			tick.style.top = `${100 * (1 - i / parts)}%`;
			return tick;
		}));
	}
}

