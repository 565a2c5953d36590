// SPDX-License-Identifier: Apache-2.0
/*
 * An operator in front of the page, who has a pointer or a keyboard but not both:
 *
 *     const hand = new Pointer(page);
 *     await hand.write("begin-subject", "P-0043");
 *     await hand.press("begin");
 *
 * The keyboard reaches everything by Tab alone, never by asking the document for it: what cannot be reached
 * so is not found, and the test fails.
 */
import assert from "node:assert/strict";
import { protocolState, store, t, until } from "./rig.mjs";

export class Pointer {
	constructor(page) {
		this.page = page;
	}

	press(id) {
		return this.page.click(t(id));
	}

	/* One of several that belong together: a radio button. */
	tick(id) {
		return this.page.locator("label", { has: this.page.locator(t(id)) }).click();
	}

	async write(id, text) {
		await this.page.click(t(id));
		await this.page.keyboard.type(text);
	}

	async choose(id, label) {
		await this.page.locator(t(id), { has: this.page.locator("option", { hasText: label }) }).waitFor();
		await this.page.selectOption(t(id), { label });
	}

	/* The button of a question in a dialog. */
	answer(label) {
		return this.page.locator("dialog[open] button", { hasText: label }).click();
	}
}

export class Keyboard {
	constructor(page) {
		this.page = page;
	}

	#at() {
		return this.page.evaluate(() => {
			const a = document.activeElement;
			return { id: a.dataset?.testid ?? "", group: a.type === "radio" ? a.closest("fieldset")?.dataset.testid ?? "" : "", text: a.textContent };
		});
	}

	/* Tab until wanted(what has the focus); a way round the page is enough. */
	async #tab(wanted, what) {
		for (let i = 0; i < 150; i++) {
			if (wanted(await this.#at())) return;
			await this.page.keyboard.press("Tab");
		}
		assert.fail(`${what} cannot be reached by Tab`);
	}

	async press(id) {
		await this.#tab((a) => a.id === id, id);
		await this.page.keyboard.press("Enter");
	}

	async tick(id) {
		const group = id.slice(0, id.lastIndexOf("-"));
		await this.#tab((a) => a.group === group, group);
		await this.page.keyboard.press("Space");
		for (let i = 0; i < 20 && (await this.#at()).id !== id; i++) await this.page.keyboard.press("ArrowRight");
		assert.equal((await this.#at()).id, id);
		assert.ok(await this.page.isChecked(t(id)), `${id} is ticked`);
	}

	async write(id, text) {
		await this.#tab((a) => a.id === id, id);
		await this.page.keyboard.type(text);
	}

	/* A select listens to what is typed. */
	async choose(id, label) {
		await this.#tab((a) => a.id === id, id);
		await this.page.locator(t(id), { has: this.page.locator("option", { hasText: label }) }).waitFor();
		await this.page.keyboard.type(label);
		assert.equal(await this.page.locator(`${t(id)} option:checked`).textContent(), label);
	}

	async answer(label) {
		await this.#tab((a) => a.text.includes(label), label);
		await this.page.keyboard.press("Enter");
	}

	/* A single key of the list that "?" shows. */
	key(key) {
		return this.page.keyboard.press(key);
	}
}

/* Until the daemon's protocol is in one of the states; which. */
export async function reach(page, ...states) {
	return until(async () => {
		const now = await protocolState(page);
		return states.includes(now) ? now : null;
	}, async () => `${states.join(" or ")} (it is ${await protocolState(page)}; ${await store(page, "store.protocol?.why ?? ''")}; refused: ${(await page.locator(".refusal").allInnerTexts()).join(" ")}; focus: ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200))})`, 90000);
}

/* From a form to the first step: who, what, under which conditions. */
export async function begin(page, hand, { protocol, subject, mass, pain }) {
	await page.waitForSelector(t("panel-begin"));
	await hand.write("begin-subject", subject);
	await hand.write("begin-mass", String(mass));
	if (pain) await hand.tick(`begin-pain-${pain}`);
	await hand.choose("begin-protocol", protocol);
	await page.waitForSelector(`${t("begin-about")} li`);
	await hand.press("begin");
	await reach(page, "ready", "red-flags");
}

/* In review, and the page takes a verdict: right after a trial it does not, so that a key meant for the trial is none. */
export async function reviewed(page) {
	await reach(page, "review");
	await page.waitForSelector(`${t("accept")}:not([aria-disabled=true])`);
}

/* Presses the button of a trial until it is one: a mat that a busy computer kept silent for a moment is refused. */
export async function start(page, hand) {
	for (let n = 0; ; n++) {
		await until(() => store(page, "store.mat()?.state === 'running'"), "the mat");
		await hand.press("trial");
		try {
			return await until(async () => (await protocolState(page)) !== "ready", "the trial to begin", 5000);
		} catch (error) {
			if (n === 4) throw error;
		}
	}
}

/*
 * A trial from the button to the review; during(n): what happens while it is recorded. Simulated mats share the computer with everything
 * else: when it kept one silent for a quarter of a second, plantard ends the trial (gap), and the operator does what operators
 * do: rejects it and asks for another. Answers the trial of the last try; how often others are tried is limited.
 */
export async function trial(page, hand, during = async () => {}) {
	for (let n = 0; ; n++) {
		await start(page, hand);
		if ((await reach(page, "recording", "review")) === "recording") await during(n);
		await reviewed(page);
		const made = await store(page, "store.protocol.trials.at(-1)");
		if (n === 4 || !["unplugged", "gap"].some((why) => made.end === why || made.flags.includes(why))) return made;
		await hand.write("reason", "equipment");
		await hand.press("reject");
			await reach(page, "ready");
	}
}
