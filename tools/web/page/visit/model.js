// SPDX-License-Identifier: Apache-2.0
/*
 * What follows from status.protocol alone. No document, no clock of its own: everything here is a
 * function of the daemon's document, so that two browsers cannot come to different answers.
 */

const RUNNING = ["countdown", "starting", "waiting", "recording", "ending", "measuring"];

export function isActive(p) {
	return Boolean(p) && p.state !== "done" && p.state !== "aborted";
}

export function isRunning(p) {
	return Boolean(p) && RUNNING.includes(p.state);
}

/* A recording is open: marks go into it. */
export function canMark(p) {
	return Boolean(p) && ["waiting", "recording"].includes(p.state);
}

/* Which panel is shown. It is built anew when this changes, and only then: what somebody has half
 * typed into a form survives every other status. */
export function panelKey(p) {
	if (!p)
		return "none";
	const stage = p.state === "red-flags" ? `red-flags${p.red_flags.locked ? " locked" : ""}` : p.state;

	/* A pass is one panel from the countdown to the closing of its file. */
	return [p.session_uuid, p.began_utc_ns, isRunning(p) ? "running" : stage, p.at ?? "", p.trials_made].join("|");
}

export function lastTrial(p) {
	return p?.trials?.length ? p.trials[p.trials.length - 1] : null;
}

/* The trial that a score given now belongs to (docs/protocols.md, Pain), or null. */
export function scoredTrial(p) {
	const t = lastTrial(p);

	if (!t)
		return null;
	if (isRunning(p) || p.state === "review")
		return t;
	return t.file && t.pain === null ? t : null;
}

export function canScore(p) {
	return isActive(p) || (p?.state === "done" && scoredTrial(p) !== null);
}

export function needsScore(p) {
	const t = lastTrial(p);

	return Boolean(p?.pain?.asked && t && t.file && t.pain === null);
}

/* Seconds that are left of a countdown, a trial or a rest: what the daemon said, less what has passed
 * since it said so. Neither clock needs to agree with the other. */
export function leftSeconds(p, heardMs, nowMs) {
	if (!p || p.left_s === null || p.left_s === undefined)
		return null;
	return Math.max(0, p.left_s - Math.max(0, nowMs - heardMs) / 1000);
}

export function clock(seconds) {
	if (seconds === null || !Number.isFinite(seconds))
		return "";
	const s = Math.ceil(seconds - 1e-6);

	return s < 60 ? `${s} s` : `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")} min`;
}

/* How far one entry of the plan is: [{label, have, of}] bars and a sentence. */
export function progress(item) {
	const bars = [];

	if (item.strikes_per_foot)
		for (const side of ["left", "right"])
			bars.push({ label: side, have: item.strikes[side], of: item.strikes_per_foot });
	if (item.trials > 0)
		bars.push({ label: "trials", have: item.accepted, of: item.trials });
	const said = bars.map((b) => `${b.label} ${b.have} of ${b.of}`);

	if (item.strikes?.unknown)
		said.push(`${item.strikes.unknown} of no known side`);
	if (item.rejected)
		said.push(`${item.rejected} rejected`);
	if (item.skipped)
		said.push("left before its quota");
	return { bars, text: said.join(", ") || "a pause", met: bars.every((b) => b.have >= b.of) };
}

/* "3 accepted, 1 rejected" */
export function trialsOf(p, at) {
	return (p?.trials ?? []).filter((t) => t.at === at);
}

/* What the answers to the checklist are, or which are missing. */
export function checklist(answers, names) {
	const missing = names.filter((n) => answers[n] !== true && answers[n] !== false);

	return missing.length ? { missing } : { missing, keys: Object.fromEntries(names.map((n) => [n, answers[n]])) };
}

/* A typed number: undefined if nothing was typed, NaN if it is none. A comma is a decimal point:
 * keyboards of half the world have no other. */
export function number(text) {
	const t = String(text ?? "").trim().replace(",", ".");

	if (t === "")
		return undefined;
	return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(t) ? Number(t) : NaN;
}

/* The request that begins a visit, or what is missing: {keys} or {error, field}. */
export function beginKeys(form, protocol) {
	const keys = { protocol: protocol.protocol };
	const mass = number(form.mass);
	const seed = number(form.seed);
	const conditions = (form.conditions ?? []).map((c) => c.trim()).filter(Boolean);

	if (protocol.subject && !form.subject?.trim())
		return { field: "subject", error: "The code of the person is missing (a code, never a name)." };
	if (form.subject?.trim())
		keys.subject = form.subject.trim();
	if (Number.isNaN(mass) || (mass !== undefined && (mass < 1 || mass > 500)))
		return { field: "mass", error: "Body mass: 1 to 500 kg." };
	if (mass === undefined && protocol.body_mass)
		return { field: "mass", error: `${protocol.title} checks the force against the body mass: it is needed.` };
	if (mass !== undefined)
		keys.body_mass_kg = mass;
	for (const name of ["pain_side", "mat", "session", "order"])
		if (form[name])
			keys[name] = form[name];
	if (form.operator?.trim())
		keys.operator = form.operator.trim();
	if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed <= 4294967295))
		return { field: "seed", error: "Seed: a whole number from 0." };
	if (seed !== undefined)
		keys.seed = seed;
	if (new Set(conditions).size < conditions.length)
		return { field: "conditions", error: "Two conditions have the same name." };
	if (conditions.length && conditions.join("\n") !== (protocol.conditions ?? []).filter(Boolean).join("\n"))
		keys.conditions = conditions;
	if (form.annotations && Object.keys(form.annotations).length)
		keys.annotations = form.annotations;
	return { keys };
}

/* What `trial` asks for in this step: nothing that the step does not take. */
export function trialKeys(form, step) {
	const keys = {};
	const seconds = number(form.seconds);
	const speed = number(form.speed);

	if (step?.approaches?.length) {
		if (!form.approach)
			return { field: "approach", error: "How does the person come onto the mat?" };
		keys.approach = form.approach;
	}
	if (seconds !== undefined) {
		if (!(seconds >= step.seconds_min && seconds <= step.seconds_max))
			return { field: "seconds", error: `Length: ${step.seconds_min} to ${step.seconds_max} s.` };
		if (seconds !== step.seconds)
			keys.seconds = seconds;
	}
	if (speed !== undefined) {
		if (!(speed >= 0.1 && speed <= 50))
			return { field: "speed", error: "Speed of the belt: 0.1 to 50 km/h." };
		keys.speed_kmh = speed;
	}
	if (form.annotations && Object.keys(form.annotations).length)
		keys.annotations = form.annotations;
	return { keys };
}

export function acceptKeys(form) {
	const keys = {};
	const score = number(form.score);

	if (form.side)
		keys.side = form.side;
	if (score !== undefined)
		keys.score = score;
	return keys;
}

/* Whose foot a trial was is asked where the daemon could not tell, or where feet are counted. */
export function asksSide(p) {
	const t = lastTrial(p);
	const item = p?.plan?.[p.at];

	return Boolean(t && t.strikes && (t.strikes.unknown > 0 || item?.strikes_per_foot));
}

export function strikesText(strikes) {
	const said = ["left", "right"].filter((s) => strikes?.[s]).map((s) => `${s} ${strikes[s]}`);

	if (strikes?.unknown)
		said.push(`no known side ${strikes.unknown}`);
	return said.join(", ") || "none";
}

/* What ended the visit, told apart: the stop rule has its own words. */
export function ending(p) {
	const why = p?.why ?? "";

	if (p?.state === "done")
		return { kind: "done", title: "The visit is complete." };
	if (/^pain score /.test(why))
		return { kind: "pain", title: `Stopped by the pain rule: ${why}.` };
	return { kind: "aborted", title: why && why !== "aborted" ? `Ended early: ${why}.` : "Ended early." };
}

/* The cells nobody should trust: "2 dead, 1 noisy", and where. */
export function cellsText(cells) {
	if (!cells || !(cells.dead + cells.stuck + cells.noisy))
		return null;
	const counts = ["dead", "stuck", "noisy"].filter((k) => cells[k]).map((k) => `${cells[k]} ${k}`);
	const places = cells.list.map((c) => `row ${c.row} column ${c.column} ${c.fault}`);
	const total = cells.dead + cells.stuck + cells.noisy;

	return {
		text: `Cells not to be trusted: ${counts.join(", ")}.`,
		places: places.join("; ") + (total > places.length ? "; ..." : ""),
	};
}

const EDGE = 32;
const SATURATED = 2;
const G = 9.80665;
const LOADED_N = 50;

/*
 * What a trial would be flagged for as it is this moment: from the newest frame, for the checks of its
 * step. The daemon's verdict counts over all of the trial; this only lets somebody react in time.
 */
export function liveFlags(header, step, p) {
	const m = header?.metrics;
	const out = [];

	if (!m || !step) return out;
	const checked = (name) => step.checks?.includes(name);
	const loaded = m.force_n >= LOADED_N;

	if (checked("partial") && header.flags & EDGE) out.push("partial");
	if (checked("saturation") && header.flags & SATURATED) out.push("saturation");
	if (step.feet && loaded && typeof m.feet === "number" && m.feet !== step.feet) out.push("feet");
	if (checked("weight") && p.state === "recording" && p.body_mass_kg > 0 && typeof m.force_n === "number" && Math.abs(m.force_n / (p.body_mass_kg * G) - 1) > 0.05) out.push("weight");
	return out;
}

/* A mean of a trial in newtons, or in counts where the mat had no calibration; null: there is none. */
export function forceOf(trial, name) {
	for (const [end, unit] of [["n", "N"], ["counts", "counts"]]) {
		const value = trial[`${name}_${end}`] ?? null;

		if (value !== null) return { value, unit };
	}
	return null;
}
