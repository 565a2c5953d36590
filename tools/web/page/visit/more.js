// SPDX-License-Identifier: Apache-2.0
/*
 * "What else is said": any annotation, one line each, folded away until somebody wants it. Used when a
 * visit begins, before a trial, and for finished recordings.
 */
import { button, el, fill } from "../core/ui.js";
import { check, find, keysOf, label } from "../sessions/annotations.js";
import { line, numeric } from "./act.js";

function control(k) {
	if (k.type === "word") return el("select", {}, el("option", { value: "" }, "choose"), k.words.map((w) => el("option", { value: w }, w)));
	if (k.type === "number") return numeric();
	return line({ maxLength: k.max });
}

/* more(title, of) -> {node, values() -> {keys} or {error, field}} */
export function more(title, of, { without, open = false, testid = "more" } = {}) {
	const rows = el("div.rows");
	const keys = keysOf(of, without);
	const pick = el("select", { aria: { label: "What is to be said" }, data: { testid: `${testid}-key` } },
		el("option", { value: "" }, "add: what is to be said"),
		keys.map((k) => el("option", { value: k.key }, label(k))));
	const given = new Map();

	function remove(key) {
		given.get(key)?.row.remove();
		given.delete(key);
		pick.focus();
	}

	pick.addEventListener("change", () => {
		const k = find(pick.value);

		pick.value = "";
		if (!k || given.has(k.key)) return given.get(k?.key)?.input.focus();
		const input = control(k);

		input.id = `${testid}-${k.key}`;
		input.dataset.testid = `${testid}-${k.key}`;
		const row = el("div.said", {}, el("label", { htmlFor: input.id }, label(k)), input,
			button("Remove", () => remove(k.key), { kind: "quiet", title: `remove ${label(k)}` }));

		given.set(k.key, { row, input });
		rows.append(row);
		input.focus();
	});
	const node = el("details.more", { open, data: { testid } }, el("summary", {}, title), el("div.inside", {}, rows, pick));

	return {
		node,
		clear() {
			given.clear();
			fill(rows);
		},
		values() {
			const out = {};

			for (const [key, { input }] of given) {
				const { value, error } = check(key, input.value);

				if (error) {
					node.open = true;
					return { error, field: input };
				}
				out[key] = value;
			}
			return { keys: out };
		},
	};
}
