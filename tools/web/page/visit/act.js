// SPDX-License-Identifier: Apache-2.0
/*
 * Buttons that ask plantard for something. A refusal is shown where the button is, in the daemon's own
 * words, and stays until the next try: whoever pressed it looks there and nowhere else.
 */
import { announce, button, el, tellError, text, unique } from "../core/ui.js";

/*
 * action(ctx, "Accept", () => ({cmd: "accept", keys: {}}), {kind, key, testid, describedBy}) ->
 * {node, button, run, fail}. What is asked may also be {error, field} (something is missing; field is
 * focused) or null (the person thought better of it). done(reply) when it was granted, settled() however it
 * ended. words(message): what is shown of a refusal. A viewer gets no button at all.
 */
export function action(ctx, label, ask, { kind = "", key = "", testid = "", done = null, settled = null, title = "", words = (m) => m } = {}) {
	const refusal = el("p.refusal", { id: unique("refusal"), role: "alert", data: { testid: `${testid}-refused` } });
	const press = button(label, () => run(), { kind, key, testid, title });
	let busy = false;

	press.setAttribute("aria-describedby", refusal.id);

	function fail(message, field = null) {
		/* somebody else was faster and the panel has gone: it is said where messages stand */
		if (!refusal.isConnected) return tellError(new Error(`${label}: ${message}`));
		text(refusal, message);
		if (field?.focus) field.focus();
	}

	async function run() {
		if (busy) return;
		busy = true;
		press.setAttribute("aria-busy", "true");
		try {
			const asked = await ask();

			text(refusal, "");
			if (!asked) return;
			if (asked.error) return fail(asked.error, asked.field);
			const reply = await ctx.link.request(asked.cmd, asked.keys ?? {});

			if (done) await done(reply);
		} catch (error) {
			fail(words(error.message));
		} finally {
			busy = false;
			press.removeAttribute("aria-busy");
			settled?.();
		}
	}
	return { node: ctx.store.operator ? el("div.action", {}, press, refusal) : el("span"), button: press, run, fail };
}

/*
 * One of several, as radio buttons that look like buttons: arrows move, a click chooses, nothing is chosen
 * beforehand unless value says so. options: [[value, label], ...].
 */
export function choice(legend, options, { value = "", testid = "", row = true, hint = "", onchange = null } = {}) {
	const name = unique("choice");
	const inputs = options.map(([v]) =>
		el("input", { type: "radio", name, value: v, checked: v === value, data: testid ? { testid: `${testid}-${v || "unsaid"}` } : undefined }));
	const node = el(`fieldset.choice${row ? ".row" : ""}`, { data: testid ? { testid } : undefined },
		el("legend", {}, legend),
		hint ? el("p.hint", {}, hint) : null,
		el("div.options", {}, options.map(([, label], i) => el("label", {}, inputs[i], el("span", {}, label)))));

	if (onchange) node.addEventListener("change", () => onchange(get()));

	function get() {
		return inputs.find((i) => i.checked)?.value ?? "";
	}
	return {
		node,
		get value() {
			return get();
		},
		set value(v) {
			for (const i of inputs) i.checked = i.value === v;
		},
		focus() {
			(inputs.find((i) => i.checked) ?? inputs[0]).focus();
		},
	};
}

/* Pain from 0 to 10, whole numbers: one key press or one touch each. */
export function scores(legend, { testid = "score", value = "", hint = "" } = {}) {
	return choice(legend, Array.from({ length: 11 }, (_, n) => [String(n), String(n)]), { testid, value, hint });
}

/* Words that are written often, to be put into an input with one press. */
export function suggestions(words, input, testid) {
	return el("div.suggestions", { role: "group", aria: { label: "Often written" } },
		words.map((w) =>
			button(w, () => {
				input.value = w;
				input.focus();
				announce(w);
			}, { testid: `${testid}-${w.replace(/\W+/g, "-")}` })));
}

export function line(props = {}) {
	return el("input", { type: "text", autocomplete: "off", spellcheck: false, ...props });
}

export function numeric(props = {}) {
	return line({ inputMode: "decimal", ...props });
}

/* A table of two columns without borders: what and how much. */
export function facts(pairs) {
	return el("dl.facts", {}, pairs.filter(Boolean).map(([k, v]) => [el("dt", {}, k), el("dd", {}, v)]));
}
