// SPDX-License-Identifier: Apache-2.0
/* The figures of the chosen trial, and its steps, which can be taken out and counted again by hand. */
import { el, fill, text } from "../core/ui.js";
import { digits, figureOf } from "./figures.js";
import { askReason } from "./say.js";
import { gaitTable, standingTable, stepTable } from "./tables.js";

/* page: uuid, current(), reload(). */
export function figuresCard(ctx, page) {
	const node = el("section.sheet.broad", { aria: { label: "Figures" } });
	const stepsRefused = el("p.refusal", { role: "alert" });

	async function correctStep(keys, title, said) {
		const reason = await askReason(title, said);

		if (reason === null) return;
		text(stepsRefused, "");
		if (!reason) return text(stepsRefused, "A reason is needed.");
		try {
			await ctx.link.request("correct", { session: page.uuid, trial: page.current().trial, reason, ...keys });
			await page.reload();
		} catch (error) {
			text(stepsRefused, error.message);
		}
	}
	const rejectStep = (n) => correctStep({ reject_step: [n] }, "Take the step out", `Step ${n} of trial ${page.current().trial} will not count in any figure.`);
	const acceptStep = (n) => correctStep({ accept_step: [n] }, "Count the step", `Step ${n} of trial ${page.current().trial} will count again.`);

	function draw(analysis) {
		const may = ctx.store.operator;

		fill(node, stepsRefused, analysis.steps ? [stepTable(analysis, { onreject: may ? rejectStep : null, onaccept: may ? acceptStep : null }), gaitTable(analysis)] : null,
			analysis.steps?.length && analysis.standing ? standingTable(analysis) : null,
			analysis.total ? el("p.hint", {}, `Whole recording: ${Object.entries(analysis.total).filter(([k]) => /_peak_(n|counts|kpa)$|footprint_cm2$/.test(k)).map(([k, v]) => `${figureOf(k).name.toLowerCase()} ${digits(v)} ${figureOf(k).unit}`).join("; ")}. Method ${analysis.method.version}, regions ${analysis.method.region}, filter ${analysis.method.filter_hz ?? "none"}${analysis.method.filter_hz ? " Hz" : ""}; mat ${analysis.recording.mat_file ?? "not named"}, calibration ${analysis.recording.calibration ?? "none"}.`) : null);
	}

	return { node, draw };
}
