// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers for people: always with their unit, a dash where nothing can be said, and the same number of
 * places all the time, so that a changing figure does not dance. Nothing here knows a document.
 */

export const NONE = "\u2013"; /* en dash: nothing can be said */
const THIN = "\u202f"; /* narrow no-break space, between a number and its unit */

const WIDE = "\u00a0"; /* before a word */

const there = (x) => typeof x === "number" && Number.isFinite(x);

export function number(x, places = 0) {
	if (!there(x)) return NONE;
	const s = x.toFixed(places);
	return /^-0(\.0+)?$/.test(s) ? s.slice(1) : s.replace("-", "\u2212");
}

/* How many places show at least three figures of x, no more than three places. */
export function places(x) {
	const size = Math.abs(x);
	return size >= 100 || !(size > 0) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
}

export function quantity(x, unit, places = 0) {
	return there(x) ? `${number(x, places)}${unit.length > 3 ? WIDE : THIN}${unit}` : NONE;
}

export const percent = (x, places = 0) => quantity(x, "%", places);

const STEPS = [
	[1e12, "TB"],
	[1e9, "GB"],
	[1e6, "MB"],
	[1e3, "kB"],
];

export function bytes(n) {
	if (!there(n)) return NONE;
	for (const [size, unit] of STEPS)
		if (n >= size) return quantity(n / size, unit, n / size < 10 ? 1 : 0);
	return quantity(n, "B");
}

/* An age or a length of time: 0.4 s, 12 s, 3 min, 2 h 05, 4 d. */
export function span(milliseconds) {
	if (!there(milliseconds)) return NONE;
	const s = Math.max(0, milliseconds) / 1000;
	if (s < 10) return quantity(s, "s", 1);
	if (s < 120) return quantity(Math.floor(s), "s");
	if (s < 7200) return quantity(Math.floor(s / 60), "min");
	if (s < 172800) return `${Math.floor(s / 3600)}${THIN}h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")}`;
	return quantity(Math.floor(s / 86400), "d");
}

/* A running time: 0:07, 12:30, 1:02:03. */
export function stopwatch(milliseconds) {
	if (!there(milliseconds)) return NONE;
	const s = Math.max(0, Math.floor(milliseconds / 1000));
	const two = (n) => String(n).padStart(2, "0");
	return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/* Time of day from milliseconds since 1970, in the browser's zone. */
export function clock(utc_ms) {
	if (!there(utc_ms)) return NONE;
	return new Date(utc_ms).toTimeString().slice(0, 8);
}

/* Whole days from now to the end of a day written 2026-11-25 (UTC); negative: over; null: not said. */
export function daysLeft(day, utc_ms) {
	if (!day || !there(utc_ms)) return null;
	const end = Date.parse(`${day}T23:59:59.999Z`);
	return Number.isNaN(end) ? null : Math.floor((end - utc_ms) / 86400000);
}
