// SPDX-License-Identifier: Apache-2.0
/*
 * What the daemon says in one word, for people. The daemon sends names (docs/protocols.md); the
 * sentences here are those of lib/visit, and a test holds the two together.
 */

export const RED_FLAGS = [
	["stress_fracture",
		"Signs of a stress fracture: the heel hurts when squeezed from both sides, or since a sudden increase of load?"],
	["numbness", "Numbness, tingling or burning in the foot?"],
	["calf", "Swelling, warmth or redness of the calf?"],
	["night_pain", "Pain at night or at rest, or feeling unwell with it?"],
	["not_resolving", "Not getting better in spite of treatment?"],
];

export const TRIAL_FLAGS = {
	partial: "load on the edge of the mat: a foot may be cut off",
	feet: "another number of feet on the mat than expected",
	saturation: "a cell reached its limit",
	gap: "frames are missing",
	drift: "the empty mat does not show zero: tare it",
	weight: "the force does not match the body mass",
	short: "ended too early",
	"no-contact": "nobody stepped on the mat",
	"other-foot": "the other foot was on the mat",
	failed: "it could not be recorded or measured",
	strikes: "fewer strikes than needed",
	long: "the mat was not left in time",
};

/* What could be done about it before the next trial. */
const FLAG_ADVICE = {
	partial: "Let the person start half a step further back or forward.",
	feet: "Both feet whole on the mat, or one alone, as the step asks.",
	saturation: "Peaks are cut off there. Slower, or another calibration range.",
	gap: "Look at the cable and the lost frames above.",
	drift: "Zero the empty mat, then repeat.",
	weight: "Is the body mass right? Was somebody else or a rail carrying load? Zero the empty mat.",
	short: "Repeat, and wait for the end.",
	"no-contact": "Begin again when the person is ready.",
	"other-foot": "Say which foot it is to be, or accept it as that foot.",
	strikes: "Repeat; start elsewhere if the mat is missed.",
	long: "Ask to walk on past the mat.",
};

export const STATES = {
	"red-flags": "Red flags",
	ready: "Ready",
	countdown: "Countdown",
	starting: "Starting",
	waiting: "Waiting for contact",
	recording: "Recording",
	ending: "Closing the file",
	measuring: "Measuring",
	review: "Review",
	rest: "Rest",
	done: "Done",
	aborted: "Ended early",
};

/* Reasons that can be counted later are always written the same way; targeting comes first
 * because no sensor sees it. */
export const REJECT_REASONS = ["targeting", "stumbled", "foot cut off", "talked", "moved", "held on", "wrong foot", "equipment"];
export const MARKS = ["stumbled", "talked", "pain", "held on"];
export const ABORT_REASONS = ["pain", "person wishes to stop", "tired", "equipment"];
export const PAIN_SIDES = [["left", "left"], ["right", "right"], ["both", "both"], ["none", "none"]];

export function stateName(state) {
	return STATES[state] ?? state ?? "No visit";
}

export function redFlagText(name) {
	return RED_FLAGS.find(([n]) => n === name)?.[1] ?? name;
}

export function flagText(flag) {
	return TRIAL_FLAGS[flag] ?? flag;
}

export function flagAdvice(flag) {
	return FLAG_ADVICE[flag] ?? "";
}
