// SPDX-License-Identifier: Apache-2.0
/*
 * Where the borders of a foot's regions lie on the mat, from its live columns: lines as pairs of points in
 * mm of the mat. They are as long as feet are wide, not as wide as this foot is: nobody publishes that.
 */
const HALF_WIDTH_MM = 45;

/* side: left, right or foot. [{kind: "border" | "quadrant", from: [x, y], to: [x, y]}], or none. */
export function lines(metrics, side) {
	const at = (name) => metrics[`${side}_${name}`];
	const [x, y, deg] = [at("heel_x_mm"), at("heel_y_mm"), at("axis_deg")];
	if (typeof x !== "number" || typeof y !== "number" || typeof deg !== "number") return [];
	const a = (deg * Math.PI) / 180;
	const [ax, ay] = [Math.sin(a), Math.cos(a)];
	const point = (along, across) => [x + along * ax + across * ay, y + along * ay - across * ax];
	const across = (kind, along) => ({ kind, from: point(along, -HALF_WIDTH_MM), to: point(along, HALF_WIDTH_MM) });
	return [
		across("border", at("heel_end_mm")),
		across("border", at("forefoot_begin_mm")),
		across("quadrant", at("heel_half_mm")),
		{ kind: "quadrant", from: point(0, 0), to: point(at("heel_end_mm"), 0) },
	];
}
