// SPDX-License-Identifier: Apache-2.0
/* What the visit derives from the daemon's document, and that page and daemon say the same words. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const source = new URL("../../", import.meta.url);
const page = new URL("tools/web/page/", source);
const read = (path) => readFileSync(new URL(path, source), "utf8");
const model = await import(new URL("visit/model.js", page));
const words = await import(new URL("visit/words.js", page));

const TRIAL = { step: "pass", at: 0, number: 1, file: "trial-001.h5", verdict: "undecided", proposed: "accepted", flags: [], pain: null, strikes: { left: 1, right: 0, unknown: 0 } };
const visit = (more = {}) => ({
	protocol: "walk", session_uuid: "u", began_utc_ns: "1", state: "ready", why: null, left_s: null, at: 0, step: "pass", kind: "record", condition: "barefoot",
	red_flags: { answered: true, ticked: [], overridden: [], locked: false },
	pain: { first: null, last: null, stop_at: 7, stop_rise: 4, asked: false },
	plan: [{ step: "pass", condition: "barefoot", accepted: 0, rejected: 0, trials: 0, strikes: { left: 0, right: 0, unknown: 0 }, strikes_per_foot: 5, skipped: false }],
	trials_made: 0, trials: [], ...more,
});

/* C strings of a table, joined where they are cut into several. */
function sentence(text, name) {
	const m = new RegExp(`\\{"${name}",\\s*((?:"[^"]*"\\s*)+)\\}`).exec(text);
	return m?.[1].match(/"[^"]*"/g).map((s) => s.slice(1, -1)).join("");
}

test("red flags are asked in the daemon's words", () => {
	const c = read("lib/visit/visit_json.c");
	for (const [name, question] of words.RED_FLAGS) assert.equal(question, sentence(c, name), name);
	assert.equal(words.RED_FLAGS.length, 5);
});

test("every flag of a trial is explained in the daemon's words, and there are no others", () => {
	const c = read("lib/visit/protocol.c");
	const table = c.slice(c.indexOf("flags[PL_TRIAL_FLAGS]"), c.indexOf("pl_trial_flag_name"));
	const names = [...table.matchAll(/\{"([a-z-]+)",/g)].map((m) => m[1]);
	assert.deepEqual(Object.keys(words.TRIAL_FLAGS).sort(), names.sort());
	for (const name of names) {
		assert.equal(words.flagText(name), sentence(table, name));
		assert.notEqual(words.flagAdvice(name) === "" && name !== "failed", true, `${name} has no advice`);
	}
});

test("every state has a name", () => {
	const c = read("lib/visit/visit_json.c");
	const names = c.slice(c.indexOf("names[PL_VISIT_STATES]"), c.indexOf("return names[state]")).match(/"([a-z-]+)"/g).map((s) => s.slice(1, -1)).filter((s) => s !== "idle");
	assert.deepEqual(Object.keys(words.STATES).sort(), names.sort());
});

test("a panel lasts from the countdown to the closing of the file, and no longer", () => {
	const key = (more) => model.panelKey(visit(more));
	const trial = { trials_made: 1, trials: [TRIAL] };
	const passing = ["countdown", "starting", "waiting", "recording", "ending"].map((state) => key({ state, ...trial }));
	assert.equal(new Set(passing).size, 1);
	const others = [key(), passing[0], key({ state: "review", ...trial }), key({ state: "rest", ...trial }), key({ state: "ready", at: 1, ...trial }), model.panelKey(null)];
	assert.equal(new Set(others).size, others.length);
	assert.notEqual(key({ state: "red-flags" }), key({ state: "red-flags", red_flags: { locked: true } }), "a lock is another panel");
	assert.equal(key({ left_s: 3 }), key({ left_s: 2 }), "a status in between leaves the form alone");
});

test("what is left runs on from when it was said, and never below zero", () => {
	const p = visit({ state: "rest", left_s: 10 });
	assert.equal(model.leftSeconds(p, 1000, 4000), 7);
	assert.equal(model.leftSeconds(p, 1000, 60000), 0);
	assert.equal(model.leftSeconds(p, 1000, 900), 10, "a clock that is behind adds nothing");
	assert.equal(model.leftSeconds(visit(), 0, 1), null);
	assert.equal(model.clock(7), "7 s");
	assert.equal(model.clock(6.2), "7 s");
	assert.equal(model.clock(1200), "20:00 min");
	assert.equal(model.clock(null), "");
});

test("progress counts strikes per foot, and says what it cannot place", () => {
	const item = { accepted: 3, rejected: 1, trials: 0, strikes: { left: 5, right: 4, unknown: 2 }, strikes_per_foot: 5 };
	assert.deepEqual(model.progress(item), {
		bars: [{ label: "left", have: 5, of: 5 }, { label: "right", have: 4, of: 5 }],
		text: "left 5 of 5, right 4 of 5, 2 of no known side, 1 rejected", met: false,
	});
	assert.equal(model.progress({ accepted: 2, rejected: 0, trials: 2 }).met, true);
	assert.equal(model.progress({ accepted: 0, rejected: 0, trials: 0 }).text, "a pause");
});

test("a score goes to the trial that runs, is reviewed, or has none yet", () => {
	const t = (more) => ({ trials_made: 1, trials: [{ ...TRIAL, ...more }] });
	assert.equal(model.scoredTrial(visit({ state: "recording", ...t({ file: null }) })).number, 1);
	assert.equal(model.scoredTrial(visit({ state: "rest", ...t({ pain: 3 }) })), null);
	assert.equal(model.scoredTrial(visit({ state: "rest", ...t({ file: null }) })), null, "a tare has no pain");
	assert.equal(model.canScore(visit({ state: "done", ...t() })), true);
	assert.equal(model.canScore(visit({ state: "done", ...t({ pain: 1 }) })), false);
	assert.equal(model.canScore(visit({ state: "aborted", ...t() })), false);
	assert.equal(model.needsScore(visit({ state: "review", pain: { asked: true }, ...t() })), true);
	assert.equal(model.needsScore(visit({ state: "review", pain: { asked: true }, ...t({ pain: 0 }) })), false, "a score of 0 is a score");
});

test("numbers may have a comma; what is none is told from nothing", () => {
	assert.equal(model.number("70,5"), 70.5);
	assert.equal(model.number(" 0 "), 0);
	assert.equal(model.number(""), undefined);
	for (const wrong of ["7o", "1e3", "1,000,000", "Infinity", "0x10", "."]) assert.ok(Number.isNaN(model.number(wrong)), wrong);
});

test("a visit begins with what was said, and says what is missing", () => {
	const protocol = { protocol: "walk", title: "Walk", subject: true, body_mass: true, conditions: ["barefoot", "shoe"] };
	const form = { subject: " P-1 ", mass: "70,5", conditions: ["barefoot", "shoe", ""], pain_side: "left", operator: "A", order: "", seed: "" };
	assert.deepEqual(model.beginKeys(form, protocol).keys, { protocol: "walk", subject: "P-1", body_mass_kg: 70.5, pain_side: "left", operator: "A" });
	assert.deepEqual(model.beginKeys({ ...form, conditions: ["shoe"], seed: "7", order: "abba" }, protocol).keys.conditions, ["shoe"]);
	assert.equal(model.beginKeys({ ...form, subject: " " }, protocol).field, "subject");
	assert.equal(model.beginKeys({ ...form, mass: "" }, protocol).field, "mass");
	assert.equal(model.beginKeys({ ...form, mass: "700" }, protocol).field, "mass");
	assert.equal(model.beginKeys({ ...form, seed: "1.5" }, protocol).field, "seed");
	assert.equal(model.beginKeys({ ...form, conditions: ["a", "a"] }, protocol).field, "conditions");
	assert.equal(model.beginKeys({ ...form, subject: "", mass: "" }, { ...protocol, subject: false, body_mass: false }).error, undefined);
});

test("a trial asks for nothing that its step does not take", () => {
	const step = { approaches: ["one-step"], seconds: 30, seconds_min: 10, seconds_max: 60 };
	assert.equal(model.trialKeys({}, step).field, "approach");
	assert.deepEqual(model.trialKeys({ approach: "one-step", seconds: "30" }, step).keys, { approach: "one-step" });
	assert.deepEqual(model.trialKeys({ approach: "one-step", seconds: "20", speed: "9,5" }, step).keys, { approach: "one-step", seconds: 20, speed_kmh: 9.5 });
	assert.equal(model.trialKeys({ approach: "one-step", seconds: "61" }, step).field, "seconds");
	assert.deepEqual(model.trialKeys({ approach: "x" }, { approaches: [] }).keys, {});
});

test("all five answers are needed", () => {
	const names = words.RED_FLAGS.map(([n]) => n);
	const answers = Object.fromEntries(names.map((n) => [n, false]));
	assert.deepEqual(model.checklist(answers, names), { missing: [], keys: answers });
	delete answers.calf;
	assert.deepEqual(model.checklist(answers, names).missing, ["calf"]);
	assert.equal(model.checklist(answers, names).keys, undefined);
});

test("a stop by pain is told apart from an end by hand", () => {
	assert.equal(model.ending(visit({ state: "done" })).kind, "done");
	assert.equal(model.ending(visit({ state: "aborted", why: "pain score 9: walk stops at 8" })).kind, "pain");
	assert.equal(model.ending(visit({ state: "aborted", why: "pain score rose from 2 to 6: walk stops at a rise of 4" })).kind, "pain");
	assert.equal(model.ending(visit({ state: "aborted", why: "pain" })).kind, "aborted");
});

test("cells that cannot be trusted are named, as many as are listed", () => {
	assert.equal(model.cellsText(null), null);
	assert.equal(model.cellsText({ dead: 0, stuck: 0, noisy: 0, list: [] }), null);
	const c = model.cellsText({ dead: 2, stuck: 0, noisy: 0, list: [{ row: 3, column: 4, fault: "dead" }] });
	assert.equal(c.text, "Cells not to be trusted: 2 dead.");
	assert.equal(c.places, "row 3 column 4 dead; ...");
});

test("what would be flagged is told while it can still be helped, for the step's own checks only", () => {
	const step = { feet: 2, checks: ["partial", "saturation", "weight"] };
	const p = visit({ state: "recording", body_mass_kg: 70 });
	const frame = (flags, force_n, feet) => ({ flags, metrics: { force_n, feet } });
	assert.deepEqual(model.liveFlags(frame(0, 686, 2), step, p), []);
	assert.deepEqual(model.liveFlags(frame(32 + 2, 686, 1), step, p), ["partial", "saturation", "feet"]);
	assert.deepEqual(model.liveFlags(frame(0, 600, 2), step, p), ["weight"]);
	assert.deepEqual(model.liveFlags(frame(0, 600, 2), step, { ...p, state: "waiting" }), [], "no weight before the trial");
	assert.deepEqual(model.liveFlags(frame(0, 0, 0), { ...step, checks: [] }, p), [], "an empty mat has no wrong number of feet");
	assert.deepEqual(model.liveFlags({ flags: 32, metrics: { force_counts: 900, feet: 1 } }, step, p), ["partial"], "counts are no weight");
	assert.deepEqual(model.liveFlags(null, step, p), []);
});

test("counts are shown as counts", () => {
	const none = { force_mean_n: null, force_mean_counts: null };

	assert.deepEqual(model.forceOf({ ...none, force_mean_n: 0 }, "force_mean"), { value: 0, unit: "N" });
	assert.deepEqual(model.forceOf({ ...none, force_mean_counts: 96000 }, "force_mean"), { value: 96000, unit: "counts" });
	assert.equal(model.forceOf(none, "force_mean"), null);
});
