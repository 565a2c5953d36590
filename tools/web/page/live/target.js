// SPDX-License-Identifier: Apache-2.0
/*
 * Target mode: a figure to be held within a band. The band is the operator's, kept in this browser;
 * it is an exercise, not a norm, and nothing is recorded of it.
 */
import { button, el, remember, text, unique } from "../core/ui.js";
import { NONE, number, stopwatch } from "../core/format.js";
import { Hold } from "./hold.js";

/* less, more: what to do to have less or more of it. mirrored: more of it is drawn to the left. */
const AIMS = {
	left: { label: "Left share of both feet", mirrored: true, less: "to the right", more: "to the left", of: (s) => s.left },
	right: { label: "Right share of both feet", less: "to the left", more: "to the right", of: (s) => s.right },
	heel: { label: "Heel share of the load", mirrored: true, less: "to the toes", more: "to the heels", of: (s) => s.heel },
	forefoot: { label: "Forefoot share of the load", less: "to the heels", more: "to the toes", of: (s) => s.forefoot },
};
const REACH = 4; /* the gauge shows four times the tolerance, each way */
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
		const { mirrored, less, more } = AIMS[aim];
		text(this.centre.value, `${number(centre)} %`);
		text(this.half.value, `\u00b1 ${number(half)} %`);
		this.zone.style.left = `${50 - 50 / REACH}%`;
		this.zone.style.width = `${100 / REACH}%`;
		text(this.low, `\u25c0 ${mirrored ? more : less}`);
		text(this.high, `${mirrored ? less : more} \u25b6`);
	}

	/* Where a value is on the gauge, in %; beyond its ends it stays there. */
	#place(value) {
		const { aim, centre, half } = this.band;
		const off = (50 * (value - centre)) / (REACH * half);
		return within(50 + (AIMS[aim].mirrored ? -off : off), 0, 100);
	}

	reset() {
		this.hold.reset();
	}

	push(header, shares, rate_hz) {
		this.value = AIMS[this.band.aim].of(shares);
		this.hold.push(header, this.value, this.band, rate_hz);
	}

	#advice() {
		const { aim, centre } = this.band;
		const { mirrored, less, more } = AIMS[aim];
		const up = this.value < centre;
		return up === !mirrored ? `${up ? more : less} \u25b6` : `\u25c0 ${up ? more : less}`;
	}

	/* stale: nothing on the screen holds. */
	draw(stale) {
		const { inside, now_ms, best_ms } = this.hold;
		const known = !stale && inside !== null;
		const state = !known ? "none" : inside ? "in" : "out";
		if (this.node.dataset.state !== state) this.node.dataset.state = state;
		this.needle.hidden = !known;
		if (known) this.needle.style.left = `${this.#place(this.value)}%`;
		text(this.verdict, !known ? NONE : inside ? "\u2713 hold" : this.#advice());
		text(this.now, stopwatch(stale ? null : now_ms));
		text(this.best, stopwatch(best_ms));
	}
}
