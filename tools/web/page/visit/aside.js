// SPDX-License-Identifier: Apache-2.0
/*
 * Beside every panel: who it is, how far the plan is, the last trials, and what may be done at any time
 * (pain, red flags, abort). Drawn anew from each document; nothing here is typed into.
 */
import { dialog, el, field, fill } from "../core/ui.js";
import { action, facts, line, scores, suggestions } from "./act.js";
import { canScore, cellsText, isActive, isRunning, progress, strikesText } from "./model.js";
import { redDialog } from "./redflags.js";
import { ABORT_REASONS, flagText } from "./words.js";

const VERDICT = { accepted: ["\u2713", "accepted"], rejected: ["\u2717", "rejected"], undecided: ["\u2026", "undecided"] };

function person(p) {
	return facts([
		["Subject", p.subject ?? "none"],
		p.body_mass_kg !== null ? ["Body mass", `${p.body_mass_kg} kg`] : null,
		p.pain_side ? ["Pain side", p.pain_side] : null,
		p.operator ? ["Operator", p.operator] : null,
		["Mat", p.mat],
		p.conditions.filter(Boolean).length > 1 ? ["Order", `${p.order}${p.order === "fixed" ? "" : `, seed ${p.seed}`}: ${p.conditions.join(", ")}`] : null,
		...Object.entries(p.annotations ?? {}).map(([k, v]) => [k, String(v)]),
	]);
}

function bar(b) {
	return el("span.quota", { data: { side: b.label } },
		el("span.what", {}, b.label === "trials" ? "" : b.label),
		el("progress", { max: b.of, value: Math.min(b.have, b.of), aria: { label: `${b.label}: ${b.have} of ${b.of}` } }),
		el("span.many", {}, `${b.have} of ${b.of}`));
}

function plan(p) {
	return el("ol.plan", { aria: { label: "Steps of this visit" }, data: { testid: "plan" } }, p.plan.map((item, at) => {
		const far = progress(item);
		const now = isActive(p) && at === p.at;
		const several = p.conditions.filter(Boolean).length > 1;

		return el("li", { class: now ? "current" : far.met && at < (p.at ?? Infinity) ? "met" : "", aria: now ? { current: "step" } : {} },
			el("span.name", {}, item.step, several && item.condition ? `, ${item.condition}` : ""),
			far.bars.map(bar),
			item.strikes?.unknown ? el("span.hint", {}, `${item.strikes.unknown} of no known side: accept says whose foot`) : null,
			item.skipped ? el("span.hint", {}, "left before its quota") : null);
	}));
}

function trials(p) {
	if (!p.trials.length) return null;
	return el("table.trials", { data: { testid: "trials" } },
		el("caption", {}, p.trials_made > p.trials.length ? `The last ${p.trials.length} of ${p.trials_made} trials` : "Trials"),
		el("thead", {}, el("tr", {}, ["Trial", "Verdict", "Strikes", "Pain"].map((h) => el("th", { scope: "col" }, h)))),
		el("tbody", {}, p.trials.map((t) => el("tr", { data: { verdict: t.verdict } },
			el("th", { scope: "row" }, `${t.step} ${t.number}`),
			el("td", {}, el("span", { aria: { hidden: "true" } }, `${VERDICT[t.verdict][0]} `), VERDICT[t.verdict][1],
				t.reason ? el("span.hint", {}, ` ${t.reason}`) : t.flags.length ? el("span.hint", { title: t.flags.map(flagText).join("; ") }, ` ${t.flags.join(", ")}`) : null),
			el("td", {}, t.file && !(t.verdict === "undecided" && isRunning(p)) ? strikesText(t.strikes) : ""), el("td", {}, t.pain ?? "")))));
}

function cells(p) {
	const c = cellsText(p.cells);

	return c ? el("div.warning", { data: { testid: "cells" } }, el("strong", {}, c.text), el("details", {}, el("summary", {}, "Which"), el("p.hint", {}, c.places)), el("p.hint", {}, `Clean and check the mat; name those that stay in dead_cells of its mat file.`)) : null;
}

async function askPain(p) {
	const row = scores("Pain now, 0 to 10", { testid: "pain" });
	const rule = p.pain.stop_at !== null || p.pain.stop_rise !== null
		? `The protocol ends when pain reaches ${p.pain.stop_at ?? "no limit"}${p.pain.stop_rise !== null ? ` or rises by ${p.pain.stop_rise} above the first score${p.pain.first !== null ? ` (${p.pain.first})` : ""}` : ""}.` : "";
	const answer = await dialog("Pain score", [row.node, rule ? el("p.hint", {}, rule) : null],
		[{ label: "Cancel", value: "" }, { label: "Save", value: "save", kind: "primary" }]);

	if (answer !== "save") return null;
	return row.value === "" ? { error: "No score was chosen." } : { cmd: "pain", keys: { score: Number(row.value) } };
}

async function askAbort() {
	const reason = line({ maxLength: 100, data: { testid: "abort-reason" } });
	const answer = await dialog("End this visit?", [
		el("p", {}, "A trial that runs is rejected; what was recorded is kept. A visit that was ended does not go on."),
		field("Reason", reason), suggestions(ABORT_REASONS, reason, "abort"),
	], [{ label: "Go on with the visit", value: "" }, { label: "End it", value: "end", kind: "danger" }]);

	return answer === "end" ? { cmd: "abort", keys: reason.value.trim() ? { reason: reason.value.trim() } : {} } : null;
}

export function aside(ctx) {
	const parts = { person: el("section", { aria: { label: "Person" } }), plan: el("section", { aria: { label: "Progress" } }), trials: el("section", { aria: { label: "Trials" } }) };
	const pain = action(ctx, "Pain score", () => askPain(ctx.store.protocol), { key: "p", testid: "pain-now" });
	const red = action(ctx, "Red flags", () => redDialog(ctx, ctx.store.protocol), { testid: "red-now" });
	const abort = action(ctx, "End the visit", askAbort, { kind: "danger", key: "x", testid: "abort" });
	const said = el("p.painline", { data: { testid: "pain-line" } });
	const tools = el("div.always", { role: "group", aria: { label: "At any time" } });
	const node = el("aside.beside", { aria: { label: "This visit" }, data: { testid: "beside" } }, parts.person, parts.plan, parts.trials, said, tools);

	function update(p) {
		fill(parts.person, person(p));
		fill(parts.plan, plan(p), cells(p));
		fill(parts.trials, trials(p));
		said.textContent = p.pain.last === null ? "" : `Pain: first ${p.pain.first}, last ${p.pain.last}${p.pain.stop_at !== null ? `; stops at ${p.pain.stop_at}` : ""}`;
		pain.button.disabled = !canScore(p);
		red.button.hidden = !(p.dynamic && ["ready", "rest"].includes(p.state));
		abort.button.hidden = !isActive(p);
	}
	fill(tools, pain.node, red.node, abort.node);
	return {
		node, update,
		keys: [{ key: "p", does: "pain score", run: () => pain.button.disabled || pain.run() },
			{ key: "x", does: "end the visit (asks first)", run: () => abort.button.hidden || abort.run() }],
	};
}

