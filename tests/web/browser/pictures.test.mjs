// SPDX-License-Identifier: Apache-2.0
/*
 * The pictures of docs/dashboard.md and docs/visit.md, made from simulated people with fixed seeds, and compared with
 * the ones that are there (picture.mjs). After a change that is meant, look at what
 *
 *     node tests/web/browser/pictures.test.mjs --update
 *
 * has made in docs/img.
 */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Pointer, begin, reach, trial } from "./operator.mjs";
import { picture } from "./picture.mjs";
import { Lab, live, store, t, until } from "./rig.mjs";

const CLOCK = t("state-clock"), REC = t("recording"), NOW = t("now");
const MOVING = [".map-panel canvas", ".plot", ".number", CLOCK, t("state-rate"), t("state-disk"), t("state-zero"), t("state-lost"), REC, t("state-calibration"), t("trials")]; /* trials: how many were needed */
const PITCH = 7; /* mm: fine enough for quadrants of a heel, large enough for two feet */
let lab, page, hand;
const sessions = [];

before(async () => {
	lab = await Lab.open({ pitch: PITCH, calibration: 'calibrated = "2026-11-02"; expires = "2046-11-02"; by = "load cell 3, lab";' });
	page = await lab.page("live");
	hand = new Pointer(page);
});
after(() => lab?.close());

test("live: clinician, patient, target, out of date", async () => {
	await lab.person("shift", { seed: 5 });
	await live(page);
	for (const mode of ["clinician", "patient", "target"]) {
		await hand.press(`mode-${mode}`);
		/* ten seconds of strips; a moment with more on the left */
		await page.waitForTimeout(mode === "clinician" ? 11000 : 2500);
		await good();
		await picture(page, `live-${mode}`, [...MOVING, ".towers", ".target", ".balance", ".parts"]);
	}
	await hand.press("mode-clinician");
	await lab.unplug();
	await page.waitForSelector(t("stale"), { state: "visible" });
	await page.waitForTimeout(1500);
	await picture(page, "live-stale", MOVING);
});

test("a visit, step by step", async () => {
	await hand.press("nav-visit");
	await lab.person("standing", { seed: 11 });
	await page.waitForSelector(t("panel-begin"));
	await picture(page, "visit-begin", MOVING);
	await begin(page, hand, { protocol: "Quiet stance", subject: "P-0042", mass: 70, pain: "right" });
	sessions.push(await store(page, "store.protocol.session_uuid"));
	await good();
	await picture(page, "visit-ready", [...MOVING, ".load"]);
	for (let i = 0; i < 2; i++) {
		await reach(page, "ready");
		await trial(page, hand, async (n) => {
			if (i || n) return;
			await page.waitForTimeout(3000);
			await picture(page, "visit-recording", [...MOVING, t("left"), t("quality"), NOW, ".load"]);
		});
		if (!i) await picture(page, "visit-review", [...MOVING, "dl.facts"]);
		await hand.tick("score-3");
		await hand.press("accept");
		await reach(page, "ready", "rest", "done");
	}
	await reach(page, "done");
	await picture(page, "visit-done", MOVING);
});

/* A busy machine sends late; in the manual the mat is a good one. Not waited for without end. */
const good = () => until(() => store(page, "store.mat().rate_measured_hz > 0.96 * store.mat().rate_hz"), "a steady mat", 20000).catch(() => {});

/* Another day of the same person, without a protocol: what the steps of a visit are is told already. */
async function recorded(subject, seed) {
	await lab.person("standing", { seed });
	const { session_uuid: uuid } = JSON.parse(await lab.cli("start", "--json", "--subject", subject, "--mass", "70", "--protocol", "quiet-stance", "--condition", "barefoot / eyes-open"));
	await page.waitForTimeout(8000);
	await lab.cli("stop");
	sessions.push(uuid);
}

test("what was recorded: list, session, comparison, trend", async () => {
	for (const seed of [12, 13]) await recorded("P-0042", seed);
	for (const uuid of sessions)
		await until(() => page.evaluate((s) => window.plantarDebug.link.request("session", { session: s }).then((r) => r.session.recordings.every((x) => x.state === "finished"), () => false), uuid), "recordings to be finished");
	await hand.press("nav-sessions");
	await until(async () => (await page.$$(t("session-row"))).length === 3, "three sessions");
	await good();
	await picture(page, "sessions", MOVING);
	const go = (hash) => page.evaluate((h) => void (location.hash = h), hash);
	await go(`#session/${sessions[0]}`);
	await page.waitForSelector(`${t("card-footprint")} svg, ${t("card-footprint")} canvas`);
	await until(async () => !(await page.textContent(t("main"))).includes("the others are being analysed"), "all curves");
	await picture(page, "session", [...MOVING, "nav.trials", ".card svg"]);
	await go(`#compare/${sessions[0]},${sessions[2]}`);
	await until(() => page.locator(`${t("comparison")} tbody tr`).count(), async () => `the comparison: ${await page.locator("#view-sessions").innerText()}`);
	await good();
	await picture(page, "compare", MOVING);
	await go("#trend/P-0042/barefoot%20%2F%20eyes-open");
	await until(() => page.locator(t("trend-chart")).count(), async () => `the trend: ${await page.locator("#view-sessions").innerText()}`);
	await good();
	await picture(page, "trend", MOVING);
});

test("red flags, and a mat without calibration", async () => {
	await hand.press("nav-visit");
	await lab.person("walking", { seed: 4 });
	await hand.press("another");
	await begin(page, hand, { protocol: "Walk over the mat", subject: "P-0044", mass: 70 });
	await picture(page, "visit-red-flags", MOVING);
	await page.context().close();
	await lab.close();
	lab = await Lab.open({ pitch: PITCH, calibration: null });
	await lab.person("standing", { seed: 5 });
	page = await lab.page("live");
	await live(page);
	await page.waitForTimeout(3000);
	assert.match(await page.textContent(t("map-caption")), /counts/);
	assert.doesNotMatch(await page.textContent(t("main")), /\d\s*N\b|newton/, "counts are never called newtons");
	await good();
	await picture(page, "live-uncalibrated", MOVING);
});
