// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import * as f from "../../tools/web/page/core/format.js";
import { parse, take } from "../../tools/web/page/core/token.js";

const thin = "\u202f";

test("numbers: a dash where nothing can be said, no minus before zero", () => {
	assert.equal(f.number(48.4), "48");
	assert.equal(f.number(-0.04, 1), "0.0");
	assert.equal(f.number(-3.14159, 2), "\u22123.14");
	for (const nothing of [null, undefined, NaN, Infinity, "5"]) assert.equal(f.number(nothing), "\u2013");
	assert.equal(f.quantity(null, "N"), "\u2013");
	assert.equal(f.percent(52.6), `53${thin}%`);
});

test("as many places as a figure needs", () => {
	assert.deepEqual([5810, 99.5, 9.99, 0.148, 0, -250].map(f.places), [0, 1, 2, 3, 0, 0]);
});

test("bytes and times in the unit a person would say", () => {
	assert.equal(f.bytes(80.4e9), `80${thin}GB`);
	assert.equal(f.bytes(1.25e6), `1.3${thin}MB`);
	assert.equal(f.bytes(999), `999${thin}B`);
	assert.deepEqual([400, 12000, 119999, 125000, 7500000, 200000000].map(f.span), [`0.4${thin}s`, `12${thin}s`, `119${thin}s`, `2${thin}min`, `2${thin}h 05`, `2${thin}d`]);
	assert.deepEqual([0, 61000, 3723000].map(f.stopwatch), ["0:00", "1:01", "1:02:03"]);
});

test("a calibration holds until its last day is over (UTC)", () => {
	const at = Date.parse("2026-11-25T12:00:00Z");
	assert.equal(f.daysLeft("2026-11-25", at), 0);
	assert.equal(f.daysLeft("2026-12-25", at), 30);
	assert.equal(f.daysLeft("2026-11-24", at), -1);
	assert.equal(f.daysLeft(null, at), null);
	assert.equal(f.daysLeft("soon", at), null);
});

test("a token leaves the address and stays for the tab", () => {
	const box = new Map();
	const storage = { setItem: (k, v) => box.set(k, v), getItem: (k) => box.get(k) ?? null };
	const seen = [];
	const past = { replaceState: (_s, _t, url) => seen.push(url) };
	assert.equal(take({ hash: "#live", pathname: "/", search: "" }, past, storage), null);
	assert.equal(take({ hash: "#operator=a1b2", pathname: "/", search: "" }, past, storage), "a1b2");
	assert.deepEqual(seen, ["/"]);
	assert.equal(take({ hash: "#visit", pathname: "/", search: "" }, past, storage), "a1b2");
	assert.deepEqual(parse("#viewer=ff%2B&visit"), { token: "ff+", rest: "#visit" });
	assert.equal(parse("#session/operator=x"), null);
});
