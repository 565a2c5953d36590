// SPDX-License-Identifier: Apache-2.0
/*
 * Names of figures for people, and their units, which a key's end says (docs/metrics.md). What has no
 * name here keeps its key: a new figure shows at once, only less beautifully.
 */
import { NONE } from "../core/format.js";

/* Longest ends first. A count is never a newton: keys without calibration say counts. */
const UNITS = [
	["_counts_per_s", "counts/s"], ["_counts_s", "counts\u00b7s"], ["_kpa_s", "kPa\u00b7s"], ["_bw_per_s", "BW/s"], ["_bw_s", "BW\u00b7s"],
	["_n_s", "N/s"], ["_mm_s", "mm/s"], ["_m_s", "m/s"], ["_ns", "N\u00b7s"], ["_counts", "counts"], ["_kpa", "kPa"], ["_cm2", "cm\u00b2"], ["_mm2", "mm\u00b2"],
	["_pct", "%"], ["_deg", "\u00b0"], ["_spm", "steps/min"], ["_hz", "Hz"], ["_mm", "mm"], ["_bw", "BW"], ["_kg", "kg"], ["_n", "N"], ["_s", "s"],
];

const NAMES = {
	contact_time: "Contact time",
	force_peak: "Peak force",
	impulse: "Impulse",
	first_peak: "First peak of the force",
	loading_rate_avg: "Loading rate, mean",
	loading_rate_max: "Loading rate, steepest",
	strike_index: "Strike index, from the heel",
	strike_index_first: "Strike index, first frame",
	heel_contact: "Time of the heel in contact",
	heel_off: "Heel off, of stance",
	rearfoot_cop_time: "Centre of pressure in the heel",
	heel_impulse: "Impulse of the heel",
	mid_impulse: "Impulse of the midfoot",
	fore_impulse: "Impulse of the forefoot",
	heel_medial: "Heel's impulse, medial half",
	cop_ml_excursion: "Excursion across, early stance",
	cpei: "CPEI",
	arch_index: "Arch index",
	foot_progression: "Toes out",
	length: "Length of the footprint",
	width: "Width of the footprint",
	pressure_peak: "Peak pressure",
	force_time_integral: "Force-time integral",
	contact_area: "Contact area",
	load: "Share of load",
	pct: "Share of body load",
	area_95: "Sway area, 95 %",
	path: "Sway path",
	mean_velocity: "Sway velocity, mean",
	rms: "Sway, RMS",
	range: "Sway range",
	mean_frequency: "Sway frequency, mean",
	cadence: "Cadence",
	double_support: "Double support",
	flight_time: "Flight time",
	force_mean: "Mean force",
	left: "Load on the left",
	right: "Load on the right",
	heel: "Load on the heels",
	midfoot: "Load on the midfeet",
	forefoot: "Load on the forefeet",
	symmetry_index: "Symmetry index",
};

const DAMPED = {
	load_pct: "share of load",
};

export function unitOf(key) {
	return key === "pct" ? "%" : UNITS.find(([end]) => key.endsWith(end))?.[1] ?? "";
}

export function baseOf(key) {
	const end = UNITS.find(([e]) => key.endsWith(e))?.[0] ?? "";

	return key.slice(0, key.length - end.length);
}

export function nameOf(key) {
	const base = baseOf(key);

	return NAMES[base] ?? DAMPED[key] ?? base.replaceAll("_", " ").replace(/^./, (c) => c.toUpperCase());
}

/* Of a path such as feet.heel.pressure_peak_kpa: where it is from, what, in what unit. */
export function figureOf(path) {
	const parts = path.split(".");
	const key = parts.at(-1);

	return { where: parts.slice(0, -1).join(", ").replaceAll("_", " "), name: nameOf(key), unit: unitOf(key), key };
}

/* Three figures that count: 742.755 -> 743, 7.0848 -> 7.08, 0.2338 -> 0.234, 13984 -> 13984. */
export function digits(x, n = 3) {
	if (typeof x !== "number" || !Number.isFinite(x)) return NONE;
	if (x === 0) return "0";
	const places = Math.max(0, n - 1 - Math.floor(Math.log10(Math.abs(x))));
	const s = x.toFixed(Math.min(places, 6));

	return (/^-0(\.0*)?$/.test(s) ? s.slice(1) : s).replace("-", "\u2212");
}

/* "743 (12)": mean and SD to the same place; "743" where there is no SD. */
export function meanSd(mean, sd) {
	if (typeof mean !== "number" || !Number.isFinite(mean)) return NONE;
	const m = digits(mean);
	const places = m.includes(".") ? m.split(".")[1].length : 0;

	return typeof sd === "number" && Number.isFinite(sd) ? `${m} (${sd < 10 ** -places / 2 && sd > 0 ? `< ${(10 ** -places).toFixed(places)}` : sd.toFixed(places)})` : m;
}

/* The figures of steps that the table shows, in this order; keys without an entry are in the second table. */
export const STEP_COLUMNS = ["contact_time", "force_peak", "impulse", "loading_rate_avg", "strike_index", "heel_impulse", "heel_off"];

/* The key of a base in a document, whatever its unit is: force_peak -> force_peak_n or force_peak_counts. */
export function keyFor(object, base) {
	return Object.keys(object ?? {}).find((k) => baseOf(k) === base && !k.includes("_bw")) ?? null;
}

/* A visit's flags of an analysis, in words. */
export const STEP_FLAGS = {
	partial: "cut off by the edge of the mat",
	two_feet: "the other foot touched",
	saturation: "cells at full scale",
	gap: "frames missing",
	cut_onset: "begins before the recording",
	cut_end: "ends after the recording",
	operator: "taken out by hand",
};

export const STANDING_FLAGS = {
	below_25_s: "shorter than 25 s: sway has not settled",
	below_50_hz: "below 50 Hz",
	gap: "missing frames cut it short",
	unfiltered: "not filtered at this rate",
	cut: "longer than what is kept",
	near_own_sway: "near the mat's own sway",
	coarse_floor: "coarse codes: the sway area may be off by up to 5 %",
	rate: "time stamps and nominal rate differ; the time stamps were taken",
};
