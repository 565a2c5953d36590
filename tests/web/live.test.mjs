// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { WORDS, colour, step } from "../../tools/web/page/live/colours.js";
import { Means, axes, pair, shares, units } from "../../tools/web/page/live/figures.js";
import { Hold } from "../../tools/web/page/live/hold.js";
import { FINE, Smoother, firstTop, nextTop, paint } from "../../tools/web/page/live/picture.js";
import { Recent } from "../../tools/web/page/live/recent.js";
import { Trace } from "../../tools/web/page/live/trace.js";
import { Trail } from "../../tools/web/page/live/trail.js";
import { ITEMS, recording } from "../../tools/web/page/live/states.js";
import { Store } from "../../tools/web/page/core/store.js";
import { header } from "./messages.mjs";

/* ---- colours and cells ---- */

/* Relative luminance (WCAG 2): what is left in grey. */
function luminance([r, g, b]) {
	const lin = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
	return 0.2126 * lin(r) + 0.7152 * lin(g) + 0.0722 * lin(b);
}

test("more pressure is always lighter, so the map reads in grey", () => {
	/* neighbours are rounded to 8 bits a channel, so four steps are compared */
	for (let i = 5; i <= 256; i++) assert.ok(luminance(colour(i)) > luminance(colour(i - 4)), `step ${i}`);
	assert.ok(luminance(colour(0)) < luminance(colour(1)));
});

test("ends of viridis as published", () => {
	assert.deepEqual(colour(1), [0x44, 0x02, 0x56]);
	assert.deepEqual(colour(128), [0x21, 0x91, 0x8c]);
	assert.deepEqual(colour(255), [0xfd, 0xe7, 0x25]);
});

test("beyond the scale is not the end of the scale", () => {
	assert.deepEqual([0, -5, NaN, 0.5, 100, 199.9, 200, 200.1].map((v) => step(v, 200)), [0, 0, 0, 0, 128, 255, 255, 256]);
	const pixels = new Uint32Array(4);
	paint(pixels, Uint16Array.from([0, 2000, 4000, 4001]), 0.05, 200);
	assert.deepEqual([...pixels], [WORDS[0], WORDS[128], WORDS[255], WORDS[256]]);
});

test("smoothing is between values, keeps a flat field, and invents nothing at the border", () => {
	const s = new Smoother(3, 2);
	const pixels = new Uint32Array(3 * FINE * 2 * FINE);
	s.paint(pixels, Uint8Array.from([90, 90, 90, 90, 90, 90]), 1, 256);
	assert.ok(pixels.every((p) => p === WORDS[90]));

	s.paint(pixels, Uint8Array.from([0, 160, 0, 160, 0, 160]), 1, 256);
	const row = [...pixels.slice(0, 2 * FINE)].map((p) => WORDS.indexOf(p));
	/* centres at 2 and 6 of 8 pixels, values at pixel + 1/2: 1.5 and 0.5 before a centre hold its value */
	assert.deepEqual(row, [0, 0, 20, 60, 100, 140, 160, 160]);
	const down = new Smoother(2, 1);
	const column = new Uint32Array(2 * FINE * FINE);
	down.paint(column, Uint8Array.from([0, 160]), 1, 256);
	assert.deepEqual([...column].filter((_, i) => i % FINE === 0).map((p) => WORDS.indexOf(p)), [0, 0, 20, 60, 100, 140, 160, 160]);
});

test("scales step through 1, 2, 5 and never follow the data", () => {
	assert.equal(firstTop("kPa", "<u2"), 200);
	assert.equal(firstTop("counts", "|u1"), 255);
	assert.deepEqual([nextTop(200, 1), nextTop(200, -1), nextTop(255, 1), nextTop(255, -1), nextTop(10, -1), nextTop(1, -1), nextTop(0.01, -1)], [500, 100, 500, 200, 5, 0.5, 0.01]);
});

/* ---- figures ---- */

const standing = {
	force_n: 700, left_pct: 40, right_pct: 60, heel_pct: 55, midfoot_pct: 5, forefoot_pct: 40, feet: 2,
	left_force_n: 280, left_heel_pct: 50, left_midfoot_pct: 10, left_forefoot_pct: 40, left_heel_am_force_n: 28, left_heel_al_force_n: 42, left_heel_pm_force_n: 35, left_heel_pl_force_n: 35,
	right_force_n: 420, right_heel_pct: 60, right_midfoot_pct: 0, right_forefoot_pct: 40, right_heel_am_force_n: null,
};
const counts = Object.fromEntries(Object.entries(standing).map(([k, v]) => [k.replace(/_n$/, "_counts"), v]));

test("quarters are shares of both feet and add up to 100", () => {
	const s = shares(standing);
	assert.deepEqual([s.left_heel, s.left_midfoot, s.left_forefoot, s.right_heel, s.right_midfoot, s.right_forefoot], [20, 4, 16, 36, 0, 24]);
	assert.deepEqual([s.left_heel_am, s.left_heel_al, s.right_heel_am], [10, 15, null]);
	assert.deepEqual(shares({ ...standing, left_pct: null, right_pct: null }).left_heel, null);
});

test("who stands on one leg has nothing on the other, now and in the mean", () => {
	const right = { ...standing, left_pct: 0, right_pct: 100, left_force_n: null, left_heel_pct: null, left_midfoot_pct: null, left_forefoot_pct: null };
	assert.deepEqual([shares(right).left_heel, shares(right).right_heel], [0, 60]);
	const m = new Means();
	m.push(header(0, 0), right);
	m.push(header(1, 4), { ...standing, left_pct: 100, right_pct: 0 });
	assert.deepEqual([m.mean("left"), m.mean("left_heel") + m.mean("left_midfoot") + m.mean("left_forefoot")], [50, 50]);
});

test("without calibration nothing is a newton", () => {
	assert.deepEqual(units(standing), { calibrated: true, force: "n", pressure: "kpa", forceUnit: "N", pressureUnit: "kPa" });
	assert.deepEqual(units(counts).forceUnit, "counts");
	assert.equal(shares(counts).left_heel_am, 10);
});

test("a mean is of the load, ends where the newest frame says nothing, and forgets after half a second", () => {
	const m = new Means();
	assert.equal(m.mean("left"), null);
	m.push(header(0, 0), { ...standing, force_n: 100, left_pct: 0, right_pct: 100 });
	m.push(header(1, 100), { ...standing, force_n: 300, left_pct: 40, right_pct: 60 });
	assert.equal(m.mean("left"), 30);
	m.push(header(2, 601), { ...standing, force_n: 300, left_pct: 50 });
	assert.equal(m.mean("left"), 50);
	m.push(header(3, 602), { ...standing, left_pct: null });
	assert.equal(m.mean("left"), null);
});

test("left and right are rounded together", () => {
	assert.deepEqual(pair(48.5, 51.5), [49, 51]);
	assert.deepEqual(pair(null, 51.5), [null, null]);
});

test("ap and ml follow the person where it is known which way he faces", () => {
	assert.deepEqual(axes("backward", []), { person: true, ap: [0, -1], ml: [-1, -0] });
	assert.deepEqual(axes("right", []), { person: true, ap: [1, 0], ml: [0, -1] });
	assert.deepEqual(axes("auto", [-12, 14]), { person: true, ap: [0, 1], ml: [1, -0] });
	assert.deepEqual(axes("auto", [170, -175, null]).ap, [0, -1]);
	for (const unknown of [[], [null], [40], [-10, 100]]) assert.equal(axes("auto", unknown).person, false);
});

/* ---- time ---- */

function read(trace, now, use, map) {
	const into = [[], ...use.map(() => [])];
	trace.read(now, use, into, map);
	return into;
}

test("a strip keeps peaks, thins, and ends where data end", () => {
	const t = new Trace(1, 1, 20);
	for (let i = 0; i < 500; i++) t.push(header(i, 2 * i), [i === 251 ? 99 : 1], 500);
	const [x, y] = read(t, 1000, [0]);
	assert.ok(x.length <= 102);
	assert.equal(Math.max(...y), 99);
	assert.ok(x.every((v, i) => i === 0 || v > x[i - 1]));
	assert.ok(!y.includes(null));
	const [later] = read(t, 1600, [0]);
	assert.ok(later.at(-1) < -0.59 && later[0] > -1.03);
	assert.equal(read(t, 5000, [0])[0].length, 0);
	assert.deepEqual(t.extent(1000, 0).greatest, 99);
});

test("a slow mat is no gap; missing frames, silence and a new connection are", () => {
	const slow = new Trace(1, 10, 20);
	for (let i = 0; i < 50; i++) slow.push(header(i, 40 * i), [5], 25);
	assert.ok(!read(slow, 2000, [0])[1].includes(null));
	assert.deepEqual(slow.gaps, []);

	const gaps = (second) => {
		const t = new Trace(1, 10, 20);
		t.push(header(0, 0), [5], 250);
		t.push(second, [5], 250);
		return [t.gaps, read(t, 1000, [0])[1].filter((v) => v === null).length];
	};
	assert.deepEqual(gaps(header(1, 250)), [[], 0]);
	assert.deepEqual(gaps(header(3, 100)), [[{ from: 0, to: 100, frames: 2 }], 1]);
	assert.deepEqual(gaps(header(1, 251)), [[{ from: 0, to: 251, frames: 0 }], 1]);
	assert.deepEqual(gaps(header(0, 100, { epoch: 1 })), [[{ from: 0, to: 100, frames: null }], 1]);
});

test("what cannot be said breaks a line, in its own channel only", () => {
	const t = new Trace(2, 10, 20);
	for (let i = 0; i < 10; i++) t.push(header(i, 20 * i), [i, i === 5 ? null : i], 50);
	const [x, a, b] = read(t, 200, [0, 1], [(v) => v * 10]);
	assert.equal(x.length, 20);
	assert.ok(!a.includes(null));
	assert.equal(a.at(-1), 90);
	assert.deepEqual(b.slice(8, 14), [4, 4, null, null, 6, 6]);
});

test("a clock that began anew clears the strip", () => {
	const t = new Trace(1, 10, 20);
	t.push(header(0, 900000), [1], 50);
	t.push(header(0, 100, { epoch: 1 }), [2], 50);
	assert.deepEqual(read(t, 200, [0])[1], [2, 2]);
});

test("a trail is three seconds and broken where nothing was known", () => {
	const t = new Trail();
	for (let i = 0; i <= 1000; i++) t.push(4 * i, i === 500 ? null : i, 0);
	const seen = [];
	t.each(4000, (age, x) => seen.push([age, x]));
	assert.ok(seen.length > 150 && seen.length < 210);
	assert.ok(seen.every(([age]) => age >= 0 && age <= 1));
	assert.equal(seen.filter(([, x]) => Number.isNaN(x)).length, 1);
	assert.equal(t.newest.x, 1000);
	t.push(4004, null, null);
	assert.ok(Number.isNaN(t.newest.x));
});

test("a hold is the mat's time within the band, and ends with the band, a gap or a dash", () => {
	const band = { centre: 50, half: 5 };
	const hold = new Hold();
	let seq = 0;
	let t = 0;
	const push = (value, ms = 4, rest = {}) => hold.push(header(seq++, (t += ms), rest), value, band, 250);
	for (let i = 0; i <= 100; i++) push(52);
	assert.equal(hold.now_ms, 400);
	push(55.1);
	assert.deepEqual([hold.now_ms, hold.best_ms, hold.inside], [0, 400, false]);
	push(55);
	push(55);
	assert.equal(hold.now_ms, 4);
	push(null);
	assert.deepEqual([hold.now_ms, hold.inside], [0, null]);
	push(50);
	push(50);
	push(50, 251);
	assert.equal(hold.now_ms, 0, "the mat was silent");
	push(50);
	const lost = { lost: { device: 0, corrupt: 3, overrun: 0, pool: 0 } };
	seq += 3;
	push(50, 16, lost);
	assert.equal(hold.now_ms, 0, "frames were lost");
	push(50, 4, { ...lost, epoch: 1 });
	assert.equal(hold.now_ms, 0, "another connection");
	assert.equal(hold.best_ms, 400);
});

test("the last intervals, oldest first, without growing", () => {
	const r = new Recent(3);
	for (const x of [1, 2, 3, 4, 5]) r.push(x);
	assert.deepEqual(r.list(), [3, 4, 5]);
});

/* ---- state strip ---- */

const MAT = {
	mat: "left", state: "running", state_text: "", rate_hz: 250, rate_measured_hz: 249.9, tared: false, epoch: 0, unit: "kPa",
	lost: { device: 0, corrupt: 0, overrun: 0, pool: 0 }, lost_total: { device: 0, corrupt: 4, overrun: 0, pool: 0 },
	calibration: "c1", calibrated: true, calibration_made: "2025-12-01", calibration_expires: "2026-12-01", calibration_by: null, calibration_expired: false, recording: null,
};

function level(item, change = {}, archive = {}) {
	const store = new Store(() => 0);
	const mat = { ...MAT, ...change };
	const utc = BigInt(Date.parse("2026-11-25T12:00:00Z")) * 1000000n;
	store.setStatus({ t_ns: "0", utc_ns: String(utc), mats: [mat], archive: { folder: "/a", free_bytes: 8e10, reserve_bytes: 5e8, fallback: null, ...archive } });
	return ITEMS[item](mat, store, 0).slice(0, 2);
}

test("the state strip says what is wrong, and never newtons without calibration", () => {
	assert.deepEqual(level("rate"), ["249.9 of 250\u202fHz", "good"]);
	assert.equal(level("rate", { rate_measured_hz: 230 })[1], "warn");
	assert.deepEqual(level("rate", { state: "gone" }), ["gone", "bad"]);
	assert.deepEqual(level("lost"), ["0 (4)", "good"]);
	assert.equal(level("lost", { lost: { device: 2, corrupt: 0, overrun: 0, pool: 0 } })[1], "warn");
	assert.deepEqual(level("calibration"), ["to 2026-12-01", "warn"], "ends within a month");
	assert.equal(level("calibration", { calibration_expires: "2027-11-01" })[1], "good");
	assert.deepEqual(level("calibration", { calibrated: false }), ["none: counts", "warn"]);
	assert.deepEqual(level("calibration", { calibrated: false, calibration_expired: true }), ["expired: counts", "bad"]);
	assert.deepEqual(level("calibration", { calibration_expires: "2026-11-24", calibration_expired: true }), ["ended 2026-11-24", "bad"]);
	assert.equal(level("disk")[1], "good");
	assert.equal(level("disk", {}, { free_bytes: 1.4e9 })[1], "warn");
	assert.equal(level("disk", {}, { free_bytes: 4e8 })[1], "bad");
	assert.equal(level("zero")[0], "not taken");
});

test("the recording lamp counts from when the recording began", () => {
	const store = new Store(() => 5000);
	store.setStatus({ t_ns: "0", utc_ns: "1764100060000000000", mats: [] });
	assert.deepEqual(recording({ recording: { started_utc_ns: "1764100000000000000" } }, store, 5000), ["REC 1:00", true]);
	assert.deepEqual(recording(null, store, 5000), ["not recording", false]);
	assert.deepEqual(recording(null, store, 8001), ["recording: not known", false], "plantard has gone");
});
