// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { Store, staleAfter } from "../../tools/web/page/core/store.js";
import { header } from "./messages.mjs";

const status = (at_ms, mats, rest = {}) => ({ v: 1, t_ns: String(BigInt(at_ms) * 1000000n), utc_ns: String(BigInt(1764100000000 + at_ms) * 1000000n), mats, protocol: null, ...rest });
const mat = (name, rest = {}) => ({ mat: name, rate_hz: 250, state: "running", tared: false, epoch: 0, ...rest });

function at(t = 1000) {
	const clock = { t };
	return [new Store(() => clock.t), clock];
}

test("250 ms without a picture is stale; a slow mat is given three periods", () => {
	assert.equal(staleAfter(250), 250);
	assert.equal(staleAfter(0), 250);
	assert.equal(staleAfter(undefined), 250);
	assert.equal(staleAfter(4), 750);

	const [store, clock] = at();
	assert.equal(store.stale(), true, "nothing came yet");
	store.setStatus(status(0, [mat("left")]));
	store.sawFrame({ header: header(0, 0), arrived: 1000 });
	clock.t = 1250;
	assert.equal(store.stale(), false);
	clock.t = 1251;
	assert.equal(store.stale(), true);
});

test("another mat's picture does not make the watched one fresh", () => {
	const [store, clock] = at();
	store.setStatus(status(0, [mat("left"), mat("right")]));
	store.sawFrame({ header: header(0, 0, { mat: "left" }), arrived: 1000 });
	store.watched = "right";
	assert.equal(store.stale(), true);
	store.sawFrame({ header: header(0, 0, { mat: "left" }), arrived: 1000 });
	assert.equal(store.stale(), true);
	store.sawFrame({ header: header(0, 0, { mat: "right" }), arrived: 1000 });
	assert.equal(store.stale(), false);
	clock.t = 1200;
	store.setStatus(status(1, [mat("left")]));
	assert.equal(store.watched, "left", "a mat that is configured no more is not watched");
});

test("the age of the zero is the daemon's to tell", () => {
	const [store, clock] = at();
	store.setStatus(status(50000, [mat("left")]));
	assert.deepEqual(store.zero(), { tared: false, age_ms: null });
	store.setStatus(status(50000, [mat("left", { tared: true, tare_t_ns: null })]));
	assert.deepEqual(store.zero(), { tared: true, age_ms: null });
	store.setStatus(status(50000, [mat("left", { tared: true, tare_t_ns: "40000000000" })]));
	assert.equal(store.zero().age_ms, 10000);
	clock.t += 90000;
	assert.equal(store.zero().age_ms, 100000, "it goes on between two statuses");
});

test("whoever subscribes hears of each change, until he does not want to", () => {
	const [store] = at();
	const heard = [];
	const stop = store.subscribe((what) => heard.push(what));
	store.setStatus(status(0, [mat("left")]));
	for (let i = 0; i < 60; i++) store.addEvent({ topic: "event/left", header: header(i, i, { kind: "mark" }) });
	assert.equal(store.events.length, 50);
	assert.equal(store.events[0].header.seq, 59);
	stop();
	store.setStatus(status(1, []));
	assert.equal(heard.length, 61);
	assert.equal(store.mat(), null);
});

test("wall clock goes on between two status", () => {
	const [store, clock] = at();
	assert.equal(store.wall(), null);
	store.setStatus(status(0, []));
	clock.t += 1500;
	assert.equal(store.wall(), 1764100001500);
});
