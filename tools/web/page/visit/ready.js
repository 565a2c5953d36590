// SPDX-License-Identifier: Apache-2.0
/* Before a trial: what to say to the person, what the step asks for, and the button that begins. */
import { dialog, el, field, text } from "../core/ui.js";
import { action, choice, numeric } from "./act.js";
import { clock, lastTrial, leftSeconds, progress, trialKeys } from "./model.js";
import { more } from "./more.js";
import { loadLine } from "./load.js";

const OCCUPIED_N = 50; /* as drift_n of a step that tares */

function startLabel(p, step) {
	if (p.kind === "tare") return "Zero the empty mat";
	if (p.kind === "weigh") return "Weigh";
	if (step?.start === "contact") return "Start: recording begins on contact";
	return step?.countdown_s ? `Start: countdown of ${step.countdown_s} s` : "Start";
}

function hintOf(p, step) {
	if (p.kind === "tare") return "Nobody on the mat.";
	if (p.kind === "weigh") return "The person stands quietly on the mat.";
	if (step?.start === "contact") return "The mat must be clear; the person comes when you say so.";
	return "";
}

export function says(p) {
	return el("figure.says", {},
		el("figcaption", {}, p.kind === "tare" ? "To do" : "Say to the person"),
		el("blockquote", { data: { testid: "say" } }, p.text || p.step_title));
}

/* Leaving a step before its quota is asked once more; the log says that it was left. */
export async function next(p) {
	const { met, text: far } = progress(p.plan[p.at]);

	if (met || p.kind === "wait") return { cmd: "next", keys: { state: p.state } };
	const answer = await dialog("Leave this step?", el("p", {}, `${p.step_title} is at ${far}. The log keeps that it was left before its quota.`),
		[{ label: "Stay", value: "" }, { label: "Leave it", value: "go", kind: "danger" }]);

	return answer === "go" ? { cmd: "next", keys: { state: p.state } } : null;
}

/* What the mat showed before it became zero: a person's weight there means that a person was tared. */
export function zeroText(reply, name) {
	const m = reply.mats?.find((x) => x.mat === name) ?? reply.mats?.[0];

	if (!m) return { level: "", text: "Zeroed." };
	if (typeof m.mean_force_n !== "number") return { level: "", text: `Zeroed; its greatest cell showed ${Math.round(m.mean_counts_max)} counts before.` };
	const n = Math.round(m.mean_force_n);

	return m.mean_force_n > OCCUPIED_N ? { level: "bad", text: `It showed ${n} N when it was zeroed: was somebody on it? Zero it again, empty.` } : { level: "", text: `Zeroed; it showed ${n} N before.` };
}

export function readyPanel(ctx, p) {
	const before = lastTrial(p);
	const approach = p.approaches?.length
		? choice("How does the person come onto the mat?", p.approaches.map((a) => [a, a]),
			{ value: before?.at === p.at ? before.approach ?? "" : "", testid: "approach" }) : null;
	const seconds = numeric({ data: { testid: "trial-seconds" } });
	const speed = numeric({ value: before?.at === p.at ? before.speed_kmh ?? "" : "", data: { testid: "trial-speed" } });
	const also = more("More about this trial", "trial", { testid: "trial-more" });
	const length = field("Length, s", seconds);
	const belt = field("Speed of the belt, km/h (if there is one)", speed);
	const why = el("p.warning", { hidden: true, role: "status" });
	const load = loadLine(ctx, p);
	let step = null;

	const go = action(ctx, startLabel(p, null), () => {
		if (p.kind !== "record") return { cmd: "trial" };
		const said = also.values();

		if (said.error) return said;
		const { keys, error, field: name } = trialKeys({
			approach: approach?.value, seconds: length.hidden ? "" : seconds.value, speed: belt.hidden ? "" : speed.value, annotations: said.keys,
		}, step ?? { approaches: p.approaches, seconds_min: 0, seconds_max: 3600 });

		return error ? { error, field: { approach, seconds, speed }[name] } : { cmd: "trial", keys };
	}, { kind: "primary", key: "t", testid: "trial" });
	const skip = action(ctx, "Next step", () => next(p), { key: "n", testid: "next" });
	const zeroed = el("p.hint", { role: "status", data: { testid: "zeroed" } });
	const zero = action(ctx, "Zero the empty mat", () => ({ cmd: "tare", keys: { mat: p.mat } }), { key: "z", testid: "zero", done: (reply) => {
		const { level, text: words } = zeroText(reply, p.mat);

		zeroed.className = level === "bad" ? "error" : "hint";
		text(zeroed, words);
	} });

	const lengths = el("div.pair", { hidden: true }, length, belt);

	length.hidden = belt.hidden = true;
	ctx.protocol(p.protocol).then((whole) => {
		step = whole.steps.find((s) => s.step === p.step) ?? null;
		if (!step || p.kind !== "record") return;
		text(go.button.firstChild, startLabel(p, step));
		length.hidden = !(step.seconds_max > step.seconds_min && step.end !== "off");
		belt.hidden = step.end === "off" || !step.strikes_per_foot;
		lengths.hidden = length.hidden && belt.hidden;
		if (seconds.value === "") seconds.value = step.seconds;
		text(hint, hintOf(p, step));
	}, () => {}); /* without it the daemon refuses what the step does not take */

	const hint = el("p.hint", {}, hintOf(p, null));
	const ask = p.kind === "record" && ctx.store.operator;

	return {
		node: el("div.ready", { data: { testid: "panel-ready" } },
			says(p), why,
			ask ? [approach?.node, lengths, also.node] : null,
			el("div.go", {}, go.node, hint, skip.node), load.node,
			p.kind === "record" ? el("div.go.small", {}, zero.node, zeroed) : null),
		focus: () => (approach && !approach.value ? approach : go.button),
		update(now) {
			why.hidden = !now.why;
			text(why, now.why ?? "");
			load.update();
		},
		keys: [{ key: "t", does: "begin the trial", run: go.run }, { key: "n", does: "leave this step", run: skip.run },
			...(p.kind === "record" ? [{ key: "z", does: "zero the empty mat", run: zero.run }] : [])],
	};
}

export function restPanel(ctx, p) {
	const digits = el("p.digits", { role: "timer", data: { testid: "left" } });
	const skip = action(ctx, p.kind === "wait" ? "Go on at once" : "Ready now", () => ({ cmd: "next", keys: { state: "rest" } }), { kind: "primary", key: "n", testid: "next" });

	return {
		node: el("div.resting", { data: { testid: "panel-rest" } },
			el("h2", {}, p.kind === "wait" ? p.step_title : "Rest"),
			p.kind === "wait" ? says(p) : null,
			digits,
			el("p.hint", {}, p.kind === "wait" ? "Goes on by itself." : "Then the next trial can begin."),
			skip.node),
		focus: () => skip.button,
		update(now, heard) {
			text(digits, clock(leftSeconds(now, heard, performance.now())));
		},
		keys: [{ key: "n", does: "end the rest", run: skip.run }],
	};
}
