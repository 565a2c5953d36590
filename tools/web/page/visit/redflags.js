// SPDX-License-Identifier: Apache-2.0
/*
 * The checklist before everything dynamic, and the lock that a tick closes. Each question is answered,
 * none beforehand. Who overrides says who and why; both go into the audit file.
 */
import { dialog, el, field } from "../core/ui.js";
import { action, choice, line } from "./act.js";
import { checklist } from "./model.js";
import { RED_FLAGS, redFlagText } from "./words.js";

const NAMES = RED_FLAGS.map(([name]) => name);

/* The five questions: {node, ask() -> request or error, focus()}. answered: of the document, or null. */
function questions(red) {
	const asked = RED_FLAGS.map(([name, q]) => {
		const before = red?.ticked.includes(name) ? "true" : "";

		return [name, choice(q, [["true", "Yes"], ["false", "No"]], { value: before, testid: `red-${name}` })];
	});

	return {
		node: el("div.questions", {}, asked.map(([, c]) => c.node)),
		focus: () => asked[0][1],
		ask() {
			const answers = Object.fromEntries(asked.map(([n, c]) => [n, c.value === "" ? undefined : c.value === "true"]));
			const { missing, keys } = checklist(answers, NAMES);

			if (missing.length)
				return { error: missing.length === 1 ? "One question is not answered." : `${missing.length} questions are not answered.`, field: asked.find(([n]) => n === missing[0])[1] };
			return { cmd: "red-flags", keys };
		},
	};
}

function lockPanel(ctx, p) {
	const red = p.red_flags;
	const name = line({ maxLength: 64, autocomplete: "name", data: { testid: "override-name" } });
	const reason = line({ maxLength: 160, data: { testid: "override-reason" } });
	const go = action(ctx, "Override and go on", () => {
		if (!name.value.trim()) return { error: "Who decides? The name is missing.", field: name };
		if (!reason.value.trim()) return { error: "Why? The reason is missing.", field: reason };
		return { cmd: "override", keys: { name: name.value.trim(), reason: reason.value.trim() } };
	}, { kind: "danger", testid: "override" });

	const node = el("form.lock", { data: { testid: "panel-locked" }, onsubmit: (e) => {
		e.preventDefault();
		go.run();
	} },
	el("h2", {}, "Locked by red flags"),
	el("ul.flags", {}, red.ticked.map((f) => el("li", { class: red.overridden.includes(f) ? "over" : "bad" },
		el("strong", {}, redFlagText(f)), red.overridden.includes(f) ? ` overridden by ${red.override_name}` : ""))),
	el("p", {}, "Nothing dynamic is recorded until somebody who may decide overrides this, or the visit is ended."),
	ctx.store.operator ? [field("Name of who decides", name), field("Reason", reason, { hint: "Both are kept in the audit log and with the session" })] : null,
	go.node);

	go.button.type = "submit";
	return { node, focus: () => name, update() {}, keys: [] };
}

export function redPanel(ctx, p) {
	if (p.red_flags.locked) return lockPanel(ctx, p);
	const q = questions(p.red_flags);
	const go = action(ctx, "Answered: go on", q.ask, { kind: "primary", testid: "red-flags" });

	if (!ctx.store.operator)
		for (const i of q.node.querySelectorAll("input")) i.disabled = true;
	return {
		node: el("div.red", { data: { testid: "panel-red-flags" } },
			el("h2", {}, "Ask first: red flags"),
			el("p.hint", {}, "Any yes locks the visit until a named person overrides it."),
			q.node, go.node),
		focus: q.focus,
		update() {},
		keys: [],
	};
}

/* Between trials: something has come up. What was ticked stays ticked. */
export async function redDialog(ctx, p) {
	const q = questions(p.red_flags);
	const said = el("p.error", { role: "alert" });

	for (let done = false; !done;) {
		const answer = await dialog("Red flags", [q.node, said], [{ label: "Cancel", value: "" }, { label: "Save", value: "save", kind: "primary" }]);

		if (answer !== "save") return null;
		const asked = q.ask();

		if (!asked.error) return asked;
		said.textContent = asked.error;
	}
	return null;
}
