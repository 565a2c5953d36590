// SPDX-License-Identifier: Apache-2.0
/* Places on a footprint, scales, names and units of figures, and the table of annotations. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const source = new URL("../../", import.meta.url);
const page = new URL("tools/web/page/", source);
const geometry = await import(new URL("sessions/geometry.js", page));
const figures = await import(new URL("sessions/figures.js", page));
const { trialOf } = await import(new URL("sessions/data.js", page));
const { readable } = await import(new URL("sessions/compare.js", page));
const conditions = await import(new URL("sessions/conditions.js", page));
const { pageWords } = await import(new URL("sessions/refusal.js", page));
const trend = await import(new URL("sessions/trend.js", page));
const { when } = await import(new URL("sessions/list.js", page));
const annotations = await import(new URL("sessions/annotations.js", page));

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("medial is towards the other foot, whichever way the toes point", () => {
	for (const [side, heel, toe, medial] of [
		["left", [100, 100], [100, 350], [140, 150]], ["right", [200, 100], [200, 350], [160, 150]],
		["left", [100, 350], [100, 100], [60, 300]], ["right", [350, 100], [100, 100], [300, 60]],
	]) {
		const f = geometry.frameOf({ side, axis: { heel, toe } }, 100);
		const { u, v } = geometry.toFoot(f, ...medial);
		near(v, 0.4);
		near(u, 0.2);
		const [x, y] = geometry.toMat(f, u, v);
		near(x, medial[0]);
		near(y, medial[1]);
	}
	assert.equal(geometry.frameOf({ side: "left", axis: null }, 100), null);
});

test("a place is found where it is drawn, and every place of the heel is drawn once", () => {
	const f = geometry.frameOf({ side: "right", axis: { heel: [200, 100], toe: [210, 350] } }, 95);
	for (const name of Object.keys(geometry.PLACE_BOXES)) {
		const corners = geometry.placeCorners(f, name);
		const [x, y] = [0, 1].map((k) => corners.reduce((s, c) => s + c[k], 0) / 4);
		assert.equal(geometry.placeAt(geometry.toFoot(f, x, y)), name);
		assert.ok(annotations.PAIN_PLACES.includes(name));
	}
	assert.equal(geometry.placeAt({ u: 0.8, v: 0 }), "elsewhere");
	assert.equal(geometry.placeAt({ u: 0.8, v: 0.9 }), null);
	assert.equal(geometry.placeAt({ u: -0.5, v: 0 }), null);
});

test("scales have round tops and step through them", () => {
	assert.equal(geometry.niceTop(183), 200);
	assert.equal(geometry.niceTop(200), 200);
	assert.equal(geometry.niceTop(504), 600);
	assert.equal(geometry.niceTop(801), 1000);
	assert.ok(Math.abs(geometry.niceTop(0.025) - 0.03) < 1e-12);
	assert.equal(geometry.niceTop(0), 1);
	let top = 500;
	for (const want of [600, 800, 1000, 1500]) assert.ok(Math.abs((top = geometry.stepTop(top, 1)) - want) < 1e-9);
	for (const want of [1000, 800, 600]) assert.ok(Math.abs((top = geometry.stepTop(top, -1)) - want) < 1e-9);
});

test("the picture is cut to what was loaded, within the mat", () => {
	const cells = new Float32Array(8 * 6);
	assert.deepEqual(geometry.crop(cells, 8, 6), { r0: 0, r1: 8, c0: 0, c1: 6 });
	cells[3 * 6 + 5] = 1;
	assert.deepEqual(geometry.crop(cells, 8, 6), { r0: 1, r1: 6, c0: 3, c1: 6 });
	assert.equal(geometry.beyond([1, 2, 3], 2), 1);
});

test("a path breaks where something is missing", () => {
	assert.deepEqual(geometry.runs([1, 2, null, 4], [5, 6, null, 8]), [[[1, 5], [2, 6]], [[4, 8]]]);
	assert.deepEqual(geometry.runs([null], [null]), []);
});

test("units are those of the key's end; counts are never newtons", () => {
	for (const [key, unit] of [["force_peak_n", "N"], ["force_peak_counts", "counts"], ["impulse_ns", "N\u00b7s"], ["loading_rate_avg_n_s", "N/s"], ["contact_time_s", "s"],
		["pressure_peak_kpa", "kPa"], ["mean_velocity_mm_s", "mm/s"], ["loading_rate_avg_bw_per_s", "BW/s"], ["area_95_mm2", "mm\u00b2"], ["arch_index", ""], ["speed_m_s", "m/s"]])
		assert.equal(figures.unitOf(key), unit, key);
	assert.equal(figures.nameOf("force_peak_counts"), "Peak force");
	assert.equal(figures.keyFor({ force_peak_counts: 1 }, "force_peak"), "force_peak_counts");
	assert.equal(figures.keyFor({ force_peak_bw: 1, force_peak_n: 2 }, "force_peak"), "force_peak_n");
	assert.deepEqual(figures.figureOf("feet.heel.pressure_peak_kpa"), { where: "feet, heel", name: "Peak pressure", unit: "kPa", key: "pressure_peak_kpa" });
});

test("numbers keep three digits that count, and scatter goes to the same place", () => {
	assert.equal(figures.digits(742.755), "743");
	assert.equal(figures.digits(-0.2338), "\u22120.234");
	assert.equal(figures.digits(13984.2), "13984");
	assert.equal(figures.digits(null), "\u2013");
	assert.equal(figures.digits(0), "0");
	assert.equal(figures.meanSd(7.0848, 0.0449), "7.08 (0.04)");
	assert.equal(figures.meanSd(742.7, 0.04), "743 (< 1)");
	assert.equal(figures.meanSd(3, null), "3.00");
});

test("the table of annotations is the daemon's", () => {
	const c = readFileSync(new URL("lib/core/annotation_keys.c", source), "utf8");
	const rows = c.slice(c.indexOf("keys[] = {")).replace(/"\s*\n\s*"/g, "");
	const bounds = new Map([...rows.matchAll(/NUMBER\("(\w+)", (SUBJECT|TRIAL), (-?[\d.]+), (-?[\d.]+), "([^"]*)",\s*"([^"]*)"\)/g)].map((m) => [m[1], m]));
	const texts = new Map([...rows.matchAll(/TEXT\("(\w+)", (SUBJECT|TRIAL), (\d+),\s*"([^"]*)"\)/g)].map((m) => [m[1], m]));
	const words = new Map([...rows.matchAll(/WORDS?\("(\w+)", (SUBJECT|TRIAL), (\w+),\s*"([^"]*)"\)/g)].map((m) => [m[1], m]));
	const named = [...rows.matchAll(/\.name = "(\w+)"/g)].map((m) => m[1]);
	const there = [...bounds.keys(), ...texts.keys(), ...words.keys(), ...named].filter((k) => !["feet_side", "steps_rejected"].includes(k));

	assert.ok(bounds.size > 15 && texts.size > 4 && words.size > 6, "the table in C is read");
	assert.deepEqual(annotations.KEYS.map((k) => k.key).sort(), there.sort());
	for (const k of annotations.KEYS) {
		if (k.type === "number") {
			const m = bounds.get(k.key);
			assert.deepEqual([k.of.toUpperCase(), k.min, k.max, k.unit, k.help], [m[2], Number(m[3]), Number(m[4]), m[5], m[6]], k.key);
		} else if (k.type === "text") assert.deepEqual([k.of.toUpperCase(), k.max, k.help], [texts.get(k.key)[2], Number(texts.get(k.key)[3]), texts.get(k.key)[4]]);
		else if (words.has(k.key)) {
			const m = words.get(k.key);
			const list = new RegExp(`const ${m[3]}\\[\\] = \\{([^}]*)\\}`).exec(c)[1].match(/"([^"]*)"/g).map((s) => s.slice(1, -1));
			assert.deepEqual([k.of.toUpperCase(), k.words, k.help], [m[2], list, m[4]], k.key);
		}
	}
});

test("values are checked before they are sent", () => {
	assert.deepEqual(annotations.check("heel_lift_mm", "6,5"), { value: 6.5 });
	assert.ok(annotations.check("heel_lift_mm", "600").error);
	assert.ok(annotations.check("heel_lift_mm", "six").error);
	assert.ok(annotations.check("surface", "grass").error);
	assert.deepEqual(annotations.check("first_steps", "true"), { value: true });
	assert.ok(annotations.check("notes", "\u00e4".repeat(501)).error, "bytes are counted, not letters");
	assert.ok(annotations.check("nonsense", "1").error);
});

test("sessions are read as when and whose, and told apart when that is the same", () => {
	const s = (session_uuid, started_utc, subject) => ({ session_uuid, started_utc, subject });
	const day = when("2026-11-25T10:00:00Z");
	assert.equal(readable("aaaa-1 and bbbb-2", [s("aaaa-1", "2026-11-25T10:00:00Z", "P-1")]), `${day}, P-1 and bbbb-2`);
	assert.equal(readable("aaaa-1, bbbb-2", [s("aaaa-1", "2026-11-25T10:00:00Z", ""), s("bbbb-2", "2026-11-25T10:00:20Z", "")]), `${day} (aaaa), ${day} (bbbb)`);
});

test("of sessions with several conditions the common one is compared, or what was chosen", () => {
	const of = (...lists) => conditions.startWith(lists.map((l) => ({ conditions: l })));
	assert.deepEqual(of(["shod", "barefoot"], ["barefoot"], ["lift", "barefoot"]), ["barefoot", null, "barefoot"]);
	assert.deepEqual(of(["shod", "barefoot"], ["lift", "wedge"]), ["shod", "lift"]);
	assert.deepEqual(conditions.keysOf([null, null]), {});
	assert.deepEqual(conditions.keysOf(["", null, "shod"]), { conditions: ["", null, "shod"] });
	assert.deepEqual(conditions.keysOf([conditions.ALL, "shod"], ["mat"]), { conditions: [null, "shod"], mix: "mat,condition" });
});

test("refusals are said without the options of a command line", () => {
	/* as tools/ has them: each advice on an option is a part of its own */
	for (const file of ["tools/mixing.c", "tools/compare.c"]) {
		const c = readFileSync(new URL(file, source), "utf8").replace(/"\s*\n\s*"/g, "");
		const said = [...c.matchAll(/PL_ESTATE, 0,\s*"([^"]*)"|PL_EUSAGE, 0,\s*"(there is only[^"]*(?:\\"%s\\"[^"]*)?)"/g)].map((m) => (m[1] ?? m[2]).replaceAll("%.*s", "surface").replaceAll("%s", "grass"));
		assert.ok(said.length, file);
		for (const s of said) assert.doesNotMatch(pageWords(s).said, /--/, s);
	}
	assert.deepEqual(pageWords('the recordings differ in surface: "a" and "b"; --mix surface compares them all the same'), { said: 'The recordings differ in surface: "a" and "b".', mix: "surface" });
	assert.deepEqual(pageWords("nobody stood"), { said: "Nobody stood.", mix: null });
});

test("a trend begins with what is asked first, of the sore foot", () => {
	const f = (figure, side = "", ...n) => ({ figure, side, sessions: (n.length ? n : [1, 1]).map((x) => ({ n: x })) });
	const names = (list) => list.map((x) => `${x.figure} ${x.side}`.trim());
	const stands = [f("standing.feet.contact_time_s", "left"), f("standing.sway.mean_velocity_mm_s"), f("standing.sway.path_mm"), f("standing.load.heel_pct"),
		f("standing.load.heel_pct", "left"), f("standing.load.heel_pct", "right"), f("standing.load.pct", "right"), f("standing.load.pct", "left")];
	const sway = ["standing.sway.path_mm", "standing.sway.mean_velocity_mm_s"];
	const right = trend.inOrder(stands, ["right"]);
	assert.deepEqual(names(right.first), ["standing.load.pct left", "standing.load.heel_pct right", ...sway]);
	assert.equal(right.first.length + right.others.length, stands.length);
	assert.deepEqual(names(trend.inOrder(stands, []).first), ["standing.load.pct left", "standing.load.heel_pct left", "standing.load.heel_pct right", ...sway]);
	const walks = [f("standing.load.pct", "left", 1, 0), f("steps.strike_index_pct", "left"), f("steps.heel_impulse_pct", "left"), f("steps.force_peak_n", "left"), f("steps.contact_time_s", "left")];
	assert.deepEqual(names(trend.inOrder(walks, ["left"]).first), ["steps.contact_time_s left", "steps.force_peak_n left", "steps.heel_impulse_pct left", "steps.strike_index_pct left", "standing.load.pct left"]);
	assert.deepEqual(trend.soreSides([{ pain_left: "none" }, { pain_right: "posterior-heel" }]), ["right"]);
	assert.deepEqual(trend.soreSides([{ pain_side: "both" }]), ["left", "right"]);
	assert.deepEqual(trend.soreSides([{ pain_side: "none" }]), []);
	assert.deepEqual([figures.figureOf("standing.load.pct").name, figures.figureOf("standing.load.pct").unit], ["Share of body load", "%"]);
});

test("no place and a place exclude each other", () => {
	assert.equal(annotations.togglePlace("", "posterior-heel"), "posterior-heel");
	assert.equal(annotations.togglePlace("posterior-heel", "plantar-heel-medial"), "plantar-heel-medial,posterior-heel");
	assert.equal(annotations.togglePlace("plantar-heel-medial,posterior-heel", "none"), "none");
	assert.equal(annotations.togglePlace("none", "elsewhere"), "elsewhere");
	assert.equal(annotations.togglePlace("elsewhere", "elsewhere"), "");
});

test("a trial is what plantar info says of it, finished or not", () => {
	const r = { path: "/a/trial-003.h5", state: "finished", verdict: "rejected", reason: "talked", recording: { trial: 3, condition: "shoe", annotations: { pain_left: ["posterior-heel", "elsewhere"], heel_lift_mm: 6 } }, amendments: [{}] };
	const t = trialOf(r);
	assert.deepEqual([t.trial, t.condition, t.verdict, t.reason, t.amendments.length], [3, "shoe", "rejected", "talked", 1]);
	assert.deepEqual(t.annotations, { pain_left: "posterior-heel,elsewhere", heel_lift_mm: 6 });
	assert.deepEqual([trialOf({ path: "/a/trial-012.journal", state: "recording" }).trial, trialOf({ path: "/a/x.h5", state: "finished" }).verdict], [12, "unsaid"]);
});
