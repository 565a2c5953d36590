// SPDX-License-Identifier: Apache-2.0
/*
 * Drives the page like a person: test_visit.py starts it and moves the person on the mat when it prints
 * "person on", "person off" or "person step". What it finds is printed as JSON in the last line.
 *     node visit_browser.mjs SCENARIO OPERATOR_URL VIEWER_URL
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const modules = process.env.PLANTAR_NPM;
const { chromium } = await import(pathToFileURL(`${modules}/playwright-core/index.mjs`));
const axe = readFileSync(`${modules}/axe-core/axe.min.js`, "utf8");
const [scenario, operatorUrl, viewerUrl] = process.argv.slice(2);
const WAIT = 30000 * Number(process.env.PLANTAR_SLOW ?? 1);
const found = { errors: [], faults: [] };

const browser = await chromium.launch({ executablePath: process.env.PLANTAR_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

async function open(url) {
	const page = await browser.newPage({ viewport: { width: 1366, height: 768 } });
	page.setDefaultTimeout(WAIT);
	page.on("pageerror", (e) => found.errors.push(e.message));
	page.on("console", (m) => m.type() === "error" && found.errors.push(m.text()));
	page.on("request", (r) => new URL(r.url()).host !== new URL(url).host && !r.url().startsWith("blob:") && found.errors.push(`asks ${r.url()}`));
	await page.goto(url);
	return page;
}

const person = (does) => console.log(`person ${does}`);
const at = (id) => `[data-testid="${id}"]`;
const state = (page, ...names) => page.waitForFunction((n) => n.includes(window.plantarDebug.store.protocol?.state), names, { timeout: WAIT });
const focused = (page) => page.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.tagName);
const focusOn = (page, id) => page.waitForFunction((i) => (document.activeElement?.dataset.testid ?? "").startsWith(i), id, { timeout: WAIT });

/* Serious and critical faults of accessibility of what is shown, in both colours. */
async function accessible(page, where) {
	await page.evaluate(axe);
	for (const theme of ["light", "dark"]) {
		await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
		const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
		for (const v of violations.filter((x) => ["serious", "critical"].includes(x.impact))) found.faults.push(`${where}, ${theme}: ${v.id} ${v.nodes[0].target.join(" ")}`);
	}
}

/* A quiet stance by clicks, with a viewer beside; a page that is closed on the way; then its session. */
async function clicks() {
	const viewer = await open(`${viewerUrl}#visit`);
	let page = await open(`${operatorUrl}&visit`);
	await page.fill(at("begin-subject"), "P-1");
	await page.selectOption(at("begin-protocol"), "stand");
	await page.waitForSelector(at("begin-about") + " li");
	await accessible(page, "begin");
	await page.click(at("begin"));
	await page.waitForSelector(at("panel-ready"));
	await page.click(at("trial"));
	await state(page, "review");
	await page.click(at("accept"));
	for (let trial = 1; trial <= 2; trial++) {
		await state(page, "ready");
		person("on");
		await page.waitForFunction(() => /\d{3}/.test(document.querySelector('[data-testid="load"]')?.textContent ?? ""));
		await page.waitForSelector(at("panel-ready"));
		await page.click(at("trial"));
		await page.waitForSelector(at("panel-running"));
		await viewer.waitForSelector(at("panel-running"));
		await state(page, "review");
		await viewer.waitForSelector(at("panel-review"));
		if (trial === 1) {
			found.viewerButtons = await viewer.locator(`${at("view-visit")} button`).count();
			await page.fill(at("reason"), "half typed");
			await page.waitForTimeout(2500); /* two statuses */
			found.halfTyped = await page.inputValue(at("reason"));
			await accessible(page, "review");
			await page.close();
			page = await open(`${operatorUrl}&visit`);
			await page.waitForSelector(at("panel-review"));
		}
		await page.check(at("score-2"), { force: true });
		await page.click(at("accept"));
		await state(page, "rest", "ready", "done");
	}
	person("off");
	await state(page, "done");
	await page.click(at("to-session"));
	await page.waitForSelector(at("footprint"));
	found.trials = await page.locator(".trial[data-verdict=accepted]").count();
	await accessible(page, "session");
	await page.check(at("pain-right-plantar-heel-medial"));
	await page.click(at("save-pain"));
	await page.waitForFunction(() => document.querySelector('[data-testid="save-pain"]')?.getAttribute("aria-busy") === null);
	found.refusals = await page.locator(".refusal").allTextContents();
}

/* A walk-over by keyboard alone. */
async function keys() {
	const page = await open(`${operatorUrl}&visit`);
	const press = async (...list) => {
		for (const k of list) await page.keyboard.press(k);
	};
	const tabTo = async (id, key = "Tab") => {
		for (let i = 0; i < 40 && (await focused(page)) !== id; i++) await page.keyboard.press(key);
		if ((await focused(page)) !== id) throw new Error(`no way to ${id} with ${key}`);
	};
	await focusOn(page, "begin-subject");
	await page.keyboard.type("P-2");
	await page.waitForFunction(() => document.querySelectorAll('[data-testid="begin-protocol"] option').length > 1);
	await tabTo("begin-protocol");
	await page.keyboard.type("Walk");
	await page.waitForSelector(at("begin-about") + " li");
	await tabTo("begin", "Shift+Tab");
	await press("Enter");
	await focusOn(page, "red-");
	await accessible(page, "red flags");
	await press("ArrowRight", "Tab", "ArrowRight", "Tab", "ArrowRight", "Tab", "ArrowRight", "Tab");
	await tabTo("red-flags");
	await press("Enter"); /* one is missing: said, and its question has the focus */
	await focusOn(page, "red-not_resolving");
	found.missing = await page.textContent(at("red-flags-refused"));
	await press("ArrowRight");
	await tabTo("red-flags");
	await press("Enter");
	for (let trial = 1; trial <= 4; trial++) {
		await state(page, "ready");
		if (trial === 1) {
			await focusOn(page, "approach");
			await press("t"); /* without the approach: refused, and asked for */
			await page.waitForFunction((s) => document.querySelector(s)?.textContent, at("trial-refused"));
			await press("ArrowRight");
		} else await focusOn(page, "trial");
		await press("t");
		await state(page, "waiting");
		person("step");
		await state(page, "review");
		await focusOn(page, "side");
		await press(...(trial % 2 ? ["ArrowRight"] : ["ArrowRight", "ArrowRight"]));
		await page.waitForTimeout(300); /* a press that came as the trial ended does not count */
		await press("a");
		await state(page, "ready", "done");
	}
	found.focusAtTheEnd = (await focusOn(page, "another"), await focused(page));
}

try {
	await { clicks, keys }[scenario]();
} catch (error) {
	found.errors.push(error.message);
}
await browser.close();
console.log(JSON.stringify(found));
