// SPDX-License-Identifier: Apache-2.0
/* The trials of a session, one a button, with verdict and length. */
import { el } from "../core/ui.js";
import { digits } from "./figures.js";

export const MARK = { accepted: ["\u2713", "accepted"], rejected: ["\u2717", "rejected"], undecided: ["\u2026", "undecided"], unsaid: ["", "no verdict"] };

export function trialButton(t, now, pick) {
	const [mark, word] = MARK[t.verdict];

	return el("button.trial", { type: "button", onclick: () => pick(t.trial), aria: { pressed: String(now) }, data: { testid: `trial-${t.trial}`, verdict: t.verdict } },
		el("span.number", {}, `${t.trial}`), el("span", {}, t.condition || "no condition", el("span.hint", {}, `${mark} ${word}${t.reason ? `: ${t.reason}` : ""}`),
			t.recording.duration_s !== undefined ? el("span.hint", {}, `${digits(t.recording.duration_s)} s, ${t.recording.frames} frames${t.recording.lost_frames ? `, ${t.recording.lost_frames} missing` : ""}${t.annotations.pain_score !== undefined ? `, pain ${t.annotations.pain_score}` : ""}` ) : el("span.hint", {}, t.state)));
}
