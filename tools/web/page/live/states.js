// SPDX-License-Identifier: Apache-2.0
/*
 * The state strip: what a clinician must know before trusting a picture, in every view. Each item says
 * its level with a word and a sign, not with a colour alone; a change to worse is read out once.
 */
import { announce, el, fill, text } from "../core/ui.js";
import { NONE, bytes, clock, daysLeft, number, quantity, span, stopwatch } from "../core/format.js";
import { lostSum } from "../core/wire.js";

const EVERY_MS = 500;
const SIGN = { warn: "\u25b2", bad: "\u25a0", good: "", none: "" };
const SOON_DAYS = 31;
const CLOCKS_S = 2;
const OLD_MS = 3000; /* plantard tells its state once a second */

/* Each answers [value, level, more]; level good, warn, bad, none; more: the long form. */
/* Is what status said too old to be said again? */
export const outdated = (store, now) => now - store.statusAt > OLD_MS;

export const ITEMS = {
	rate(mat) {
		if (!mat) return [NONE, "none", ""];
		if (mat.state !== "running") return [mat.state, "bad", mat.state_text ?? ""];
		const { rate_measured_hz: is, rate_hz: ought } = mat;
		const short = ought > 0 && is < 0.95 * ought;
		return [ought > 0 ? `${number(is, 1)} of ${quantity(ought, "Hz")}` : quantity(is, "Hz", 1), short ? "warn" : "good", short ? "fewer frames than this mat should send" : "frames a second, over the last second"];
	},
	lost(mat) {
		if (!mat) return [NONE, "none", ""];
		const now = lostSum(mat.lost);
		const all = lostSum(mat.lost_total);
		const causes = Object.entries(mat.lost_total).filter(([, n]) => n).map(([cause, n]) => `${cause} ${n}`);
		return [now === all ? number(now) : `${number(now)} (${number(all)})`, now ? "warn" : "good", `frames lost in this connection${now === all ? "" : " (and since plantard started)"}${causes.length ? `: ${causes.join(", ")}` : ""}`];
	},
	zero(mat, store, now) {
		if (!mat) return [NONE, "none", ""];
		const { tared, age_ms } = store.zero(mat.mat, now);
		if (!tared) return ["not taken", "none", "the mat was not zeroed since plantard started"];
		return age_ms === null ? ["taken", "good", "a zero of its calibration; none was taken since plantard started"] : [`${span(age_ms)} ago`, "good", "since the mat was zeroed"];
	},
	calibration(mat, store, now) {
		if (!mat) return [NONE, "none", ""];
		const id = `calibration ${mat.calibration}${mat.calibration_by ? `, by ${mat.calibration_by}` : ""}${mat.calibration_made ? `, of ${mat.calibration_made}` : ""}`;
		if (mat.calibration_expired && !mat.calibrated) return ["expired: counts", "bad", `${id}; ended ${mat.calibration_expires}`];
		if (!mat.calibrated) return ["none: counts", "warn", "this mat has no calibration; its values are counts"];
		const days = daysLeft(mat.calibration_expires, store.wall(now));
		if (days === null) return [`${mat.unit}, no end`, "good", id];
		if (days < 0 || mat.calibration_expired) return [`ended ${mat.calibration_expires}`, "bad", id];
		return [`to ${mat.calibration_expires}`, days < SOON_DAYS ? "warn" : "good", `${id}; ${days} days left`];
	},
	disk(mat, store) {
		const archive = store.status?.archive;
		if (!archive) return [NONE, "none", ""];
		const left = archive.free_bytes - archive.reserve_bytes;
		const where = `${archive.folder}; recordings end when less than ${bytes(archive.reserve_bytes)} is free`;
		if (archive.free_bytes === null) return ["does not answer", "bad", where];
		if (left <= 0) return [`full (${bytes(archive.free_bytes)})`, "bad", archive.fallback ? `${where}; recordings go to ${archive.fallback.folder}` : where];
		return [`${bytes(archive.free_bytes)} free`, left < 2 * archive.reserve_bytes ? "warn" : "good", where];
	},
	clock(mat, store, now) {
		const wall = store.wall(now);
		if (wall === null) return [NONE, "none", ""];
		const apart = (wall - Date.now()) / 1000;
		const off = Math.abs(apart) > CLOCKS_S;
		return [clock(wall), off ? "warn" : "good", off ? `the clock of plantard's host is ${span(Math.abs(apart) * 1000)} ${apart > 0 ? "ahead of" : "behind"} this screen's` : "clock of plantard's host"];
	},
};

const UNKNOWN = [NONE, "none", "plantard has said nothing for three seconds"];
const LABELS = { rate: "Rate", lost: "Lost frames", zero: "Zero", calibration: "Calibration", disk: "Disk", clock: "Clock" };

/* What the recording lamp says: [words, on]. */
export function recording(mat, store, now) {
	if (outdated(store, now)) return ["recording: not known", false];
	const r = mat?.recording;
	if (!r) return ["not recording", false];
	const since = store.wall(now) - Number(r.started_utc_ns) / 1e6;
	return [`REC ${stopwatch(since)}`, true];
}

export function states(root, { store }) {
	const chooser = el("select#mat", { aria: { label: "Mat" }, data: { testid: "mat" } });
	const state = el("span.value");
	const lamp = el("span.lamp", { aria: { hidden: "true" } });
	const lampText = el("span", { data: { testid: "recording" } });
	const items = Object.keys(ITEMS).map((name) => {
		const value = el("dd", { data: { testid: `state-${name}` } });
		return { name, value, node: el("div.state", {}, el("dt", {}, LABELS[name]), value), level: null };
	});
	const lampNode = el("p.rec", {}, lamp, lampText);
	fill(root, el("div.state.mat", { data: { testid: "state-mat" } }, chooser, state), el("dl.items", {}, items.map((i) => i.node)), lampNode);

	chooser.addEventListener("change", () => (store.watched = chooser.value));

	function mats() {
		const names = store.mats.map((m) => m.mat);
		if (names.join() !== [...chooser.options].map((o) => o.value).join()) fill(chooser, names.map((n) => el("option", { value: n }, n)));
		if (store.watched && chooser.value !== store.watched) chooser.value = store.watched;
	}

	function show() {
		const now = performance.now();
		const mat = store.mat();
		mats();
		const old = outdated(store, now);
		text(state, old ? "not known" : mat ? mat.state : "no mat");
		for (const item of items) {
			const [value, level, more] = old ? UNKNOWN : ITEMS[item.name](mat, store, now);
			text(item.value, SIGN[level] ? `${SIGN[level]} ${value}` : value);
			if (item.node.title !== more) item.node.title = more;
			if (item.level === level) continue;
			item.node.dataset.level = level;
			if (item.level !== null && (level === "bad" || level === "warn")) announce(`${LABELS[item.name]}: ${value}. ${more}`, level === "bad");
			item.level = level;
		}
		const [said, on] = recording(mat, store, now);
		text(lampText, said);
		if (lampNode.dataset.on !== String(on)) {
			if (lampNode.dataset.on !== undefined) announce(on ? "recording" : said);
			lampNode.dataset.on = String(on);
		}
	}
	store.subscribe(show);
	setInterval(show, EVERY_MS);
	show();
}
