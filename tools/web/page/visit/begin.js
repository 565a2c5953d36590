// SPDX-License-Identifier: Apache-2.0
/*
 * Beginning a visit: who, which protocol, under which conditions. Everything typed here is forgotten
 * with the page; what the daemon knows of the visit before may be taken over.
 */
import { el, field, fill, text } from "../core/ui.js";
import { action, choice, line, numeric } from "./act.js";
import { beginKeys } from "./model.js";
import { more } from "./more.js";
import { PAIN_SIDES } from "./words.js";

const ORDERS = [["", "as the protocol says"], ["fixed", "fixed"], ["random", "random"], ["abba", "there and back (abba)"]];

function quota(s) {
	if (s.kind === "tare") return "the empty mat becomes zero";
	if (s.kind === "weigh") return "weighing, against the body mass";
	if (s.kind === "wait") return `${s.seconds} s pause`;
	const parts = [];

	if (s.strikes_per_foot) parts.push(`${s.strikes_per_foot} strikes of each foot`);
	if (s.trials) parts.push(`${s.trials} trial${s.trials === 1 ? "" : "s"}`);
	parts.push(s.end === "off" ? `until off the mat (at most ${s.seconds} s)` : `${s.seconds} s`);
	parts.push(s.start === "contact" ? "starts on contact" : s.countdown_s ? `countdown ${s.countdown_s} s` : "starts at once");
	if (s.rest_s) parts.push(`${s.rest_s} s rest`);
	return parts.join(", ");
}

function describe(p) {
	return [
		p.text ? el("p", {}, p.text) : null,
		el("ol.steps", {}, p.steps.map((s) => el("li", {}, el("strong", {}, s.title), el("span.hint", {}, ` ${quota(s)}`)))),
		el("p.hint", {}, [
			p.dynamic ? "Red flags are asked first." : "",
			p.body_mass ? "Body mass is needed." : "",
			p.pain.asked ? "Pain is asked in each trial." : "",
			p.pain.stop_at !== null ? `Ends when pain reaches ${p.pain.stop_at}${p.pain.stop_rise !== null ? ` or rises by ${p.pain.stop_rise}` : ""}.` : "",
		].filter(Boolean).join(" ")),
	];
}

function matPicker(store) {
	const names = store.mats.map((m) => m.mat);
	const select = el("select", { data: { testid: "begin-mat" } }, names.map((n) => el("option", { value: n, selected: n === store.watched }, n)));

	return { node: names.length > 1 ? field("Mat", select) : null, get value() {
		return names.length > 1 ? select.value : "";
	} };
}

export function beginPanel(ctx, before) {
	const { store } = ctx;
	const subject = line({ maxLength: 64, value: before?.subject ?? "", data: { testid: "begin-subject" }, aria: { required: "true" } });
	const mass = numeric({ value: before?.body_mass_kg ?? "", data: { testid: "begin-mass" } });
	const operator = line({ maxLength: 64, value: before?.operator ?? "", data: { testid: "begin-operator" } });
	const pain = choice("Pain side", PAIN_SIDES, { value: before?.pain_side ?? "", testid: "begin-pain" });
	const select = el("select", { data: { testid: "begin-protocol" } }, el("option", { value: "" }, "choose a protocol"));
	const about = el("div.about", { data: { testid: "begin-about" } });
	const conditions = el("textarea", { rows: 2, data: { testid: "begin-conditions" } });
	const order = el("select", { data: { testid: "begin-order" } }, ORDERS.map(([v, l]) => el("option", { value: v }, l)));
	const seed = numeric({ data: { testid: "begin-seed" } });
	const same = el("input", { type: "checkbox", id: "begin-same", data: { testid: "begin-same" } });
	const mat = matPicker(store);
	const also = more("More about the person and all trials", "", { without: ["subject", "body_mass_kg", "pain_side", "approach", "pain_score"], testid: "begin-more" });
	const refused = el("p.error", { role: "alert" });
	const fields = { subject, mass, seed, conditions };
	let chosen = null;

	async function load() {
		try {
			const { protocols } = await ctx.link.request("protocols");

			fill(select, el("option", { value: "" }, "choose a protocol"),
				protocols.map((p) => el("option", { value: p.protocol }, p.title)));
			if (before && protocols.some((p) => p.protocol === before.protocol)) {
				select.value = before.protocol;
				await pick();
			}
			text(refused, protocols.length ? "" : "plantard knows no protocols: plantard --check says why.");
		} catch (error) {
			text(refused, `The protocols could not be read: ${error.message}`);
		}
	}

	async function pick() {
		const asked = select.value;

		chosen = null;
		if (!asked) return fill(about);
		const p = await ctx.protocol(asked);

		if (select.value !== asked) return;
		chosen = p;
		fill(about, describe(p));
		conditions.value = p.conditions.filter(Boolean).join("\n");
		conditions.rows = Math.min(4, Math.max(2, p.conditions.length));
		text(order.options[0], `as the protocol says (${p.order})`);
	}

	select.addEventListener("change", () => pick().catch((error) => text(refused, error.message)));

	function ask() {
		const said = also.values();

		if (!chosen) return { error: "Choose a protocol first.", field: select };
		if (said.error) return said;
		const { keys, error, field: name } = beginKeys({
			subject: subject.value, mass: mass.value, pain_side: pain.value, operator: operator.value, mat: mat.value,
			order: order.value, seed: seed.value, conditions: conditions.value.split("\n"), annotations: said.keys,
			session: same.checked && before?.session_uuid ? before.session_uuid : "",
		}, chosen);

		return error ? { error, field: fields[name] } : { cmd: "protocol", keys };
	}

	const go = action(ctx, "Begin the visit", ask, { kind: "primary", testid: "begin" });

	go.button.type = "submit";
	const node = el("form.begin", { noValidate: true, data: { testid: "panel-begin" }, onsubmit: (e) => {
		e.preventDefault();
		go.run();
	} },
	el("div.who", {},
		el("h2", {}, "Who stands on the mat"),
		field("Subject code", subject, { hint: "A code, never a name" }),
		el("div.pair", {}, field("Body mass, kg", mass), field("Operator", operator)),
		pain.node,
		before?.session_uuid ? el("label.check", { htmlFor: "begin-same" }, same, ` In the same session as ${before.subject}'s last visit`) : null,
		mat.node,
		also.node,
		go.node),
	el("div.what", {},
		el("h2", {}, "What is asked of them"),
		field("Protocol", select), refused, about,
		field("Conditions, one a line", conditions, { hint: "All steps are done for one condition before the next" }),
		el("div.pair", {}, field("Order of conditions", order), field("Seed of the order", seed, { hint: "Empty: drawn, and stored" }))));

	if (!store.operator) {
		for (const e of node.querySelectorAll("input,select,textarea")) e.disabled = true;
		node.replaceChildren(el("p.quietly", {}, "No visit is under way. An operator begins one; it then shows here at once."));
	} else load();
	return { node, focus: () => subject, update() {}, keys: [] };
}
