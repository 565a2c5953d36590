// SPDX-License-Identifier: Apache-2.0
/*
 * What goes wrong while a page is open: plantard dies and comes back, the mat is pulled out, the bridge is started
 * anew, the disk is full. Each is said as it is where people look, nothing old is shown as if it were now, and the
 * page is right again by itself: it is never reloaded here.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after, before } from "node:test";
import { Pointer, begin, reach, trial, start } from "./operator.mjs";
import { Lab, live, run, store, t, until } from "./rig.mjs";

const MIB = 1 << 20;
let lab, page;

const freeMib = () => {
	const s = fs.statfsSync(lab?.folder ?? "/tmp");
	return Math.floor((s.bavail * s.bsize) / MIB);
};

before(async () => {
	/* a disk with a gigabyte left above its reserve */
	lab = await Lab.open({ archive: `reserve_mb = ${freeMib() - 1024};` });
	lab.expect(/WebSocket connection to .* failed/);
	await lab.person("standing");
	page = await lab.page("live");
	await live(page);
});
after(() => lab?.close());

const said = (id, pattern) => page.waitForFunction(([s, p]) => new RegExp(p).test(document.querySelector(s)?.textContent ?? ""), [t(id), pattern.source]);

/* The view says that it is out of date: in words, with numbers taken away, and the picture marked. */
async function stale(pattern) {
	await page.waitForFunction(() => window.plantarDebug.stale === true);
	await page.waitForSelector(t("stale"), { state: "visible" });
	await said("stale", pattern);
	await said("left-pct", /^[^0-9]*$/);
	assert.ok(await page.locator(".live.stale").count(), "the view looks out of date");
}

async function liveAgain() {
	await live(page);
	assert.equal(await page.isVisible(t("stale")), false);
	await said("left-pct", /\d/);
	await said("now", /^$/);
}

test("plantard dies: said within seconds, STALE at once, and all is back when it is back", async () => {
	const before_ = await store(page, "store.status.pid");

	await lab.daemon.stop("SIGKILL");
	await stale(/no data/);
	await said("now", /plantard is not there/);
	await said("recording", /not known/);
	await said("state-rate", /^–|not known|-/);
	await lab.startDaemon();
	await liveAgain();
	assert.notEqual(await store(page, "store.status.pid"), before_);
});

test("the mat is pulled out: gone is said, nothing moves, and it is back by itself", async () => {
	await lab.unplug();
	await stale(/gone|no data/);
	await said("state-rate", /gone|failed|opening/);
	const drawn = await page.evaluate(() => window.plantarDebug.drawn);
	await page.waitForTimeout(1000);
	assert.equal(await page.evaluate(() => window.plantarDebug.drawn), drawn, "nothing is drawn that did not come");
	await lab.person("standing");
	await liveAgain();
	await said("state-rate", /of 100\sHz/);
});

test("the mat falls silent without being pulled out: stalled", async () => {
	lab.simulator.child.kill("SIGSTOP");
	await stale(/stalled|no data/);
	await said("state-rate", /stalled/);
	lab.simulator.child.kill("SIGCONT");
	await liveAgain();
});

test("the bridge is started anew: not connected is said, the role stays, what was asked then is refused", async () => {
	await lab.bridge.stop();
	await stale(/not connected/);
	await said("now", /Not connected/);
	assert.match(await page.evaluate(() => window.plantarDebug.link.request("status").then(() => "answered", (e) => e.code)), /offline/);
	await lab.startBridge();
	await liveAgain();
	await said("role", /operator/);
});

test("plantard is started anew in the middle of a visit: the page goes on where the visit is", async () => {
	const hand = new Pointer(page);

	await hand.press("nav-visit");
	await begin(page, hand, { protocol: "Quiet stance", subject: "P-0046", mass: 70 });
	await start(page, hand);
	await reach(page, "recording");
	await lab.daemon.stop("SIGKILL");
	await page.waitForSelector(t("visit-off"), { state: "visible" });
	await said("visit-off", /last that was heard/);
	await lab.startDaemon();
	await reach(page, "ready");
	await page.waitForSelector(t("panel-ready"));
	assert.equal(await page.isVisible(t("visit-off")), false);
	const broken = await store(page, "store.protocol.trials.at(-1)");
	assert.equal(broken.verdict, "rejected");
	assert.ok(broken.flags.includes("gap"));
	await said("beside", /P-0046/);
	await said("beside", /rejected/);
});

/* A trial in review that cannot count: it is said so, and the operator can only reject it. */
async function refuse(hand) {
	await reach(page, "review");
	const ended = await store(page, "store.protocol.trials.at(-1)");
	assert.equal(ended.proposed, "rejected");
	await page.waitForSelector(`${t("proposed")}[data-verdict=rejected]`);
	await hand.write("reason", "no room");
	await hand.press("reject");
	await reach(page, "ready");
	return ended;
}

test("the disk is full in the middle of a trial: said, the trial ends as it is, and with room again the next one counts", async () => {
	const hand = new Pointer(page);
	const ballast = path.join(lab.folder, "ballast");

	try {
		/* nobody stopped it, and the page does not say so. A busy computer may have kept the mat silent first: again */
		for (let n = 0, why = ""; why !== "disk reserve"; n++) {
			assert.ok(n < 5, `the trial ended for another reason: ${why}`);
			fs.rmSync(ballast, { force: true });
			await said("state-disk", /free/);
			await until(() => store(page, "store.mat().state === 'running'"), "the mat");
			await start(page, hand);
			await reach(page, "recording", "review");
			await run("fallocate", ["-l", `${freeMib() - (await store(page, "store.status.archive.reserve_bytes")) / MIB + 512}M`, ballast]);
			await said("state-disk", /full/);
			why = (await refuse(hand)).end;
		}
		await start(page, hand);
		await said("panel-ready", /MB are free .* in reserve; make room/); /* and no other begins, and why is said */
	} finally {
		fs.rmSync(ballast, { force: true });
	}
	await said("state-disk", /free/);
	const next = await trial(page, hand);
	assert.deepEqual([next.flags, next.proposed], [[], "accepted"]);
});
