// SPDX-License-Identifier: Apache-2.0
/*
 * After a trial: what the daemon found and proposes, and the operator's verdict. Flags are explained,
 * with what could be done about them; the score that the protocol asks for is part of accepting.
 */
import { el, field, format } from "../core/ui.js";
import { acceptKeys, asksSide, forceOf, lastTrial, needsScore, strikesText } from "./model.js";
import { action, choice, facts, line, scores, suggestions } from "./act.js";
import { flagAdvice, flagText, REJECT_REASONS } from "./words.js";

function figures(p, t) {
	const recorded = p.kind === "record";
	const force = forceOf(t, "force_mean"), empty = forceOf(t, "empty_mean");

	return facts([
		recorded ? ["Length", format.quantity(t.seconds, "s", 1)] : null,
		recorded ? ["Frames", `${format.number(t.frames)}, missing ${format.number(t.gap_frames)}`] : null,
		force ? ["Mean force", `${format.quantity(force.value, force.unit)}${t.body_weight_ratio !== null ? ` (${format.percent(100 * t.body_weight_ratio)} of body weight)` : ""}`] : null,
		empty ? ["Empty mat", format.quantity(empty.value, empty.unit, 1)] : null,
		recorded ? ["Strikes", strikesText(t.strikes)] : null,
		t.contact_s !== null ? ["Contact after", format.quantity(t.contact_s, "s", 1)] : null,
		t.approach ? ["Approach", t.approach] : null,
		t.pain !== null ? ["Pain", `${t.pain} of 10`] : null,
		t.end ? ["Ended by", t.end] : null,
	]);
}

export function verdict(t, kind = "record") {
	const good = t.proposed === "accepted";

	return el("div.finding", { class: good ? "good" : "bad", data: { testid: "proposed", verdict: t.proposed } },
		el("p.mark", { aria: { hidden: "true" } }, good ? "\u2713" : "!"),
		el("div", {},
			el("h2", {}, good ? "Nothing found against it" : "Proposed: reject"),
			good ? el("p", {}, `Proposed: accept.${kind === "record" ? " What no sensor sees (targeting, a changed stride) is yours to judge." : ""}`)
				: el("ul.flags", {}, t.flags.map((f) => el("li", { data: { flag: f } }, el("strong", {}, `${f}: `), flagText(f), el("span.hint", {}, ` ${flagAdvice(f)}`))))));
}

/* A key that was meant to stop the trial and came as it ended by itself must not accept it. */
const SETTLE_MS = 250;

export function reviewPanel(ctx, p) {
	const t = lastTrial(p);
	const score = p.kind === "record" && (p.pain.asked || p.pain.stop_at !== null)
		? scores(needsScore(p) ? "Pain in this trial, 0 to 10 (asked)" : "Pain in this trial, 0 to 10", { testid: "score", value: t.pain !== null && Number.isInteger(t.pain) ? String(t.pain) : "" }) : null;
	const side = asksSide(p) && p.kind === "record"
		? choice("Whose foot", [["", `as counted (${strikesText(t.strikes)})`], ["left", "left"], ["right", "right"]], { testid: "side" }) : null;
	const reason = line({ maxLength: 160, data: { testid: "reason" } });
	const failed = t.flags.includes("failed");
	const accept = action(ctx, "Accept", () => {
		if (accept.button.getAttribute("aria-disabled") === "true") return { error: "The trial had only just ended; press again to accept it." };
		if (needsScore(p) && !score?.value) return { error: "The pain score of this trial is asked for.", field: score };
		return { cmd: "accept", keys: acceptKeys({ side: side?.value, score: score?.value }) };
	}, { kind: t.proposed === "accepted" ? "primary" : "", key: "a", testid: "accept" });
	const reject = action(ctx, "Reject", () => (reason.value.trim() ? { cmd: "reject", keys: { reason: reason.value.trim() } }
		: { error: "Why? A reason is needed.", field: reason }), { kind: t.proposed === "accepted" ? "" : "danger", key: "r", testid: "reject" });
	const why = el("form.because", { onsubmit: (e) => {
		e.preventDefault();
		reject.run();
	} }, field("Reason to reject", reason), suggestions([...new Set([...REJECT_REASONS, ...t.flags.filter((f) => f !== "failed")])], reason, "reason"), reject.node);

	accept.button.disabled = failed;
	accept.button.setAttribute("aria-disabled", "true");
	setTimeout(() => accept.button.removeAttribute("aria-disabled"), SETTLE_MS);
	return {
		node: el("div.review", { data: { testid: "panel-review" } },
			verdict(t, p.kind),
			p.why ? el("p.warning", {}, p.why) : null,
			figures(p, t),
			ctx.store.operator ? el("div.judge", {},
				el("section", { aria: { label: "Accept" } }, score?.node, side?.node, accept.node),
				el("section", { aria: { label: "Reject" } }, why)) : null),
		/* first what has to be answered before it can be accepted as it should be */
		focus: () => (t.proposed !== "accepted" ? reason : side && t.strikes.unknown ? side : needsScore(p) ? score : accept.button),
		update() {},
		keys: [{ key: "a", does: "accept the trial", run: () => failed || accept.run() },
			{ key: "r", does: "reject: say why", run: () => (reason.value.trim() ? reject.run() : reason.focus()) }],
	};
}
