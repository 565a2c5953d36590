// SPDX-License-Identifier: Apache-2.0
/*
 * Target mode: a figure to be held within a band. The band is the operator's, kept in this browser;
 * it is an exercise, not a norm, and nothing is recorded of it.
 */
import { button, el, remember, text, unique } from "../core/ui.js";
import { NONE, number, stopwatch } from "../core/format.js";
import { Hold } from "./hold.js";

const AIMS = {
	left: { label: "Left share of both feet", unit: "%", low: "more right", high: "more left", of: (s) => s.left },
	right: { label: "Right share of both feet", unit: "%", low: "more left", high: "more right", of: (s) => s.right },
	heel: { label: "Heel share of the load", unit: "%", low: "more forefoot", high: "more heel", of: (s) => s.heel },
	forefoot: { label: "Forefoot share of the load", unit: "%", low: "more heel", high: "more forefoot", of: (s) => s.forefoot },
};
const FIRST = { aim: "left", centre: 50, half: 5 };

const within = (x, least, most) => Math.min(most, Math.max(least, x));

export class Target {
	hold = new Hold();
	band = { ...FIRST, ...remember("target") };

	constructor() {
		if (!AIMS[this.band.aim]) this.band = { ...FIRST };
		this.aim = el("select", { id: unique("aim"), data: { testid: "target-aim" } }, Object.entries(AIMS).map(([value, a]) => el("option", { value }, a.label)));
		this.aim.value = this.band.aim;
		this.aim.addEventListener("change", () => this.#change({ aim: this.aim.value }));
		this.centre = this.#knob("Target", "centre", 1, "target-centre");
		this.half = this.#knob("Tolerance", "half", 1, "target-half");
		this.zone = el("div.zone");
		this.needle = el("div.needle");
		this.low = el("span");
		this.high = el("span");
		this.verdict = el("p.verdict", { data: { testid: "target-verdict" } });
		this.now = el("span.value", { data: { testid: "target-now" } });
		this.best = el("span.value", { data: { testid: "target-best" } });
		this.node = el("section.panel.target", { aria: { label: "Target" }, data: { testid: "target" } },
			this.verdict,
			el("div.gauge", { aria: { hidden: "true" } }, this.zone, this.needle),
			el("p.ends", {}, this.low, this.high),
			el("p.times", {}, el("span", {}, "held ", this.now), el("span", {}, "best ", this.best)),
			el("div.knobs", {}, el("div.field", {}, el("label", { htmlFor: this.aim.id }, "Hold"), this.aim), this.centre.node, this.half.node,
				button("Start anew", () => this.reset(), { key: "0", testid: "target-reset" })));
		this.#show();
	}

	#knob(label, name, by, testid) {
		const value = el("output", { id: unique("knob"), data: { testid } });
		const turn = (d) => this.#change({ [name]: this.band[name] + d });
		return { value, node: el("div.field", { role: "group", aria: { label } }, el("span.label", {}, label),
			el("div.knob", {}, el("button", { type: "button", onclick: () => turn(-by), aria: { label: `${label} less` } }, "\u2212"), value,
				el("button", { type: "button", onclick: () => turn(by), aria: { label: `${label} more` } }, "+"))) };
	}

	/* For keys: moves the target (centre) or its tolerance (half). */
	turn(name, by) {
		this.#change({ [name]: this.band[name] + by });
	}

	#change(part) {
		const b = { ...this.band, ...part };
		b.half = within(b.half, 1, 25);
		b.centre = within(b.centre, 0, 100);
		this.band = remember("target", b);
		this.reset();
		this.#show();
	}

	#show() {
		const { aim, centre, half } = this.band;
		const { unit, low, high } = AIMS[aim];
		text(this.centre.value, `${number(centre)} ${unit}`);
		text(this.half.value, `\u00b1 ${number(half)} ${unit}`);
		const from = within(centre - half, 0, 100);
		this.zone.style.left = `${from}%`;
		this.zone.style.width = `${within(centre + half, 0, 100) - from}%`;
		text(this.low, `\u25c0 ${low}`);
		text(this.high, `${high} \u25b6`);
	}

	reset() {
		this.hold.reset();
	}

	push(header, shares, rate_hz) {
		this.value = AIMS[this.band.aim].of(shares);
		this.hold.push(header, this.value, this.band, rate_hz);
	}

	/* stale: nothing on the screen holds. */
	draw(stale) {
		const { inside, now_ms, best_ms } = this.hold;
		const known = !stale && inside !== null;
		const state = !known ? "none" : inside ? "in" : "out";
		if (this.node.dataset.state !== state) this.node.dataset.state = state;
		this.needle.hidden = !known;
		if (known) this.needle.style.left = `${within(this.value, 0, 100)}%`;
		const { low, high } = AIMS[this.band.aim];
		text(this.verdict, !known ? NONE : inside ? "\u2713 in the band" : this.value < this.band.centre ? `${high} \u25b6` : `\u25c0 ${low}`);
		text(this.now, stopwatch(stale ? null : now_ms));
		text(this.best, stopwatch(best_ms));
	}
}
