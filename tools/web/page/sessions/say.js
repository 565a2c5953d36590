// SPDX-License-Identifier: Apache-2.0
/*
 * What is said of a finished trial: where it hurts, which foot it was, where the toes pointed, whether it
 * counts, and anything else. Each is one request that plantard carries out and audits; the figures are
 * asked for again after it.
 */
import { dialog, el, field, fill } from "../core/ui.js";
import { action, choice, line, suggestions } from "../visit/act.js";
import { more } from "../visit/more.js";
import { REJECT_REASONS } from "../visit/words.js";
import { find, label, PAIN_PLACES, said, togglePlace } from "./annotations.js";

const SIDES = [["", "as it is"], ["left", "left"], ["right", "right"], ["unknown", "unknown"], ["auto", "take a correction back"]];
const FACINGS = [["", "as it is"], ["forward", "forward, to the front edge"], ["backward", "backward"], ["left", "left"], ["right", "right"], ["auto", "take a correction back"]];

const options = (list) => list.map(([v, l]) => el("option", { value: v }, l));

/* A reason, asked for in a dialog: text, or null. */
export async function askReason(title, about) {
	const reason = line({ maxLength: 100, data: { testid: "why" } });
	const answer = await dialog(title, [el("p", {}, about), field("Reason", reason), suggestions(REJECT_REASONS, reason, "why")],
		[{ label: "Cancel", value: "" }, { label: title, value: "yes", kind: "primary" }]);

	if (answer !== "yes") return null;
	return reason.value.trim() || undefined;
}

/*
 * Pain place: a list for each foot, and the footprint that calls toggle() when it is touched. Kept in all
 * trials of the session, since it is said of the person.
 */
export function painPlaces(ctx, session, values, { onchange, saved }) {
	const now = { left: values.pain_left ?? "", right: values.pain_right ?? "" };
	const boxes = {};
	const part = (side) => el("fieldset.places", {}, el("legend", { class: side }, `${side} foot`),
		PAIN_PLACES.map((place) => {
			const box = el("input", { type: "checkbox", id: `pain-${side}-${place}`, checked: now[side].split(",").includes(place), data: { testid: `pain-${side}-${place}` } });

			boxes[`${side} ${place}`] = box;
			box.addEventListener("change", () => toggle(side, place));
			return el("label", { htmlFor: box.id }, box, ` ${place.replace("plantar-heel-", "heel, ").replace("posterior-heel", "back of the heel").replace(/^none$/, "no pain")}`);
		}));
	const save = action(ctx, "Save pain place", () => {
		const changed = Object.fromEntries(["left", "right"].filter((s) => now[s] !== (values[`pain_${s}`] ?? "")).map((s) => [`pain_${s}`, now[s] || null]));

		return Object.keys(changed).length ? { cmd: "annotate", keys: { session, annotations: changed } } : { error: "Nothing was changed." };
	}, { kind: "primary", testid: "save-pain", done: saved });

	function toggle(side, place) {
		now[side] = togglePlace(now[side], place);
		for (const p of PAIN_PLACES) boxes[`${side} ${p}`].checked = now[side].split(",").includes(p);
		onchange(now);
	}

	return {
		now, toggle,
		node: el("section.say", { aria: { label: "Where it hurts" } }, el("h3", {}, "Where it hurts"),
			el("p.hint", {}, "Touch the heel on the footprint, or choose here. Kept with all trials of this session."),
			el("div.pair", {}, part("left"), part("right")), save.node),
	};
}

export function corrections(ctx, session, trial, analysis, saved) {
	const feet = analysis?.feet ?? [];
	const which = el("select", { data: { testid: "correct-foot" } }, el("option", { value: "" }, "all of this trial"),
		feet.map((f, i) => el("option", { value: String(i + 1) }, `foot ${i + 1} (${f.side}, by ${f.side_source ?? "nobody"})`)));
	const side = el("select", { data: { testid: "correct-side" } }, options(SIDES));
	const facing = el("select", { data: { testid: "correct-facing" } }, options(FACINGS));
	const reason = line({ maxLength: 160, data: { testid: "correct-reason" } });
	const go = action(ctx, "Correct", () => {
		if (!side.value && !facing.value) return { error: "Which foot, or where did the toes point?", field: side };
		if (which.value && !side.value) return { error: "A single foot has a side to correct; where the toes point is of the whole trial.", field: side };
		if (!reason.value.trim()) return { error: "Why? The reason is kept with the trial.", field: reason };
		const keys = { session, trial, reason: reason.value.trim() };

		if (side.value) keys.side = side.value;
		if (side.value && which.value) keys.foot = Number(which.value);
		if (facing.value) keys.facing = facing.value;
		return { cmd: "correct", keys };
	}, { testid: "correct", done: saved });

	return el("section.say", { aria: { label: "Side and facing" } }, el("h3", {}, "Side and facing"),
		el("p.hint", {}, "Every later analysis, comparison and report follows it."),
		el("div.pair", {}, field("Of", which), field("Is the foot", side)), el("div.pair", {}, field("Toes pointed", facing), field("Reason", reason)), go.node);
}

/* Accepting and rejecting a finished trial: the last word, above what the visit said. */
export function verdicts(ctx, session, trial, saved) {
	const reject = action(ctx, "Reject this trial", async () => {
		const why = await askReason("Reject this trial", `Trial ${trial} is kept, but no comparison, trend or report counts it any more.`);

		if (why === null) return null;
		return why ? { cmd: "annotate", keys: { session, trial, reject: why } } : { error: "A reason is needed." };
	}, { kind: "danger", testid: "reject-trial", done: saved });
	const accept = action(ctx, "Accept this trial", () => ({ cmd: "annotate", keys: { session, trial, accept: true } }), { testid: "accept-trial", done: saved });

	return { reject, accept };
}

export function annotations(ctx, session, trial, values, saved) {
	const list = el("dl.facts", { data: { testid: "annotations" } });
	const also = more("Say more", "", { without: ["subject", "facing", "side", "pain_left", "pain_right"], testid: "say" });
	const all = choice("Said of", [["", `trial ${trial}`], ["all", "all trials of this session"]], { testid: "say-of" });
	const note = line({ maxLength: 500, data: { testid: "note" } });
	const go = action(ctx, "Save", () => {
		const { keys: given, error, field: at } = also.values();

		if (error) return { error, field: at };
		if (!Object.keys(given).length && !note.value.trim()) return { error: "Nothing was said yet." };
		const keys = { session };

		if (!all.value) keys.trial = trial;
		if (Object.keys(given).length) keys.annotations = given;
		if (note.value.trim()) keys.note = note.value.trim();
		return { cmd: "annotate", keys };
	}, { testid: "save-annotations", done: saved });

	fill(list, Object.entries(values).map(([k, v]) => [el("dt", { title: k }, find(k) ? label({ ...find(k), unit: "" }) : k), el("dd", {}, said(k, v))]));
	return el("section.say", { aria: { label: "What was said" } }, el("h3", {}, "What was said"), Object.keys(values).length ? list : el("p.hint", {}, "Nothing yet."),
		ctx.store.operator ? [also.node, field("Note", note), all.node, go.node] : null);
}
