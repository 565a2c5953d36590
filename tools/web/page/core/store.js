// SPDX-License-Identifier: Apache-2.0
/*
 * What the page knows, in one place: the last status, what events say in between, and when data
 * came last. Nothing here is the truth: plantard is. So a new status replaces everything.
 */
import { ms } from "./wire.js";

const STALE_MS = 250;
const PERIODS = 3;
const EVENTS_KEPT = 50;

/* From when on a silent mat is stale, in ms: 250, or three periods of a slower mat. */
export function staleAfter(rate_hz) {
	return rate_hz > 0 ? Math.max(STALE_MS, (PERIODS * 1000) / rate_hz) : STALE_MS;
}

export class Store {
	status = null;
	statusAt = -Infinity; /* performance.now() of the last one */
	events = []; /* newest first: {topic, header, at} */
	link = { up: false, why: "connecting" };
	daemon = { up: null, why: "" };
	role = null;
	#watched = null;
	#frameAt = -Infinity;
	#subscribers = new Set();
	#now;

	constructor(now = () => performance.now()) {
		this.#now = now;
	}

	/* Follows a Link. */
	follow(link) {
		const on = (type, fn) => link.addEventListener(type, (e) => fn(e.detail));
		on("status", (s) => this.setStatus(s));
		on("event", (e) => this.addEvent(e));
		on("frame", (f) => this.sawFrame(f));
		on("role", (r) => this.#set("role", r.role));
		on("link", (l) => this.#set("link", l));
		on("daemon", (d) => this.#set("daemon", d));
		return this;
	}

	/* fn(what) at every change: "status", "event", "role", "link", "daemon", "watched". Answers how to stop. */
	subscribe(fn) {
		this.#subscribers.add(fn);
		return () => this.#subscribers.delete(fn);
	}

	get mats() {
		return this.status?.mats ?? [];
	}

	/* A mat of status; without a name the watched one. null when there is none. */
	mat(name = this.watched) {
		return this.mats.find((m) => m.mat === name) ?? null;
	}

	get protocol() {
		return this.status?.protocol ?? null;
	}

	get operator() {
		return this.role === "operator";
	}

	/* Name of the mat the page looks at: the chosen one, else the protocol's, else the first. */
	get watched() {
		if (this.#watched && this.mats.some((m) => m.mat === this.#watched)) return this.#watched;
		return this.mats[0]?.mat ?? null;
	}

	set watched(name) {
		this.#frameAt = -Infinity;
		this.#set("watchedName", name, "watched");
	}

	setStatus(status) {
		this.status = status;
		this.statusAt = this.#now();
		this.#tell("status");
	}

	addEvent(event) {
		this.events.unshift({ ...event, at: this.#now() });
		this.events.length = Math.min(this.events.length, EVENTS_KEPT);
		this.#tell("event");
	}

	sawFrame(frame) {
		if (frame.header.mat === this.watched || !this.watched) this.#frameAt = frame.arrived ?? this.#now();
	}

	/* How old the newest picture of the watched mat is, in ms; Infinity when there was none. */
	age(now = this.#now()) {
		return now - this.#frameAt;
	}

	/* Is what is on the screen out of date? */
	stale(now = this.#now()) {
		return this.age(now) > staleAfter(this.mat()?.rate_hz);
	}

	/* Wall clock of plantard's host in ms since 1970, or null before the first status. */
	wall(now = this.#now()) {
		return this.status ? ms(this.status.utc_ns) + (now - this.statusAt) : null;
	}

	/* Monotonic clock of plantard's host in ms, as well as status tells it. */
	mono(now = this.#now()) {
		return this.status ? ms(this.status.t_ns) + (now - this.statusAt) : null;
	}

	/* Zero of a mat: {tared, age_ms}; age_ms null: not tared while plantard runs. */
	zero(name = this.watched, now = this.#now()) {
		const mat = this.mat(name);
		return { tared: !!mat?.tared, age_ms: mat?.tare_t_ns ? Math.max(0, this.mono(now) - ms(mat.tare_t_ns)) : null };
	}

	#set(key, value, what = key) {
		if (key === "watchedName") this.#watched = value;
		else this[key] = value;
		this.#tell(what);
	}

	#tell(what) {
		for (const fn of this.#subscribers) fn(what);
	}
}
