// SPDX-License-Identifier: Apache-2.0
/*
 * Two visits in the browser, from the subject's code to the report: quiet stance by pointer alone, walking by keyboard
 * alone. Then what lies on the disk is compared with what the page shows and what the report says; and two
 * browsers see one visit, of which either may die.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test, { after, before } from "node:test";
import { Keyboard, Pointer, begin, reach, reviewed, trial, start } from "./operator.mjs";
import { Lab, protocolState, run, store, t, until } from "./rig.mjs";

let lab;
before(async () => (lab = await Lab.open()));
after(() => lab?.close());

/* The trial under way or in review, as the daemon has it. */
const newest = (page) => store(page, "store.protocol.trials.at(-1)");
const session = (page) => store(page, "store.protocol.session_uuid");

/* What a test has to wait for besides the visit itself: until a recording is whole. */
const finished = async (file) => lab.cli("info", file, "--json").then(JSON.parse).then((d) => (d.state ?? d.recordings?.[0].state) === "finished", () => false);

function recordings(uuid) {
	const all = fs.readdirSync(lab.archive, { recursive: true }).map((f) => path.join(lab.archive, String(f)));
	return all.filter((f) => /trial-\d+\.h5$/.test(f)).sort().filter((f) => f.includes(uuid.slice(0, 8)) || fs.existsSync(path.join(path.dirname(f), "session.json")));
}

let standing, walking;

test("a visit of quiet stance by pointer alone", async () => {
	await lab.person("standing", { mass: 70 });
	const page = await lab.page("live");
	const hand = new Pointer(page);

	await hand.press("nav-visit");
	await begin(page, hand, { protocol: "Quiet stance", subject: "P-0043", mass: 70, pain: "right" });
	standing = await session(page);
	for (const step of ["Eyes open", "Eyes closed"]) {
		await reach(page, "ready");
		assert.match(await page.textContent(t("visit-title")), new RegExp(step));
		const made = await trial(page, hand, async () => {
			await hand.write("mark-text", "looked away");
			await hand.press("mark");
		});
		assert.deepEqual(made.flags, [], "nothing is wrong with somebody who stands still");
		assert.equal(await page.getAttribute(t("proposed"), "data-verdict"), "accepted");
		assert.equal(made.gap_frames, 0);
		assert.ok(made.frames >= 700, `${made.frames} frames of 8 s at 100 Hz`);
		/* the protocol asks for a score: without one it is said what is missing, and nothing is accepted */
		await hand.press("accept");
		await page.waitForFunction((s) => document.querySelector(s).textContent.includes("pain score"), t("accept-refused"));
		assert.equal(await protocolState(page), "review");
		await hand.tick("score-3");
		await hand.press("accept");
		await reach(page, "rest", "ready", "done");
	}
	await reach(page, "done");
	assert.equal(await page.getAttribute(t("ending"), "data-kind"), "done");
	const counted = (await store(page, "store.protocol.trials")).filter((x) => x.verdict === "accepted");
	assert.deepEqual(counted.map((x) => [x.step, x.pain]), [["eyes-open", 3], ["eyes-closed", 3]]);
	await page.context().close();
});

test("a visit of walking by keyboard alone, with red flags, a rejected and a marked trial", async () => {
	await lab.person("walking", { mass: 70, seed: 3 });
	const page = await lab.page("live");
	const hand = new Keyboard(page);
	let rejected = 0;

	await hand.key("2");
	await hand.press("another");
	await begin(page, hand, { protocol: "Walk over the mat", subject: "P-0044", mass: 70 });
	walking = await session(page);
	assert.equal(await protocolState(page), "red-flags");
	/* nothing is answered beforehand, and nothing goes on without all answers */
	await hand.press("red-flags");
	await page.waitForFunction((s) => document.querySelector(s).textContent.includes("not answered"), t("red-flags-refused"));
	const asked = await page.$$eval("fieldset[data-testid^=red-]", (all) => all.map((f) => f.dataset.testid));
	assert.equal(asked.length, 5);
	for (const id of asked) await hand.tick(`${id}-false`);
	await hand.press("red-flags");
	await reach(page, "ready");
	for (let i = 0; i < 12 && (await protocolState(page)) !== "done"; i++) {
		await reach(page, "ready");
		if (i === 0) await hand.tick("approach-midgait");
		await hand.key("t");
		await reviewed(page);
		const made = await newest(page);
		if (made.proposed === "accepted" && rejected) await hand.key("a");
		else {
			/* the operator sees what no rule does: the key goes to the reason, which is needed */
			rejected++;
			if (made.proposed === "accepted") await hand.key("r"); /* else the reason has the focus already, and r would be written */
			await hand.write("reason", made.flags.join(", ") || "targeting");
			await hand.press("reject");
		}
		await reach(page, "ready", "rest", "done");
	}
	await reach(page, "done");
	const plan = (await store(page, "store.protocol.plan"))[0];
	assert.ok(plan.strikes.left >= 1 && plan.strikes.right >= 1, JSON.stringify(plan));
	assert.ok(plan.rejected >= 1);
	assert.equal((await store(page, "store.protocol.trials[0].approach")), "midgait");
	await page.context().close();
});

/* Words and numbers of a PDF, by Debian's pdftotext. */
async function pdfText(file) {
	return (await run("pdftotext", ["-layout", file, "-"])).stdout;
}

async function reported(page, uuid) {
	const download = page.waitForEvent("download", { timeout: 90000 });
	await page.click(t("report-pdf"));
	const got = await Promise.race([download, page.waitForFunction((s) => document.querySelector(s)?.textContent, t("report-pdf-refused"), { timeout: 90000 }).then((h) => h.jsonValue())]);
	if (typeof got === "string") return { refused: got };
	const file = path.join(lab.folder, got.suggestedFilename());
	await got.saveAs(file);
	return { name: got.suggestedFilename(), head: fs.readFileSync(file).subarray(0, 5).toString(), text: await pdfText(file) };
}

test("both sessions are in the list, analysed and reported; page, report and analyze say the same", async () => {
	const page = await lab.page("sessions");

	await until(async () => (await page.$$(t("session-row"))).length === 2, "two sessions");
	for (const [uuid, subject, what] of [[standing, "P-0043", "standing"], [walking, "P-0044", "steps"]]) {
		await until(() => page.evaluate((s) => window.plantarDebug.link.request("session", { session: s }).then((r) => r.session.recordings.every((x) => x.state === "finished")), uuid), "recordings to be finished");
		await page.goto(`${lab.origin}/#session/${uuid}`);
		await page.waitForSelector(`${t("card-footprint")} svg, ${t("card-footprint")} canvas`, { timeout: 90000 });
		assert.match(await page.textContent("h1:visible"), new RegExp(subject));
		const shown = await page.getAttribute('[data-testid^="trial-"][aria-pressed=true]', "data-testid");
		const files = JSON.parse(await lab.cli("info", uuid, "--json")).recordings;
		const file = files.find((f) => f.recording.trial === Number(shown.split("-")[1])).path;
		const analysis = JSON.parse(await lab.cli("analyze", file, "--json"));
		assert.ok(what === "standing" ? analysis.standing : analysis.steps.length >= 1, `${what} were found`);
		const report = await reported(page, uuid);
		assert.equal(report.refused, undefined);
		assert.equal(report.head, "%PDF-");
		assert.match(report.name, /\.pdf$/);
		assert.match(report.text, new RegExp(subject));
		if (what !== "standing") continue;
		/* one trial of this condition counts, so its means are its figures: the same in all three, as exactly as each says them */
		const { load, force_mean_n: force } = analysis.standing;
		const lines = report.text.split("\n").map((l) => l.trim().replace(/ {2,}/g, "|"));
		for (const [name, unit, left, right] of [["share of body load", "%", load.left_pct, load.right_pct], ["mean force", "N", load.left_force_mean_n, load.right_force_mean_n], ["heel, of the foot's load", "%", load.left_heel_pct, load.right_heel_pct]]) {
			const line = lines.find((l) => l.startsWith(`${name}|${unit}|`))?.split("|");
			assert.ok(line, `${name} is in the report`);
			assert.deepEqual([line[3], line[6]], [left, right].map((x) => x.toPrecision(4)), name);
		}
		const shownOnPage = await page.locator(t("card-force")).innerText();
		for (const x of [force, load.left_pct, load.right_heel_pct]) assert.ok(shownOnPage.includes(x.toPrecision(3)), `${x.toPrecision(3)} is on the page`);
	}
});

test("of a session with several conditions one is compared, or all if that is wanted; what is refused is said in the page's words", async () => {
	const page = await lab.page("sessions");
	const rows = () => until(() => page.locator(`${t("comparison")} tbody tr`).count(), async () => `the comparison: ${await page.locator("#view-sessions").innerText()}`);

	await page.goto(`${lab.origin}/#compare/${standing}/side`);
	await rows();
	assert.match(await page.inputValue(t("compare-condition-1")), /eyes-(open|closed)/);
	assert.match(await page.locator(".groups").innerText(), /eyes-(open|closed).*1 trials/);
	await page.selectOption(t("compare-condition-1"), "*");
	await until(async () => /all conditions together.*2 trials/.test(await page.locator(".groups").innerText()), "both conditions");
	assert.match(await page.locator(".warning").first().innerText(), /Taken together although different/);
	await page.selectOption(t("compare-by"), "condition");
	await until(async () => (await page.locator(".groups li").count()) === 2, "conditions side by side");
	assert.ok(!(await page.isVisible(t("compare-condition-1"))), "all conditions are there, nothing is to be chosen");
	await page.goto(`${lab.origin}/#compare/${standing},${walking}`);
	await page.waitForFunction((s) => document.querySelector(s)?.textContent, t("compare-refused"));
	const refused = await page.textContent(t("compare-refused"));
	assert.match(refused, /more than one person/);
	assert.doesNotMatch(refused, /--/);
	await page.goto(`${lab.origin}/#trend/P-0043`);
	await page.waitForSelector(t("trend-chart"));
	assert.match(await page.locator(`${t("trend-figure")} option:checked`).innerText(), /Share of body load.*left/);
	assert.match(await page.locator(`${t("trend-figure")} option`).nth(1).innerText(), /heels.*right/, "the sore heel comes next");
	await page.context().close();
});

test("two browsers see the same visit; the one that led it is killed and nothing is lost", async () => {
	await lab.person("standing", { mass: 70 });
	const leads = await lab.page("visit");
	const looks = await lab.page("visit", { role: "viewer" });
	const hand = new Pointer(leads);

	await hand.press("another");
	await begin(leads, hand, { protocol: "Quiet stance", subject: "P-0045", mass: 70 });
	await reach(looks, "ready");
	assert.equal(await looks.textContent(t("visit-title")), await leads.textContent(t("visit-title")));
	assert.match(await looks.textContent(t("beside")), /P-0045/);
	assert.equal(await looks.$(t("trial")), null, "a viewer has no buttons that act");
	await start(leads, hand);
	await reach(looks, "recording");
	await leads.context().close(); /* a browser dies in the middle of a trial */
	await reach(looks, "review");
	const kept = await newest(looks);
	assert.ok(kept.frames > 100, `${kept.frames} frames were recorded while nobody looked on`);

	const other = await lab.page("visit");
	await reviewed(other);
	assert.equal((await newest(other)).verdict, "undecided");
	await new Pointer(other).tick("score-1");
	await new Pointer(other).press("accept");
	await reach(looks, "rest", "ready");
	assert.equal((await newest(looks)).verdict, "accepted");
	/* of two that decide at once, one is told so */
	await other.click(t("abort"));
	await new Pointer(other).answer("End it");
	await reach(looks, "aborted");
	assert.match(await looks.textContent("#now") + await looks.textContent(t("visit-state")), /P-0045|ended|aborted/);
});
