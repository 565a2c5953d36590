// SPDX-License-Identifier: Apache-2.0
/*
 * axe-core looks for faults of accessibility in each view, in both contrasts: none that is serious or critical. And
 * what a machine can measure of "readable at two metres on one screen": nothing scrolls at 1366 x 768 in the
 * live view.
 */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Pointer, begin, reach, reviewed, start } from "./operator.mjs";
import { Lab, axeSource, live, store, t, until } from "./rig.mjs";

let lab, page, hand;

before(async () => {
	lab = await Lab.open();
	await lab.person("standing");
	page = await lab.page("live", { bypassCSP: true }); /* axe is put into the page, which its policy forbids to everybody else */
	hand = new Pointer(page);
	await live(page);
	await page.evaluate(axeSource());
});
after(() => lab?.close());

async function looked(what) {
	for (const contrast of ["", ", other contrast"]) {
		await page.waitForTimeout(300); /* colours fade */
		const found = await page.evaluate(() => window.axe.run().then((r) => r.violations.map((v) => ({ impact: v.impact, id: v.id, help: v.help, where: v.nodes.slice(0, 5).map((n) => `${n.target.join(" ")}: ${n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? ""}`) }))));
		const grave = found.filter((v) => ["serious", "critical"].includes(v.impact));
		for (const v of found) if (!grave.includes(v)) console.log(`# ${what}${contrast}: ${v.impact}: ${v.id} (${v.help}) at ${v.where.join("; ")}`);
		assert.deepEqual(grave, [], `${what}${contrast}`);
		if (!(await page.locator("dialog[open]").count())) await page.click(t("theme"));
	}
}

const scrolls = () => page.evaluate(() => [document.documentElement, document.body, document.getElementById("main")].some((e) => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1));

for (const mode of ["clinician", "patient", "target"])
	test(`live, ${mode}`, async () => {
		await hand.press(`mode-${mode}`);
		assert.equal(await scrolls(), false, "nothing scrolls at 1366 x 768");
		await looked(mode);
	});

test("live, out of date", async () => {
	await lab.unplug();
	await page.waitForSelector(t("stale"), { state: "visible" });
	await hand.press("mode-clinician");
	await looked("STALE");
	await lab.person("standing");
	await live(page);
});

test("the list of keys", async () => {
	await hand.press("help");
	await looked("keys");
	await page.keyboard.press("Escape");
});

test("a visit: form, ready, recording, review, its dialogs, its end; then the list, the session and a comparison", async () => {
	await hand.press("nav-visit");
	await page.waitForSelector(t("panel-begin"));
	await looked("begin");
	await begin(page, hand, { protocol: "Quiet stance", subject: "P-0047", mass: 70 });
	await looked("ready");
	await start(page, hand);
	await reach(page, "recording");
	await looked("recording");
	await reviewed(page);
	await looked("review");
	await hand.tick("score-2");
	await hand.press("accept");
	await reach(page, "ready");
	await hand.press("pain-now");
	await looked("pain");
	await hand.answer("Cancel");
	await hand.press("abort");
	await looked("end the visit");
	await hand.answer("End it");
	await reach(page, "aborted");
	await looked("ended");

	const uuid = await store(page, "store.protocol.session_uuid");
	await until(() => page.evaluate((s) => window.plantarDebug.link.request("session", { session: s }).then((r) => r.session.recordings.every((x) => x.state === "finished"), () => false), uuid), "the recording to be finished");
	await hand.press("nav-sessions");
	await page.waitForSelector(t("session-row"));
	await looked("sessions");
	await page.evaluate((u) => void (location.hash = `#session/${u}`), uuid);
	await page.waitForSelector(`${t("card-footprint")} svg, ${t("card-footprint")} canvas`);
	await looked("session");
	await page.evaluate((u) => void (location.hash = `#compare/${u}`), uuid);
	await page.waitForSelector(t("compare-by"));
	await until(async () => !(await page.textContent(t("main"))).includes("Comparing."), "the comparison");
	await looked("compare");
});

test("red flags", async () => {
	await lab.person("walking");
	await hand.press("nav-visit");
	await hand.press("another");
	await begin(page, hand, { protocol: "Walk over the mat", subject: "P-0048", mass: 70 });
	await looked("red flags");
	const asked = await page.$$eval("fieldset[data-testid^=red-]", (all) => all.map((f) => f.dataset.testid));
	for (const id of asked) await hand.tick(`${id}-true`);
	await hand.press("red-flags");
	await page.waitForSelector(t("panel-locked"));
	await looked("locked");
});
