// SPDX-License-Identifier: Apache-2.0
/*
 * What can be said of a person and of a trial: the keys of docs/archive.md, as lib/core/annotation_keys.c
 * has them (a test compares the two). plantard and plantar check every value again; this only asks for
 * the right kind.
 */
const PLACES = ["none", "plantar-heel-medial", "plantar-heel-central", "plantar-heel-lateral", "plantar-heel-anterior", "posterior-heel", "elsewhere"];

const n = (key, of, min, max, unit, help) => ({ key, of, type: "number", min, max, unit, help });
const w = (key, of, words, help, many = false) => ({ key, of, type: many ? "words" : "word", words, help });
const t = (key, of, max, help) => ({ key, of, type: "text", max, help });

export const KEYS = [
	{ key: "subject", of: "subject", type: "code", max: 64, help: "the person's code, a pseudonym" },
	n("body_mass_kg", "subject", 1, 500, "kg", "body mass"),
	n("height_m", "subject", 0.4, 2.6, "m", "height"),
	n("foot_length_left_mm", "subject", 80, 400, "mm", "length of the left foot, standing"),
	n("foot_length_right_mm", "subject", 80, 400, "mm", "length of the right foot, standing"),
	w("pain_side", "subject", ["left", "right", "both", "none"], "which foot hurts"),
	w("pain_left", "subject", PLACES, "where the left foot hurts", true),
	w("pain_right", "subject", PLACES, "where the right foot hurts", true),
	n("pain_first_steps", "subject", 0, 10, "", "pain of the first steps of the day"),
	n("weekly_load_km", "subject", 0, 500, "km", "distance run in a week"),
	n("weekly_load_h", "subject", 0, 168, "h", "hours on the feet in a week"),
	t("training", "subject", 255, "usual surfaces, hills, what changed lately"),
	n("bmi_kg_m2", "subject", 8, 100, "kg/m^2", "body mass index as entered"),
	n("ankle_dorsiflexion_left_deg", "subject", -40, 80, "deg", "measured by hand, left ankle"),
	n("ankle_dorsiflexion_right_deg", "subject", -40, 80, "deg", "measured by hand, right ankle"),
	n("calf_strength_left_n", "subject", 0, 5000, "N", "dynamometer, left calf"),
	n("calf_strength_right_n", "subject", 0, 5000, "N", "dynamometer, right calf"),
	n("heel_raises_left", "subject", 0, 500, "", "single-leg heel raises, left"),
	n("heel_raises_right", "subject", 0, 500, "", "single-leg heel raises, right"),
	n("faam_adl_pct", "subject", 0, 100, "%", "FAAM, activities of daily living"),
	n("faam_sport_pct", "subject", 0, 100, "%", "FAAM, sports"),
	n("pain_score", "trial", 0, 10, "", "pain during this trial"),
	{ key: "first_steps", of: "trial", type: "word", words: ["true", "false"], help: "these are the first steps after rest" },
	t("approach", "trial", 32, "how the person came onto the mat"),
	w("surface", "trial", ["barefoot", "shoe-on-mat", "in-shoe"], "what lies between foot and sensor"),
	w("ground", "trial", ["overground", "treadmill", "in-place"], "what was walked or run on"),
	n("hill_pct", "trial", -45, 45, "%", "slope, uphill positive"),
	n("speed_m_s", "trial", 0, 15, "m/s", "speed of walking or running"),
	w("speed_source", "trial", ["gates", "belt", "entered", "none"], "where the speed comes from"),
	t("footwear", "trial", 255, "which shoe"),
	n("footwear_age_months", "trial", 0, 600, "months", "age of the shoe"),
	n("heel_lift_mm", "trial", 0, 100, "mm", "height of the heel lift"),
	t("insole", "trial", 255, "which insole"),
	t("tape", "trial", 255, "taped how"),
	w("facing", "trial", ["auto", "forward", "backward", "left", "right"], "where the toes point on the mat, as somebody saw it"),
	w("side", "trial", ["unknown", "left", "right"], "which foot, where all of the recording is of one"),
	t("notes", "trial", 1000, "anything else"),
];

export const PAIN_PLACES = PLACES;

/* What only other commands may set: correct, pain and accept, trial. */
const ELSEWHERE = ["facing", "side", "approach", "pain_score", "subject"];

export function find(key) {
	return KEYS.find((k) => k.key === key) ?? null;
}

/* Keys that one may be asked for. of: "subject", "trial" or "" for both. */
export function keysOf(of = "", without = ELSEWHERE) {
	return KEYS.filter((k) => (!of || k.of === of) && !without.includes(k.key));
}

export function label(k) {
	return `${k.help[0].toUpperCase()}${k.help.slice(1)}${k.unit ? ` (${k.unit})` : ""}`;
}

/* What somebody typed as a value for a request: {value} or {error}. */
export function check(key, typed) {
	const k = find(key);
	const s = String(typed ?? "").trim();

	if (!k) return { error: `There is no ${key}.` };
	if (s === "") return { error: `${label(k)}: a value is missing.` };
	if (k.type === "number") {
		const x = Number(s.replace(",", "."));

		if (!Number.isFinite(x) || x < k.min || x > k.max) return { error: `${label(k)}: ${k.min} to ${k.max}${k.unit ? ` ${k.unit}` : ""}.` };
		return { value: x };
	}
	if (k.type === "word" && !k.words.includes(s)) return { error: `${label(k)}: one of ${k.words.join(", ")}.` };
	if (k.type === "words" && !s.split(",").every((x) => k.words.includes(x))) return { error: `${label(k)}: some of ${k.words.join(", ")}.` };
	if ((k.type === "text" || k.type === "code") && new TextEncoder().encode(s).length > k.max) return { error: `${label(k)}: at most ${k.max} bytes.` };
	return { value: k.words?.includes("true") ? s === "true" : s };
}

/* As people read it: "heel_lift_mm: 6 mm". */
export function said(key, value) {
	const k = find(key);

	return `${value === true ? "yes" : value === false ? "no" : value}${k?.unit ? ` ${k.unit}` : ""}`;
}

/* Places of pain as somebody toggles them: none excludes all others. */
export function togglePlace(list, place) {
	const now = new Set((list ?? "").split(",").filter(Boolean));

	if (now.has(place)) now.delete(place);
	else {
		if (place === "none") now.clear();
		now.delete("none");
		now.add(place);
	}
	return PLACES.filter((p) => now.has(p)).join(",");
}
