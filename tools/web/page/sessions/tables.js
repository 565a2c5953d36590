// SPDX-License-Identifier: Apache-2.0
/* Figures of one trial as tables: steps one by one, their means by side, standing. Values with units and n. */
import { button, el } from "../core/ui.js";
import { baseOf, digits, keyFor, meanSd, nameOf, STANDING_FLAGS, STEP_COLUMNS, STEP_FLAGS, unitOf } from "./figures.js";
import { swayPlot } from "./sway.js";

const head = (cells) => el("thead", {}, el("tr", {}, cells.map((c) => el("th", { scope: "col" }, c))));

function columnHead(key) {
	return [nameOf(key), el("span.unit", {}, unitOf(key))];
}

/* onreject(n) and onaccept(n), n from 1, or null for who may not. */
export function stepTable(analysis, { onreject = null, onaccept = null } = {}) {
	const steps = analysis.steps ?? [];

	if (!steps.length) return el("p.quietly", {}, "No steps were found in this trial.");
	const keys = STEP_COLUMNS.map((b) => keyFor(steps[0], b)).filter(Boolean);
	const indicative = new Set(analysis.gait?.indicative ?? []);
	const row = (s, i) => {
		const why = s.reject_reason ? [`by hand: ${s.reject_reason}`] : (s.rejected ?? []).map((r) => STEP_FLAGS[r] ?? r);
		const byHand = (s.rejected ?? []).includes("operator");
		const act = byHand ? onaccept && button("Count it", () => onaccept(i + 1), { testid: `accept-step-${i + 1}`, title: `count step ${i + 1} after all` })
			: onreject && s.accepted ? button("Take out", () => onreject(i + 1), { testid: `reject-step-${i + 1}`, title: `take step ${i + 1} out` }) : null;

		return el("tr", { class: s.accepted ? "" : "out", data: { testid: `step-${i + 1}` } },
			el("th", { scope: "row" }, `${i + 1}`), el("td", { class: s.side }, s.side), el("td.n", {}, digits(s.onset_s)),
			keys.map((k) => el("td.n", {}, digits(s[k]))), el("td", {}, s.strike ?? ""),
			el("td", {}, s.accepted ? "counts" : ["does not count: ", why.join(", ")], s.flags?.length ? el("span.hint", {}, ` ${s.flags.join(", ")}`) : null), el("td", {}, act));
	};

	return el("div.wide", { tabIndex: 0, role: "region", aria: { label: "Steps of this trial" } }, el("table.figures", { data: { testid: "steps" } },
		el("caption", {}, `Steps: ${analysis.gait?.steps ?? 0} count (${analysis.gait?.steps_left ?? 0} left, ${analysis.gait?.steps_right ?? 0} right), ${analysis.gait?.steps_rejected ?? 0} do not`),
		head(["Step", "Side", ["Onset ", el("span.unit", {}, "s")], ...keys.map((k) => [...columnHead(k), indicative.has(k) ? el("span.hint", { title: "this rate or pitch carries it only roughly" }, " roughly") : null]), "Landed on", "Counts", "By hand"]),
		el("tbody", {}, steps.map(row))));
}

export function gaitTable(analysis) {
	const f = analysis.gait?.figures ?? {};
	const keys = Object.keys(f).filter((k) => f[k].all.n > 0 && baseOf(k) !== "strike_index_first");

	if (!keys.length) return null;
	const cell = (s) => el("td.n", {}, s.n ? [meanSd(s.mean, s.sd), el("span.hint", {}, ` n ${s.n}`)] : "\u2013");

	return el("div.wide", { tabIndex: 0, role: "region", aria: { label: "Means over steps" } }, el("table.figures", { data: { testid: "gait" } },
		el("caption", {}, "Means of the steps that count, with SD and n"),
		head(["Figure", "Unit", "All", "Left", "Right", ["Symmetry index ", el("span.unit", {}, "%")]]),
		el("tbody", {}, keys.map((k) => el("tr", {}, el("th", { scope: "row" }, nameOf(k), analysis.gait.indicative?.includes(k) ? el("span.hint", {}, " (roughly)") : null), el("td", {}, unitOf(k)),
			cell(f[k].all), cell(f[k].left), cell(f[k].right), el("td.n", {}, digits(f[k].symmetry_index_pct)))))));
}

const LOADS = [["share", "Share of the load", (s) => (s ? `${s}_` : null)], ["heel", "Heel"], ["midfoot", "Midfoot"], ["forefoot", "Forefoot"],
	["heel_am", "Heel, anterior medial"], ["heel_al", "Heel, anterior lateral"], ["heel_pm", "Heel, posterior medial"], ["heel_pl", "Heel, posterior lateral"]];

function loadRows(load) {
	const value = (side, base) => {
		const key = base === "share" ? side : `${side ? `${side}_` : ""}${base}`;

		return key ? [load[`${key}_pct`], load[`${key}_sd_pct`]] : [null, null];
	};

	return LOADS.filter(([base]) => ["left", "right", ""].some((s) => typeof value(s, base)[0] === "number")).map(([base, name]) =>
		el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, "%"), ["left", "right", ""].map((s) => el("td.n", {}, meanSd(...value(s, base))))));
}

const SWAY = ["area_95_mm2", "mean_velocity_mm_s", "mean_velocity_ap_mm_s", "mean_velocity_ml_mm_s", "path_mm", "rms_mm", "rms_ap_mm", "rms_ml_mm", "range_ap_mm", "range_ml_mm", "mean_frequency_hz"];

export function standingTable(analysis) {
	const s = analysis.standing;

	if (!s) return null;
	const sway = s.sway ?? {};
	const unit = "force_mean_counts" in s ? "counts" : "N";
	const force = (side) => (side ? s.load?.[`${side}_force_mean_${unit === "N" ? "n" : "counts"}`] : s[`force_mean_${unit === "N" ? "n" : "counts"}`]);
	const about = `Standing: ${digits(s.to_s - s.from_s)} s, n = ${s.samples} samples at ${digits(s.rate_hz)} Hz; sway filtered at ${analysis.method.filter_hz ?? "no"} Hz`;

	return [el("table.figures", { data: { testid: "standing" } },
		el("caption", {}, about),
		head(["Load, mean (SD)", "Unit", "Left", "Right", "Both"]),
		el("tbody", {}, el("tr", {}, el("th", { scope: "row" }, "Mean force"), el("td", {}, unit), ["left", "right", ""].map((x) => el("td.n", {}, digits(force(x))))), s.load ? loadRows(s.load) : null)),
	s.flags?.length ? el("ul.hint", {}, s.flags.map((f) => el("li", {}, STANDING_FLAGS[f] ?? f))) : null,
	el("div.swaying", {}, swayPlot(analysis.pictures?.sway), el("table.figures", { data: { testid: "sway" } },
		el("caption", {}, "Sway of the centre of pressure"), head(["Figure", "Unit", "Value"]),
		el("tbody", {}, SWAY.filter((k) => typeof sway[k] === "number").map((k) => el("tr", {}, el("th", { scope: "row" }, `${nameOf(k.replace(/_(ap|ml)(?=_)/, ""))}${/_ap_/.test(k) ? ", fore-aft" : /_ml_/.test(k) ? ", sideways" : ""}`), el("td", {}, unitOf(k)), el("td.n", {}, digits(sway[k])))))))];
}
