// SPDX-License-Identifier: Apache-2.0
/* What stands on the mat now, in one line: force where there is a calibration, counts where not. */
import { el, format, text } from "../core/ui.js";

const G = 9.80665;

/* Words for the newest live figures of a mat. */
export function loadText(metrics, calibrated, mass_kg) {
	if (!metrics) return "No frames";
	if (!calibrated) return `On the mat now: ${format.quantity(metrics.force_counts ?? NaN, "counts")}`;
	const n = metrics.force_n;
	const share = mass_kg > 0 && Number.isFinite(n) ? ` (${format.percent((100 * n) / (mass_kg * G))} of body weight)` : "";

	return `On the mat now: ${format.quantity(n, "N")}${share}`;
}

export function loadLine(ctx, p) {
	const node = el("p.load", { data: { testid: "load" } });

	return {
		node,
		update() {
			const mat = ctx.store.mat(p.mat);
			const stale = !mat || mat.state !== "running";

			node.classList.toggle("stale", stale);
			if (!stale && ctx.store.watched !== p.mat) return text(node, `The page looks at ${ctx.store.watched}: choose ${p.mat} above to see what is on it.`);
			text(node, stale ? `No frames from ${p.mat}: ${mat?.state_text || mat?.state || "not there"}` : loadText(ctx.newest(p.mat)?.metrics, mat.calibrated, p.body_mass_kg));
		},
	};
}
