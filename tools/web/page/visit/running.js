// SPDX-License-Identifier: Apache-2.0
/* While a trial runs: large digits for two metres away, what is wrong so far, stop, and marks. */
import { el, fill, format, text } from "../core/ui.js";
import { action, line, suggestions } from "./act.js";
import { loadLine } from "./load.js";
import { canMark, clock, lastTrial, leftSeconds, liveFlags } from "./model.js";
import { says } from "./ready.js";
import { flagText, MARKS, stateName } from "./words.js";

const ABOUT = {
	countdown: "The recording begins at zero.",
	starting: "The recorder is starting.",
	waiting: "Recording already. The trial begins when somebody steps on the mat.",
	recording: "",
	ending: "The file is being closed.",
	measuring: "Averaging.",
};

/* What can be said of the trial while it runs. */
export function soFar(mat) {
	const rec = mat?.recording;

	if (!mat) return { level: "bad", text: "The mat is not there." };
	if (mat.state !== "running") return { level: "bad", text: `No frames: ${mat.state_text || mat.state}` };
	if (rec?.gap_frames) return { level: "bad", text: `${rec.gap_frames} frames are missing so far.` };
	if (!rec) return { level: "", text: "" };
	return { level: "good", text: `No frames are missing so far (${format.number(rec.frames)} recorded).` };
}

/* aria-disabled and not disabled: the button keeps the focus from the countdown on. */
function press(action) {
	return action.button.getAttribute("aria-disabled") !== "true";
}

export function runningPanel(ctx, p) {
	const state = el("p.running-state", { data: { testid: "running-state" } });
	const digits = el("p.digits", { role: "timer", data: { testid: "left" } });
	const about = el("p.hint");
	const why = el("p.warning", { role: "status", hidden: true });
	const quality = el("p.quality", { data: { testid: "quality" } });
	const nowFlags = el("ul.flags.live", { aria: { label: "As it is now" }, data: { testid: "live-flags" } });
	const load = loadLine(ctx, p);
	let step = null;
	const mark = line({ maxLength: 120, aria: { label: "Text of the mark" }, placeholder: "what happened", data: { testid: "mark-text" } });
	const put = action(ctx, "Mark this moment", () => ({ cmd: "mark", keys: { mat: p.mat, text: mark.value.trim() || "mark" } }),
		{ key: "m", testid: "mark", done: () => {
			mark.value = "";
		} });
	const stop = action(ctx, "Stop", () => (press(stop) ? { cmd: "stop", keys: { mat: p.mat } }
		: { error: "Nothing is being recorded yet; End the visit (x) ends a countdown." }), { kind: "danger", key: "s", testid: "stop" });
	const marks = el("form.marks", { onsubmit: (e) => {
		e.preventDefault();
		put.run();
	} }, mark, put.node, suggestions(MARKS, mark, "mark"));

	ctx.protocol(p.protocol).then((whole) => {
		step = whole.steps.find((s) => s.step === p.step) ?? null;
	}, () => {}); /* then nothing is said before the review */

	function tellFlags(now) {
		const mat = ctx.store.mat(now.mat);
		const flags = canMark(now) && mat?.state === "running" && ctx.store.watched === now.mat ? liveFlags(ctx.newest(now.mat), step, now) : [];

		if (nowFlags.dataset.flags === flags.join()) return;
		nowFlags.dataset.flags = flags.join();
		fill(nowFlags, flags.map((f) => el("li", {}, el("strong", {}, "Now: "), flagText(f))));
	}

	return {
		node: el("div.running", { data: { testid: "panel-running" } },
			el("div.lamp", {}, state, digits, about),
			why, says(p), quality, nowFlags, load.node,
			ctx.store.operator ? [el("div.go", {}, stop.node), marks] : null),
		focus: () => stop.button,
		update(now, heard) {
			const left = leftSeconds(now, heard, performance.now());
			const q = soFar(ctx.store.mat(now.mat));
			const stoppable = ["waiting", "recording"].includes(now.state);

			text(state, `${stateName(now.state)}${lastTrial(now) && now.kind === "record" ? `, trial ${lastTrial(now).number}` : ""}`);
			text(digits, clock(left));
			text(about, ABOUT[now.state] ?? "");
			this.node.dataset.state = now.state;
			why.hidden = !now.why;
			text(why, now.why ?? "");
			text(quality, canMark(now) ? q.text : "");
			quality.dataset.level = q.level;
			stop.button.setAttribute("aria-disabled", String(!stoppable));
			marks.hidden = !canMark(now);
			tellFlags(now);
			load.update();
		},
		keys: [{ key: "s", does: "stop the trial", run: stop.run },
			{ key: "m", does: "mark this moment", run: () => marks.hidden || put.run() }],
	};
}

