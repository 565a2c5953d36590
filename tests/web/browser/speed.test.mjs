// SPDX-License-Identifier: Apache-2.0
/*
 * How fast the page is: a mat of 64 x 64 at 250 Hz, drawn in Chromium without a GPU, and what the bridge costs with one
 * and with eight browsers. Prints a table; --seconds N measures longer than the 8 s of a test.
 *
 *     node tests/web/browser/speed.test.mjs --seconds 60
 *
 * A busy machine draws less of everything, so what is asserted is set against an empty page that only asks
 * for pictures, in the same browser, right before and right after. Frames are counted and timed by the page (the live view's
 * plantarDebug); latency is from the mat's last byte (t_ns) to the end of drawing, by the bridge's clock.
 */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Lab, cpuSeconds, live, sleep } from "./rig.mjs";

const at = process.argv.indexOf("--seconds");
const SECONDS = at > 0 ? Number(process.argv[at + 1]) : 8;
const HZ = 250;
let lab;
const rows = [];

before(async () => {
	lab = await Lab.open({ hz: HZ });
	await lab.person("standing");
});
after(async () => {
	for (const [what, value, aim] of rows) console.log(`# ${what.padEnd(58)} ${String(value).padStart(10)}   ${aim}`);
	await lab.close();
});

const say = (what, value, aim = "") => rows.push([what, value, aim]);
const sorted = (list) => [...list].sort((a, b) => a - b);
const quantile = (list, q) => sorted(list)[Math.min(list.length - 1, Math.floor(q * list.length))];
const fixed = (x, n = 1) => x.toFixed(n);

/* What this machine grants a page that does nothing: {perSecond, p99}. */
async function empty(seconds) {
	const context = await (await lab.browser()).newContext({ viewport: { width: 1366, height: 768 } });
	const page = await context.newPage();
	await page.goto("data:text/html,<p>nothing</p>");
	const steps = await page.evaluate((ms) => new Promise((done) => {
		const list = [];
		const begun = performance.now();
		let last = begun;
		requestAnimationFrame(function next(now) {
			list.push(now - last);
			last = now;
			if (now - begun < ms) requestAnimationFrame(next);
			else done(list.slice(5));
		});
	}), seconds * 1000);
	await context.close();
	return { perSecond: steps.length / (steps.reduce((a, b) => a + b, 0) / 1000), p99: quantile(steps, 0.99) };
}

async function drawn(page, seconds) {
	return page.evaluate(async (ms) => {
		const debug = window.plantarDebug;
		const from = { drawn: debug.drawn, t: performance.now() };
		await new Promise((done) => setTimeout(done, ms));
		const s = (performance.now() - from.t) / 1000;
		const n = debug.drawn - from.drawn;
		return { perSecond: n / s, intervals: debug.intervals.slice(-n), latencies: debug.latencies.slice(-n), clock: debug.link.latency() };
	}, seconds * 1000);
}

test(`64 x 64 at ${HZ} Hz: pictures a second, their spacing, and from the mat to the pixel`, async () => {
	const page = await lab.page("live");
	await live(page);
	await sleep(2000);
	await page.context().newCDPSession(page).then((s) => s.send("HeapProfiler.collectGarbage"));
	const first = await empty(3);
	await page.bringToFront();
	const one = await drawn(page, SECONDS);
	const second = await empty(3);
	const grants = Math.min(first.perSecond, second.perSecond);
	const rate = (await lab.status()).mats[0].rate_measured_hz;

	say("frames a second of the mat", fixed(rate), `${HZ}`);
	say("an empty page: pictures a second, before and after", `${fixed(first.perSecond)} ${fixed(second.perSecond)}`, "60");
	say("an empty page: p99 between pictures, ms", `${fixed(first.p99)} ${fixed(second.p99)}`);
	say("live view: pictures a second", fixed(one.perSecond), "at least 58");
	say("live view: p50, p99 between pictures, ms", `${fixed(quantile(one.intervals, 0.5))} ${fixed(quantile(one.intervals, 0.99))}`, "p99 below 34");
	say("from the mat's last byte to the pixel, p50, p99, ms", `${fixed(quantile(one.latencies, 0.5))} ${fixed(quantile(one.latencies, 0.99))}`, "p99 below 60");
	say("clock of bridge against page, uncertainty, ms", `+-${fixed(one.clock.rtt_ms / 2, 2)}`);
	assert.ok(one.perSecond > 0.6 * grants, `${fixed(one.perSecond)} pictures a second, where an empty page gets ${fixed(grants)}`);
	assert.ok(quantile(one.latencies, 0.5) < 250, "what is seen is not old");
	assert.ok(quantile(one.latencies, 0.01) > -5, "a picture is not seen before it was measured");
	await page.context().close();
});

/* Eight pages that draw would be eight times the browser; what the bridge pays is the same for anybody who listens. */
const listen = (page, n) => page.evaluate(async (count) => {
	const { Link } = await import("./core/link.js");
	const all = Array.from({ length: count }, () => new Link({}));
	window.heard = all.map(() => ({ frames: 0, metrics: 0, lost: 0, last: null }));
	for (const [i, link] of all.entries()) {
		link.watch(null, 60);
		link.addEventListener("frame", () => window.heard[i].frames++);
		link.addEventListener("metrics", ({ detail: { header } }) => {
			const h = window.heard[i];
			if (h.last !== null) h.lost += header.seq - h.last - 1;
			h.last = header.seq;
			h.metrics++;
		});
		link.connect();
	}
	await new Promise((done) => setTimeout(done, 1500));
	window.links = all;
}, n);

test("what the bridge costs: one browser, eight browsers", async () => {
	const cost = {};
	for (const n of [1, 8]) {
		const page = await lab.page("live", { role: "viewer" });
		await page.evaluate(() => window.plantarDebug.link.close());
		await listen(page, n);
		const before_ = { cpu: cpuSeconds(lab.bridge.pid), daemon: cpuSeconds(lab.daemon.pid), t: performance.now(), heard: await page.evaluate(() => window.heard.map((h) => ({ ...h }))) };
		await sleep(SECONDS * 1000);
		const heard = await page.evaluate(() => window.heard);
		const s = (performance.now() - before_.t) / 1000;
		cost[n] = (100 * (cpuSeconds(lab.bridge.pid) - before_.cpu)) / s;
		const each = heard.map((h, i) => (h.frames - before_.heard[i].frames) / s);
		say(`bridge with ${n}: % of a core`, fixed(cost[n]), n === 1 ? "at most 5" : "at most 10");
		say(`bridge with ${n}: frames a second to each, least`, fixed(Math.min(...each)), "60");
		say(`plantard beside it: % of a core`, fixed((100 * (cpuSeconds(lab.daemon.pid) - before_.daemon)) / s));
		for (const h of heard) {
			assert.ok(h.metrics > 0, "everybody is served");
			assert.ok(h.lost < 0.05 * (h.metrics + h.lost), `${h.lost} of ${h.metrics + h.lost} figures did not come: only a page that cannot keep up loses some`);
		}
		await page.context().close();
	}
	assert.ok(cost[1] < 25 && cost[8] < 40, `bridge: ${fixed(cost[1])} and ${fixed(cost[8])} % of a core`);
	assert.ok(cost[8] < 5 * Math.max(cost[1], 1), "eight cost less than eight times one");
});
