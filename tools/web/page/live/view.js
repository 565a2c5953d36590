// SPDX-License-Identifier: Apache-2.0
/*
 * The live view. Messages are taken in as they come (every frame's figures, the newest picture); once a
 * picture of the screen what is newest is drawn. What is out of date is never shown as if it were now:
 * after 250 ms without data the view says STALE, is hatched, and its numbers are dashes.
 */
import { cells, lostSum, ms } from "../core/wire.js";
import { staleAfter } from "../core/store.js";
import { announce, el, remember, text } from "../core/ui.js";
import { number, span } from "../core/format.js";
import { Balance, Parts, Towers } from "./bars.js";
import { Means, axes, shares, units } from "./figures.js";
import { Heatmap } from "./heatmap.js";
import { firstTop, nextTop } from "./picture.js";
import { Recent } from "./recent.js";
import { CHANNELS, Strips } from "./strips.js";
import { Target } from "./target.js";
import { Trace } from "./trace.js";
import { Trail } from "./trail.js";

const MODES = { clinician: "Clinician", patient: "Patient", target: "Target" };
const NUMBERS_MS = 250;
const STRIP_MS = 33; /* each of three strips ten times a second */
const BARS_MS = 33;
const TRAILS = { total: "", left: "left_", right: "right_", foot: "foot_" };
const SPARE_MAX = 60;

class Live {
	mode = remember("mode") in MODES ? remember("mode") : "clinician";
	#shown = false;
	#raf = 0;
	#queue = []; /* pictures not drawn yet, at most two */
	#spare = 0; /* for how many pictures of the screen one was left over */
	#header = null; /* of the newest metrics */
	#metrics = null;
	#shares = null;
	#means = new Means();
	#trace = new Trace(CHANNELS.length);
	#trails = Object.fromEntries(Object.keys(TRAILS).map((k) => [k, new Trail()]));
	#lost = 0;
	#epoch = null;
	#last = null; /* newest picture, drawn or not */
	#stale = null;
	#drawnAt = 0;
	#due = { numbers: 0, strip: 0, bars: 0 };
	#over = { now: 0, trails: this.#trails };
	#unit = "";
	#tops = remember("scale") ?? {};

	constructor(root, { link, store }) {
		this.root = root;
		this.link = link;
		this.store = store;
		this.#build();
		this.#count();
		link.addEventListener("metrics", (e) => this.#take(e.detail));
		link.addEventListener("frame", (e) => this.#picture(e.detail));
		store.subscribe((what) => {
			if (what === "watched") this.#forget();
			const mat = what === "status" && !this.#last && store.mat();
			if (mat) this.map.setMat(mat);
		});
	}

	#build() {
		this.map = new Heatmap();
		this.map.smooth = remember("smooth") === true;
		this.balance = new Balance();
		this.parts = new Parts();
		this.towers = new Towers();
		this.strips = new Strips();
		this.target = new Target();
		this.modes = Object.entries(MODES).map(([mode, label]) => el("button", { type: "button", onclick: () => this.setMode(mode), data: { mode, testid: `mode-${mode}` } }, label));
		this.zoomButton = el("button", { type: "button", onclick: () => this.zoom(), data: { testid: "zoom" } }, "Whole mat");
		this.smoothButton = el("button", { type: "button", onclick: () => this.setSmooth(!this.map.smooth), data: { testid: "smooth" } });
		this.scaleLess = el("button", { type: "button", onclick: () => this.setTop(-1), aria: { label: "Scale to lower pressures" }, data: { testid: "scale-less" } }, "\u2212");
		this.scaleMore = el("button", { type: "button", onclick: () => this.setTop(1), aria: { label: "Scale to higher pressures" }, data: { testid: "scale-more" } }, "+");
		this.caption = el("p.caption", { data: { testid: "map-caption" } });
		this.flag = el("p.stale-flag", { data: { testid: "stale" } }, el("strong", {}, "STALE"), (this.flagText = el("span")));
		this.flag.hidden = true;
		const bar = el("div.map-bar", {}, el("div.group", { role: "group", aria: { label: "Mode" } }, this.modes),
			el("div.group.map-tools", { role: "group", aria: { label: "Map" } }, this.zoomButton, this.smoothButton, el("span.group.scale-tools", {}, el("span.label", {}, "Scale"), this.scaleLess, this.scaleMore)));
		this.mapPanel = el("section.panel.map-panel", { aria: { label: "Pressure map" } }, bar, this.map.node, this.caption, this.flag);
		this.board = el("div.live", {}, this.mapPanel, el("div.side", {}, this.balance.node, this.parts.node, this.towers.node, this.target.node, this.strips.node));
		this.root.append(el("h1.unseen", {}, "Live"), this.board);
		this.setMode(this.mode);
		this.setSmooth(this.map.smooth);
	}

	/* For tests and for whoever measures: pictures drawn, ms between them, ms from the mat to the picture. */
	#count() {
		const debug = (window.plantarDebug ??= {});
		this.intervals = new Recent(4096);
		this.latencies = new Recent(4096);
		Object.defineProperties(debug, {
			intervals: { get: () => this.intervals.list(), configurable: true },
			latencies: { get: () => this.latencies.list(), configurable: true },
			mode: { get: () => this.mode, configurable: true },
			stale: { get: () => this.#stale, configurable: true },
		});
		debug.drawn = 0;
		this.debug = debug;
	}

	setMode(mode) {
		this.mode = remember("mode", mode);
		this.board.dataset.mode = mode;
		for (const b of this.modes) b.setAttribute("aria-pressed", String(b.dataset.mode === mode));
		if (this.#shown) announce(`${MODES[mode]} mode`);
	}

	setSmooth(on) {
		this.map.smooth = remember("smooth", on);
		this.smoothButton.setAttribute("aria-pressed", String(on));
		text(this.smoothButton, on ? "Smoothed" : "True cells");
		this.#caption();
		this.#again();
	}

	/* What is loaded now, with a margin, or the whole mat again; it stays so until asked once more. */
	zoom() {
		const part = this.map.zoomed ? null : this.map.loaded();
		this.map.zoom(part);
		text(this.zoomButton, part ? "Feet" : "Whole mat");
		this.zoomButton.setAttribute("aria-pressed", String(!!part));
		this.#caption();
		this.#again();
		announce(part ? "part of the mat" : "whole mat");
	}

	/* The next fixed scale; kept for each unit. */
	setTop(by) {
		this.map.top = nextTop(this.map.top, by);
		this.#tops[this.#scaleName()] = this.map.top;
		remember("scale", this.#tops);
		this.#caption();
		this.#again();
		announce(`scale to ${this.map.top} ${this.#unit}`);
	}

	/* Pressures of all mats have one scale; counts mean something on their own mat only. */
	#scaleName() {
		return this.#unit === "counts" ? `counts ${this.store.watched}` : this.#unit;
	}

	#caption(note = this.note ?? "") {
		this.note = note;
		this.map.scale.set(this.map.top, this.#unit || "");
		const how = this.map.smooth ? "smoothed between cell centres" : "true cells";
		text(this.caption, `${this.#unit ? `0 to ${this.map.top} ${this.#unit}, fixed` : "no data yet"} \u00b7 ${how}${this.map.zoomed ? ", part of the mat" : ""} \u00b7 viridis${note ? ` \u00b7 ${note}` : ""}`);
	}

	#forget() {
		this.#queue.length = 0;
		this.#unit = ""; /* its scale is another mat's */
		this.#last = this.#header = this.#metrics = this.#shares = null;
		this.map.clear();
		if (this.map.zoomed) this.zoom();
		this.#means.clear();
		this.#trace.clear();
		for (const t of Object.values(this.#trails)) t.clear();
		this.target.reset();
	}

	/* Every frame's figures, in order. */
	#take({ header }) {
		if (header.mat !== this.store.watched) return;
		const m = header.metrics;
		const rate = this.store.mat()?.rate_hz ?? 0;
		const broken = this.#epoch !== header.epoch || this.#lost !== lostSum(header.lost);
		this.#epoch = header.epoch;
		this.#lost = lostSum(header.lost);
		this.#header = header;
		this.#metrics = m;
		this.#shares = shares(m);
		this.#means.push(header, m);
		this.#trace.push(header, [m[`force_${units(m).force}`], m.heel_pct, m.forefoot_pct, m.cop_x_mm, m.cop_y_mm], rate);
		const t = ms(header.t_ns);
		for (const name in TRAILS) this.#trails[name].push(t, m[`${TRAILS[name]}cop_x_mm`], m[`${TRAILS[name]}cop_y_mm`], broken);
		if (this.mode === "target") this.target.push(header, this.#shares, rate);
	}

	#picture(frame) {
		if (frame.header.mat !== this.store.watched) return;
		this.#last = frame;
		if (!this.#shown) return;
		this.#queue.push(frame);
		if (this.#queue.length > 2) this.#queue.shift();
	}

	/* Draws the newest picture once more, in another way. */
	#again() {
		if (this.#last && !this.#queue.length) this.#queue.push(this.#last);
	}

	/*
	 * The picture to draw now. Pictures come and the screen is drawn 60 times a second by two clocks: of two
	 * that came at once the second waits for its turn, or a third of them would be dropped whenever
	 * the clocks are in step. One that is always left over is dropped, so that nothing stays late.
	 */
	#duePicture() {
		const frame = this.#queue.shift();
		this.#spare = this.#queue.length ? this.#spare + 1 : 0;
		if (this.#spare > SPARE_MAX) {
			this.#spare = 0;
			return this.#queue.shift();
		}
		return frame;
	}

	show() {
		this.#shown = true;
		this.#drawnAt = 0;
		cancelAnimationFrame(this.#raf);
		this.#raf = requestAnimationFrame((t) => this.#tick(t));
	}

	hide() {
		this.#shown = false;
		this.#queue.length = 0;
		cancelAnimationFrame(this.#raf);
	}

	/* The mat's clock at a moment of this page, in ms. */
	#clock(now) {
		const best = this.link.latency();
		if (best) return now + best.offset_ms;
		return this.#header ? this.#trace.newest + Math.max(0, this.store.age(now)) : now;
	}

	#tick() {
		this.#raf = requestAnimationFrame((t) => this.#tick(t));
		const now = performance.now();
		this.#judge(now);
		const frame = this.#duePicture();
		if (frame) this.#paint(frame, now);
		const clock = this.#clock(now);
		if (now >= this.#due.bars) this.#bars(now);
		if (now >= this.#due.numbers) this.#numbers(now);
		else if (now >= this.#due.strip) this.#strip(now, clock);
	}

	#judge(now) {
		const stale = this.store.stale(now);
		if (stale) text(this.flagText, this.#silence(now));
		if (stale === this.#stale) return;
		const first = this.#stale === null;
		this.#stale = stale;
		this.board.classList.toggle("stale", stale);
		this.flag.hidden = !stale;
		this.#due.numbers = this.#due.bars = 0;
		if (!first) announce(stale ? `Stale: ${this.#silence(now)}` : "live again", stale);
	}

	/* Why nothing comes, as far as it is known. */
	#silence(now) {
		const { link, daemon, status } = this.store;
		const age = this.store.age(now);
		const since = Number.isFinite(age) ? `no data for ${span(age)}` : "no data yet";
		if (!link.up) return `${since}: not connected to plantar-web`;
		if (daemon.up === false) return `${since}: plantard is not there`;
		const mat = this.store.mat();
		if (!status || !mat) return since;
		return mat.state === "running" ? since : `${since}: mat ${mat.state}`;
	}

	#paint({ header, blob }, now) {
		const [rows, cols] = header.shape;
		const mat = this.store.mat();
		this.map.setMat({ rows, cols, pitch_row_mm: mat?.pitch_row_mm ?? 1, pitch_col_mm: mat?.pitch_col_mm ?? 1 });
		this.#units(header);
		this.#over.now = ms(header.t_ns);
		this.map.draw(cells(header, blob), header.scale ?? 1, this.#over);
		if (this.#drawnAt) this.intervals.push(now - this.#drawnAt);
		this.#drawnAt = now;
		const best = this.link.latency();
		if (best) this.latencies.push(performance.now() + best.offset_ms - ms(header.t_ns));
		this.debug.drawn++;
	}

	/* Colours are of the unit only where a cell's count is a factor away from it; else they are counts. */
	#units(header) {
		const exact = header.scale !== null;
		const unit = exact ? header.unit : "counts";
		const note = exact || header.unit === "counts" ? "" : "raw counts: zero and curve of the calibration are in the figures, not in the map";
		if (unit === this.#unit && note === this.note) return;
		this.#unit = unit;
		this.map.top = this.#tops[this.#scaleName()] ?? firstTop(unit, header.dtype);
		this.#caption(note);
	}

	#bars(now) {
		this.#due.bars = now + BARS_MS;
		const s = this.#stale ? null : this.#shares;
		if (this.mode === "clinician") this.balance.move(s?.left ?? null);
		else if (this.mode === "patient") this.towers.move(s?.left ?? null, s?.right ?? null);
		else this.target.draw(this.#stale);
	}

	/* Why there is no left and right. */
	#why() {
		if (this.#stale || !this.#metrics) return "";
		const m = this.#metrics;
		if (m.cop_x_mm === null) return "nobody on the mat";
		if (m.feet === null) return "feet touch and cannot be told apart";
		if (m.feet === 0) return "no foot can be told on it";
		return "which foot is which is not known";
	}

	#numbers(now) {
		this.#due.numbers = now + NUMBERS_MS;
		const mean = (name) => (this.#stale ? null : this.#means.mean(name));
		const why = this.#why();
		this.balance.say(mean("left"), mean("right"), why);
		this.parts.say(mean);
		this.towers.say(mean("left") === null ? why : "");
		this.strips.say(this.#stale ? null : this.#means.load(), this.#forces());
		const seen = this.#stale ? "out of date" : mean("left") === null ? why : `left ${number(mean("left"))} percent`;
		this.map.canvas.setAttribute("aria-label", `Pressure on the mat, seen from above: ${seen || "no data"}`);
	}

	/* The unit of forces, and the body mass of whoever a protocol under way says stands there. */
	#forces() {
		const p = this.store.protocol;
		const ours = p && p.mat === this.store.watched && !["done", "aborted"].includes(p.state);
		const calibrated = this.#metrics ? units(this.#metrics).calibrated : this.store.mat()?.calibrated;
		return { unit: calibrated ? "N" : "counts", mass_kg: ours ? p.body_mass_kg : null };
	}

	#strip(now, clock) {
		this.#due.strip = now + STRIP_MS;
		if (this.mode !== "clinician") return;
		const m = this.#metrics;
		const mat = this.store.mat();
		const silent = this.#header && clock - this.#trace.newest > Math.max(staleAfter(mat?.rate_hz), 500);
		this.strips.draw(this.#trace, clock, {
			...this.#forces(),
			axes: axes(mat?.facing, m ? [m.left_axis_deg, m.right_axis_deg, m.foot_axis_deg] : []),
			silent_from: silent ? this.#trace.newest : null,
		});
	}
}

export function view(root, context) {
	const live = new Live(root, context);
	const target = (name, by) => live.mode === "target" && live.target.turn(name, by);
	return {
		show: () => live.show(),
		hide: () => live.hide(),
		keys: [
			{ key: "c", does: "clinician mode", run: () => live.setMode("clinician") },
			{ key: "p", does: "patient mode: large bars, no numbers", run: () => live.setMode("patient") },
			{ key: "t", does: "target mode: hold within a band", run: () => live.setMode("target") },
			{ key: "s", does: "true cells or smoothed", run: () => live.setSmooth(!live.map.smooth) },
			{ key: "z", does: "whole mat, or what is loaded now", run: () => live.zoom() },
			{ key: "+", does: "scale to higher pressures", run: () => live.setTop(1) },
			{ key: "-", does: "scale to lower pressures", run: () => live.setTop(-1) },
			{ key: "ArrowLeft", label: "\u2190", does: "target lower (target mode)", run: () => target("centre", -1) },
			{ key: "ArrowRight", label: "\u2192", does: "target higher (target mode)", run: () => target("centre", 1) },
			{ key: "ArrowUp", label: "\u2191", does: "band wider (target mode)", run: () => target("half", 1) },
			{ key: "ArrowDown", label: "\u2193", does: "band narrower (target mode)", run: () => target("half", -1) },
			{ key: "0", does: "times of the target anew (target mode)", run: () => live.mode === "target" && live.target.reset() },
		],
	};
}
