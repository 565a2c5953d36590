// SPDX-License-Identifier: Apache-2.0
/*
 * Where things lie on a footprint. Millimetres of the mat: x to the right, y forward from the rear edge;
 * on the screen row 0, the front edge, is on top. A foot has its own measures: u along its axis from the
 * heel's edge (0) to the toes (1), v across, positive to the medial side.
 */

/* Tops of the colour scale, so that two trials of one size are painted alike. */
const TOPS = [1, 1.5, 2, 3, 4, 5, 6, 8];

/* The smallest of 1, 1.5, 2, 3, 4, 5, 6, 8 x 10^k that is not below value. */
export function niceTop(value) {
	if (!(value > 0)) return 1;
	const power = 10 ** Math.floor(Math.log10(value));

	return (TOPS.find((t) => t * power >= value * (1 - 1e-9)) ?? 10) * power;
}

/* The next top up (by 1) or down (by -1). */
export function stepTop(top, by) {
	const power = 10 ** Math.floor(Math.log10(top) + 1e-9);
	const at = TOPS.findIndex((t) => Math.abs(t - top / power) < 0.01) + by;
	const n = TOPS.length;

	return TOPS[(at + n) % n] * (at < 0 ? power / 10 : at >= n ? power * 10 : power);
}

/* The box of rows and columns that holds everything above 0, with a margin; all of the mat if empty. */
export function crop(cells, rows, cols, margin = 2) {
	let [r0, r1, c0, c1] = [rows, -1, cols, -1];

	for (let r = 0; r < rows; r++)
		for (let c = 0; c < cols; c++)
			if (cells[r * cols + c] > 0) {
				r0 = Math.min(r0, r);
				r1 = Math.max(r1, r);
				c0 = Math.min(c0, c);
				c1 = Math.max(c1, c);
			}
	if (r1 < 0) return { r0: 0, r1: rows, c0: 0, c1: cols };
	return { r0: Math.max(0, r0 - margin), r1: Math.min(rows, r1 + 1 + margin), c0: Math.max(0, c0 - margin), c1: Math.min(cols, c1 + 1 + margin) };
}

/* Mat millimetres to those of the picture (y down from the front edge), and back: it is its own inverse. */
export const flip = (y_mm, height_mm) => height_mm - y_mm;

/* The measures of a foot of `pictures.feet`, or null where its heel is not known. width: of its print, mm. */
export function frameOf(foot, width_mm) {
	if (!foot?.axis) return null;
	const [hx, hy] = foot.axis.heel;
	const [tx, ty] = foot.axis.toe;
	const length = Math.hypot(tx - hx, ty - hy);

	if (!(length > 0)) return null;
	const [ax, ay] = [(tx - hx) / length, (ty - hy) / length];
	/* right-hand side of the axis; medial is the left-hand side of a right foot */
	const out = foot.side === "left" ? 1 : -1;

	return { hx, hy, ax, ay, mx: ay * out, my: -ax * out, length, width: width_mm > 0 ? width_mm : length * 0.37, side: foot.side };
}

export function toFoot(f, x, y) {
	const [dx, dy] = [x - f.hx, y - f.hy];

	return { u: (dx * f.ax + dy * f.ay) / f.length, v: (dx * f.mx + dy * f.my) / f.width };
}

export function toMat(f, u, v) {
	return [f.hx + f.ax * u * f.length + f.mx * v * f.width, f.hy + f.ay * u * f.length + f.my * v * f.width];
}

/*
 * Places that pain_left and pain_right know, as boxes [u0, u1, v0, v1] of a foot. The heel is a little
 * narrower than the foot (v within 0.36 of its width to each side); its back is drawn behind the print,
 * where a sole shows nothing.
 */
export const PLACE_BOXES = {
	"posterior-heel": [-0.09, 0.0, -0.3, 0.3],
	"plantar-heel-medial": [0.0, 0.2, 0.12, 0.4],
	"plantar-heel-central": [0.0, 0.2, -0.12, 0.12],
	"plantar-heel-lateral": [0.0, 0.2, -0.4, -0.12],
	"plantar-heel-anterior": [0.2, 0.31, -0.4, 0.4],
};

/* Which place a point of a foot is in: its name; "elsewhere" on the rest of the foot; null beside it. */
export function placeAt({ u, v }) {
	for (const [name, [u0, u1, v0, v1]] of Object.entries(PLACE_BOXES)) if (u >= u0 && u < u1 && v >= v0 && v <= v1) return name;
	return u >= 0 && u <= 1.03 && Math.abs(v) <= 0.62 ? "elsewhere" : null;
}

/* Corners of a place on the mat, in mm. */
export function placeCorners(f, name) {
	const box = PLACE_BOXES[name];

	if (!box) return null;
	const [u0, u1, v0, v1] = box;

	return [toMat(f, u0, v0), toMat(f, u0, v1), toMat(f, u1, v1), toMat(f, u1, v0)];
}

/* Ends of a line across the foot, mm from the heel's edge along its axis. */
export function across(f, along_mm, half = 0.58) {
	const u = along_mm / f.length;

	return [toMat(f, u, -half), toMat(f, u, half)];
}

/* Points of a path as runs between its breaks (null in any of its lists). */
export function runs(x, y) {
	const out = [];
	let run = [];

	for (let i = 0; i < x.length; i++) {
		if (x[i] === null || y[i] === null) {
			if (run.length) out.push(run);
			run = [];
		} else run.push([x[i], y[i]]);
	}
	if (run.length) out.push(run);
	return out;
}

/* How many cells lie beyond the scale. */
export function beyond(cells, top) {
	let n = 0;

	for (const v of cells) if (v > top) n++;
	return n;
}
