// SPDX-License-Identifier: Apache-2.0
/* SVG by attributes: no inline style, which the page's security policy forbids. */
export function svg(tag, attributes = {}, ...children) {
	const node = document.createElementNS("http://www.w3.org/2000/svg", tag);

	for (const [k, v] of Object.entries(attributes)) if (v !== null && v !== undefined && v !== false) node.setAttribute(k, v === true ? "" : v);
	for (const c of children.flat(Infinity)) if (c !== null && c !== undefined && c !== false) node.append(c);
	return node;
}

export const points = (list) => list.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
