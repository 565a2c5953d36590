// SPDX-License-Identifier: Apache-2.0
/*
 * A footprint: peak or impulse of every cell on a scale that is printed beside it and stays the same from
 * trial to trial, the borders of heel and forefoot, the path of the centre of pressure, and where it
 * hurts. Cells are drawn as they are; nothing is smoothed.
 */
import { el } from "../core/ui.js";
import { step, WORDS, colour, css } from "../live/colours.js";
import { digits } from "./figures.js";
import { across, beyond, crop, flip, frameOf, placeCorners, PLACE_BOXES, runs } from "./geometry.js";
import { points, svg } from "./svg.js";

export const UNIT = { peak: (unit) => unit, impulse: (unit) => `${unit}\u00b7s` };

function paint(canvas, cells, cols, box, top) {
	const [w, h] = [box.c1 - box.c0, box.r1 - box.r0];

	canvas.width = w;
	canvas.height = h;
	const context = canvas.getContext("2d");
	const image = context.createImageData(w, h);
	const words = new Uint32Array(image.data.buffer);

	for (let r = 0; r < h; r++) for (let c = 0; c < w; c++) words[r * w + c] = WORDS[step(cells[(box.r0 + r) * cols + box.c0 + c], top)];
	context.putImageData(image, 0, 0);
}

function footLines(f, foot, up) {
	const line = (mm, cls) => {
		if (mm === null) return null;
		const [[x1, y1], [x2, y2]] = across(f, mm);

		return svg("line", { class: cls, x1, y1: up(y1), x2, y2: up(y2) });
	};

	return [line(foot.heel_line_mm, "border"), line(foot.forefoot_line_mm, "border"),
		foot.quadrants ? line(foot.half_heel_line_mm, "border thin") : null];
}

/* widths: of each foot's print in mm, by its place in feet. */
export function frames(pictures, feet) {
	return pictures.feet.map((foot, i) => frameOf(foot, feet?.[i]?.width_mm));
}

function label(foot, i, pictures, up) {
	const x = ((foot.cols[0] + foot.cols[1]) / 2) * pictures.pitch_col_mm;
	const y = foot.rows[0] * pictures.pitch_row_mm;

	return svg("text", { class: `footname ${foot.side}`, x, y: y - 6, "text-anchor": "middle" }, `${i + 1} ${foot.side === "unknown" ? "side unknown" : foot.side}${foot.partial ? ", cut off" : ""}`);
}

/*
 * footprint(analysis, {what, top, places: {left, right}, onplace(side, place)}) -> {node, cells, beyond}.
 * places are the values of pain_left and pain_right.
 */
export function footprint(analysis, { what, top, places = {}, onplace = null }) {
	const p = analysis.pictures;
	const cells = p[what];
	const box = crop(p.peak, p.rows, p.cols, 3);
	const [pr, pc] = [p.pitch_row_mm, p.pitch_col_mm];
	const height = p.rows * pr;
	const up = (y) => flip(y, height);
	const canvas = el("canvas", { role: "img", aria: { label: `${what === "peak" ? "Peak pressure" : "Impulse"} of each cell; greatest ${digits(Math.max(0, ...cells))} ${UNIT[what](p.unit)}` } });
	const view = [box.c0 * pc, box.r0 * pr, (box.c1 - box.c0) * pc, (box.r1 - box.r0) * pr];
	const overlay = svg("svg", { viewBox: view.join(" "), preserveAspectRatio: "none", "aria-hidden": "true" });
	const known = frames(p, analysis.feet);

	paint(canvas, cells, p.cols, box, top);
	p.feet.forEach((foot, i) => {
		const f = known[i];

		overlay.append(label(foot, i, p, up));
		if (!f) return;
		overlay.append(...footLines(f, foot, up).filter(Boolean));
		if (foot.side !== "left" && foot.side !== "right") return;
		for (const name of Object.keys(PLACE_BOXES)) {
			const on = (places[foot.side] ?? "").split(",").includes(name);
			const shape = svg("polygon", { class: `place${on ? " on" : ""}${onplace ? " may" : ""}`, points: points(placeCorners(f, name).map(([x, y]) => [x, up(y)])), "data-place": name, "data-side": foot.side },
				svg("title", {}, `${foot.side} foot: ${name}`));

			if (onplace) shape.addEventListener("click", () => onplace(foot.side, name));
			if (on || onplace) overlay.append(shape);
		}
	});
	for (const run of runs(p.cop.x_mm, p.cop.y_mm)) overlay.append(svg("polyline", { class: "path", points: points(run.map(([x, y]) => [x, up(y)])) }));

	const aspect = view[2] / view[3];
	const node = el("div.print", { data: { testid: "footprint" } }, canvas, overlay);

	node.style.setProperty("--aspect", String(aspect));
	return { node, beyond: beyond(cells, top), greatest: Math.max(0, ...cells) };
}

/* The printed scale: its ends, its unit, and what lies beyond. */
export function scaleBar(top, unit, over) {
	const bar = el("canvas", { width: 256, height: 1, aria: { hidden: "true" } });
	const context = bar.getContext("2d");

	for (let i = 0; i < 256; i++) {
		context.fillStyle = css(colour(i));
		context.fillRect(i, 0, 1, 1);
	}
	return el("div.mapscale", { data: { testid: "scale" } }, el("span", {}, "0"), bar, el("span", {}, `${digits(top)} ${unit}`),
		el("span.hint", {}, over ? `${over} cells beyond it, white` : "nothing beyond it"));
}
