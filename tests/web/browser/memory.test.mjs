// SPDX-License-Identifier: Apache-2.0
/*
 * Memory of the page and of the bridge does not grow with the time that the page is open. Short: 40 s at 250 Hz;
 * long: node tests/web/browser/memory.test.mjs --minutes 60. The heap is looked at after a forced collection; what
 * is judged is the last half alone, when all buffers that have an end are full (10 s of strips, 3 s of trails).
 */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Lab, live, rssKib, sleep } from "./rig.mjs";

const at = process.argv.indexOf("--minutes");
const SECONDS = at > 0 ? Number(process.argv[at + 1]) * 60 : 40;
const LOOKS = at > 0 ? 60 : 16;
let lab;

before(async () => {
	lab = await Lab.open({ hz: 250 });
	await lab.person("standing");
});
after(() => lab?.close());

/* Least squares: growth a second. */
function slope(points) {
	const n = points.length;
	const mx = points.reduce((s, [x]) => s + x, 0) / n;
	const my = points.reduce((s, [, y]) => s + y, 0) / n;
	return points.reduce((s, [x, y]) => s + (x - mx) * (y - my), 0) / points.reduce((s, [x]) => s + (x - mx) ** 2, 0);
}

test(`${SECONDS} s open: neither the page nor the bridge grows`, async () => {
	const page = await lab.page("live");
	await live(page);
	const cdp = await page.context().newCDPSession(page);
	await cdp.send("Performance.enable");
	const looks = [];
	const begun = performance.now();

	await sleep(10000); /* until the strips are full */
	for (let i = 0; i < LOOKS; i++) {
		await sleep((SECONDS * 1000) / LOOKS);
		await cdp.send("HeapProfiler.collectGarbage");
		const m = Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics.map((x) => [x.name, x.value]));
		looks.push({ s: (performance.now() - begun) / 1000, heap: m.JSHeapUsedSize / 1024, nodes: m.Nodes, listeners: m.JSEventListeners, bridge: rssKib(lab.bridge.pid) });
	}
	const late = looks.slice(LOOKS / 2);
	const grows = (what) => slope(late.map((l) => [l.s, l[what]]));
	const last = looks.at(-1);
	console.log(`# after ${last.s.toFixed(0)} s: heap ${(last.heap / 1024).toFixed(2)} MiB, ${last.nodes} nodes, ${last.listeners} listeners; bridge ${(last.bridge / 1024).toFixed(1)} MiB resident`);
	console.log(`# growth over the last half: heap ${(grows("heap") * 60).toFixed(1)} KiB a minute, nodes ${(grows("nodes") * 60).toFixed(1)}, bridge ${(grows("bridge") * 60).toFixed(1)} KiB a minute`);
	console.log(`# pictures drawn: ${await page.evaluate(() => window.plantarDebug.drawn)}`);
	/* 250 headers a second are some 250 KiB, and 60 pictures 500 KiB: keeping one of thirty would be seen. A short look
	 * also sees code being compiled; a bridge whose browser was not let read keeps what waited for it, up to a few
	 * MiB, once. */
	const often = at > 0 ? 0.5 : 8;
	assert.ok(grows("heap") < often, `the page's heap grows by ${grows("heap").toFixed(2)} KiB a second`);
	assert.ok(grows("nodes") < 1 && grows("listeners") < 0.2, "the document does not grow");
	assert.ok(late.at(-1).bridge - late[0].bridge < 6144, `the bridge has grown by ${late.at(-1).bridge - late[0].bridge} KiB`);
});
