// SPDX-License-Identifier: Apache-2.0
/*
 * Left against right as one bar, and the quarters: what each foot's forefoot and heel carry of both
 * feet's load, with the heel's own quadrants beside them, drawn where they are on a foot seen from
 * above. Lengths follow every picture; numbers are means over half a second (figures.js).
 */
import { el, text } from "../core/ui.js";
import { NONE, number } from "../core/format.js";
import { pair } from "./figures.js";

const NAMES = { left: "Left", right: "Right" };

function scale(node, x, y) {
	const next = `scale(${x.toFixed(4)}, ${y.toFixed(4)})`;
	if (node.scaled !== next) node.style.transform = node.scaled = next;
}

/* A number with its sign of percent, which a dash does not have. */
class Percent {
	constructor(testid) {
		this.value = el("span.value", { data: { testid } }, NONE);
		this.sign = el("span.percent", { hidden: true }, "%");
		this.node = el("span.number", {}, this.value, this.sign);
	}

	say(x) {
		const said = number(x);
		text(this.value, said);
		this.sign.hidden = said === NONE;
	}
}

export class Balance {
	constructor() {
		const half = (side) => {
			const value = new Percent(`${side}-pct`);
			return { value, node: el(`p.side.${side}`, {}, el("span.letter", {}, NAMES[side][0]), value.node) };
		};
		this.left = half("left");
		this.right = half("right");
		this.fill = { left: el("div.fill.left"), right: el("div.fill.right") };
		this.middle = el("div.middle");
		this.bar = el("div.bar", { role: "img", aria: { label: "Left and right" }, data: { testid: "balance-bar" } }, this.fill.left, this.fill.right, this.middle);
		this.why = el("p.why", { data: { testid: "balance-why" } });
		this.node = el("section.panel.balance", { aria: { label: "Left and right, share of the load on both feet" }, data: { testid: "balance" } },
			this.left.node, el("div.track", {}, this.bar, this.why), this.right.node);
	}

	move(left) {
		const known = left !== null && left !== undefined;
		this.middle.hidden = !known;
		scale(this.fill.left, known ? left / 100 : 0, 1);
		scale(this.fill.right, known ? 1 - left / 100 : 0, 1);
	}

	say(left, right, why) {
		const [l, r] = pair(left, right);
		this.left.value.say(l);
		this.right.value.say(r);
		text(this.why, l === null ? why : "");
		const label = l === null ? why || "not known" : `Left ${l} %, right ${r} %`;
		if (this.bar.getAttribute("aria-label") !== label) this.bar.setAttribute("aria-label", label);
	}
}

const HEEL = "Heel, % of this foot";

/* A foot's four numbers in the places they have on a foot seen from above. */
function foot(side) {
	const cell = (name, label, cls) => {
		const value = new Percent(`${side}-${name.replaceAll("_", "-")}`);
		return { name: `${side}_${name}`, value, node: el(`div.${cls}`, {}, el("span.label", {}, label), value.node) };
	};
	const parts = [cell("forefoot", "Forefoot", "part"), cell("midfoot", "Midfoot", "part.small"), cell("heel", "Heel", "part")];
	const order = side === "left" ? ["al", "am", "pl", "pm"] : ["am", "al", "pm", "pl"];
	const words = { am: "front inner", al: "front outer", pm: "rear inner", pl: "rear outer" };
	const heel = order.map((q) => cell(`heel_${q}`, words[q], "quadrant"));
	const heading = el("p.label", {}, HEEL);
	const node = el(`div.foot.${side}`, { role: "group", aria: { label: `${NAMES[side]} foot` } },
		el("h2", {}, NAMES[side]),
		el("div.parts", {}, parts.map((c) => c.node)),
		el("div.heel", { role: "group", aria: { label: "Heel quadrants, share of this foot" } }, heading, el("div.quadrants", {}, heel.map((c) => c.node))));
	return { node, heading, cells: parts.concat(heel), heel: `${side}_heel` };
}

export class Parts {
	constructor() {
		this.feet = [foot("left"), foot("right")];
		this.node = el("section.panel.quarters", { aria: { label: "Forefoot and heel of each foot, share of the load on both feet" }, data: { testid: "quarters" } }, this.feet.map((f) => f.node));
	}

	/* mean(name): a share in %, or null. */
	say(mean) {
		for (const f of this.feet) {
			for (const c of f.cells) c.value.say(mean(c.name));
			const few = mean(f.heel) !== null && mean(`${f.heel}_am`) === null;
			text(f.heading, few ? "Heel: too few cells" : HEEL);
		}
	}
}

/* For the person on the mat: bars without a number. */
export class Towers {
	constructor() {
		const tower = (side) => {
			const fill = el(`div.fill.${side}`);
			return { fill, node: el("div.tower", {}, el("div.well", {}, fill, el("div.middle")), el(`p.letter.${side}`, {}, NAMES[side])) };
		};
		this.left = tower("left");
		this.right = tower("right");
		this.why = el("p.why");
		this.node = el("section.panel.towers", { aria: { label: "Left and right as bars" }, data: { testid: "towers" } }, this.left.node, this.right.node, this.why);
	}

	move(left, right) {
		const known = left !== null && left !== undefined;
		scale(this.left.fill, 1, known ? left / 100 : 0);
		scale(this.right.fill, 1, known ? right / 100 : 0);
	}

	say(why) {
		text(this.why, why);
	}
}
