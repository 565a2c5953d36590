// SPDX-License-Identifier: Apache-2.0
/*
 * Which condition of each session is compared. A session with several is never taken as a whole unless
 * somebody says so; it begins with the condition that most of the sessions have, so that like stands against like.
 */
import { el, field } from "../core/ui.js";
import { when } from "./list.js";

export const ALL = "*";

const label = (c) => (c === ALL ? "all conditions together" : c || "no condition said");

/* One for each session: its condition to begin with, null where there is nothing to choose. */
export function startWith(sessions) {
	const count = new Map();

	for (const c of sessions.flatMap((s) => s.conditions)) count.set(c, (count.get(c) ?? 0) + 1);
	const common = [...count].sort((a, b) => b[1] - a[1]).map(([c]) => c);

	return sessions.map((s) => (s.conditions.length > 1 ? common.find((c) => s.conditions.includes(c)) : null));
}

/* What the request needs besides the sessions. */
export function keysOf(chosen, allowed = []) {
	const mix = [...new Set([...allowed, ...(chosen.includes(ALL) ? ["condition"] : [])])];

	return {
		...(chosen.some((c) => c !== null) ? { conditions: chosen.map((c) => (c === ALL ? null : c)) } : {}),
		...(mix.length ? { mix: mix.join(",") } : {}),
	};
}

/* A list for each session with several conditions: {nodes, values(), said(i)}. */
export function conditionLists(sessions, onchange) {
	const begin = startWith(sessions);
	const lists = sessions.map((s, i) => (begin[i] === null ? null : el("select", { data: { testid: `compare-condition-${i + 1}` }, onchange },
		[...s.conditions, ALL].map((c) => el("option", { value: c, selected: c === begin[i] }, label(c))))));

	return {
		nodes: lists.map((l, i) => l && field(sessions.length > 1 ? `Condition, ${when(sessions[i].started_utc)}` : "Condition", l)),
		values: () => lists.map((l) => (l ? l.value : null)),
		said: (i) => (lists[i] ? label(lists[i].value) : sessions[i].conditions[0] ?? ""),
	};
}
