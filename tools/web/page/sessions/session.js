// SPDX-License-Identifier: Apache-2.0
/*
 * One session: its trials on the left, the chosen one's footprint beside the force of all steps, its
 * figures below, and what is said of it. What is shown is what plantard's own analysis says.
 */
import { announce, button, el, fill, text } from "../core/ui.js";
import { choice } from "../visit/act.js";
import { AXIS, curves, curvesOf, keysOf, TITLE } from "./curves.js";
import { SessionData } from "./data.js";
import { digits, figureOf } from "./figures.js";
import { footprint, scaleBar, UNIT } from "./footprint.js";
import { niceTop, stepTop } from "./geometry.js";
import { when } from "./list.js";
import { reportButtons } from "./report.js";
import { annotations, askReason, corrections, painPlaces, verdicts } from "./say.js";
import { gaitTable, standingTable, stepTable } from "./tables.js";

const OVERLAID = 60; /* trials whose curves are laid over each other at most */
const MARK = { accepted: ["\u2713", "accepted"], rejected: ["\u2717", "rejected"], undecided: ["\u2026", "undecided"], unsaid: ["", "no verdict"] };

function trialButton(t, now, pick) {
	const [mark, word] = MARK[t.verdict];

	return el("button.trial", { type: "button", onclick: () => pick(t.trial), aria: { pressed: String(now) }, data: { testid: `trial-${t.trial}`, verdict: t.verdict } },
		el("span.number", {}, `${t.trial}`), el("span", {}, t.condition || "no condition", el("span.hint", {}, `${mark} ${word}${t.reason ? `: ${t.reason}` : ""}`),
			t.recording.duration_s !== undefined ? el("span.hint", {}, `${digits(t.recording.duration_s)} s, ${t.recording.frames} frames${t.recording.lost_frames ? `, ${t.recording.lost_frames} missing` : ""}${t.annotations.pain_score !== undefined ? `, pain ${t.annotations.pain_score}` : ""}` ) : el("span.hint", {}, t.state)));
}

export function sessionPage(ctx, root, uuid) {
	const data = new SessionData(ctx.link, uuid);
	const refused = el("p.refusal", { role: "alert", data: { testid: "session-refused" } });
	const list = el("nav.trials", { aria: { label: "Trials" } });
	const title = el("h1", { tabIndex: -1 }, "Session");
	const about = el("p.hint", { data: { testid: "session-about" } });
	const left = el("section.sheet", { aria: { label: "Footprint" }, data: { testid: "card-footprint" } });
	const right = el("section.sheet", { aria: { label: "Force" }, data: { testid: "card-force" } });
	const pain = el("section.sheet", { aria: { label: "Pain" } });
	const figures = el("section.sheet.broad", { aria: { label: "Figures" } });
	const say = el("section.sheet.broad.saying", { aria: { label: "What is said of it" } });
	const shown = { what: "peak", top: {}, key: null, trial: null };
	const comparing = el("a.link", { href: `#compare/${uuid}`, hidden: true, data: { testid: "to-compare" } });
	let trials = [];
	let loaded = new Map();
	let gone = false;
	let places = null;

	const current = () => trials.find((t) => t.trial === shown.trial);

	/* ---- drawing ---- */

	function drawFootprint(analysis) {
		const p = analysis.pictures;

		if (!p) return fill(left, el("h2", {}, "Footprint"), el("p.quietly", {}, "This recording has no places of its sensors, so no footprint."));
		const unit = UNIT[shown.what](p.unit);
		const scale = `${shown.what} ${unit}`;

		const greatest = Math.max(0, ...p[shown.what]);

		if (greatest > 0) shown.top[scale] ??= niceTop(greatest);
		const top = shown.top[scale] ?? (p.unit === "kPa" ? 500 : 100);
		const print = footprint(analysis, { what: shown.what, top, places: places?.now ?? {}, onplace: ctx.store.operator ? (side, place) => places?.toggle(side, place) : null });
		const by = (step, label) => button(label, () => {
			shown.top[scale] = stepTop(top, step);
			drawFootprint(analysis);
			left.querySelector(`[data-testid="scale-${step > 0 ? "up" : "down"}"]`)?.focus();
		}, { testid: step > 0 ? "scale-up" : "scale-down", title: step > 0 ? "a greater scale" : "a smaller scale" });
		const what = choice("Map", [["peak", "peak"], ["impulse", "impulse"]], { value: shown.what, testid: "map", onchange: (v) => {
			shown.what = v;
			drawFootprint(analysis);
			left.querySelector(`input[value="${v}"]`)?.focus();
		} });

		fill(left, el("div.maphead", {}, what.node, el("div.zoom", { role: "group", aria: { label: "Scale" } }, by(-1, "\u2212"), by(1, "+"))), print.node,
			scaleBar(top, unit, print.beyond),
			el("p.hint", {}, `Greatest cell ${digits(print.greatest)} ${unit}. True cells of ${p.pitch_row_mm} x ${p.pitch_col_mm} mm; white line: centre of pressure; dashed: where heel and midfoot end. The scale stays from trial to trial.`));
	}

	function drawForce(analysis) {
		const keys = keysOf(analysis);

		if (!keys.length) {
			const table = standingTable(analysis);

			return fill(right, el("h2", {}, table ? "Standing" : "Force"), table ?? el("p.quietly", {}, "Neither steps nor quiet standing were found in this trial."));
		}
		if (!keys.includes(shown.key)) shown.key = keys[0];
		const same = new Map([...loaded].filter(([n]) => trials.find((t) => t.trial === n)?.condition === current().condition));
		const pick = keys.length > 1 ? choice("Force in", keys.map((k) => [k, AXIS[k]]), { value: shown.key, testid: "force-unit", onchange: (v) => {
			shown.key = v;
			drawForce(analysis);
			right.querySelector(`input[value="${v}"]`)?.focus();
		} }) : null;
		const wanted = trials.filter((t) => t.condition === current().condition).length;

		fill(right, el("div.maphead", {}, el("h2", {}, `${TITLE[shown.key]}, ${current().condition || "no condition"}`), pick?.node), curves(curvesOf(same, shown.trial, shown.key), shown.key),
			el("p.hint", { data: { testid: "curves-of" } }, `Steps of ${same.size} of ${wanted} trials of this condition${same.size < wanted ? "; the others are being analysed" : ""}.`));
	}

	function drawFigures(analysis) {
		const may = ctx.store.operator;

		fill(figures, stepsRefused, analysis.steps ? [stepTable(analysis, { onreject: may ? rejectStep : null, onaccept: may ? acceptStep : null }), gaitTable(analysis)] : null,
			analysis.steps?.length && analysis.standing ? standingTable(analysis) : null,
			analysis.total ? el("p.hint", {}, `Whole recording: ${Object.entries(analysis.total).filter(([k]) => /_peak_(n|counts|kpa)$|footprint_cm2$/.test(k)).map(([k, v]) => `${figureOf(k).name.toLowerCase()} ${digits(v)} ${figureOf(k).unit}`).join("; ")}. Method ${analysis.method.version}, regions ${analysis.method.region}, filter ${analysis.method.filter_hz ?? "none"}${analysis.method.filter_hz ? " Hz" : ""}; mat ${analysis.recording.mat_file ?? "not named"}, calibration ${analysis.recording.calibration ?? "none"}.`) : null);
	}

	/* ---- by hand ---- */

	const stepsRefused = el("p.refusal", { role: "alert" });

	async function correctStep(keys, title, said) {
		const reason = await askReason(title, said);

		if (reason === null) return;
		text(stepsRefused, "");
		if (!reason) return text(stepsRefused, "A reason is needed.");
		try {
			await ctx.link.request("correct", { session: uuid, trial: shown.trial, reason, ...keys });
			await reload();
		} catch (error) {
			text(stepsRefused, error.message);
		}
	}
	const rejectStep = (n) => correctStep({ reject_step: [n] }, "Take the step out", `Step ${n} of trial ${shown.trial} will not count in any figure.`);
	const acceptStep = (n) => correctStep({ accept_step: [n] }, "Count the step", `Step ${n} of trial ${shown.trial} will count again.`);

	async function reload() {
		data.forget();
		loaded = new Map();
		announce("saved");
		await load(shown.trial);
	}

	function drawSay(t, analysis) {
		const v = verdicts(ctx, uuid, t.trial, reload);

		places = painPlaces(ctx, uuid, t.annotations, { onchange: () => analysis && drawFootprint(analysis), saved: reload });
		fill(pain, places.node);
		fill(say, corrections(ctx, uuid, t.trial, analysis, reload), annotations(ctx, uuid, t.trial, t.annotations, reload),
			el("section.say", { aria: { label: "Verdict" } }, el("h3", {}, "Verdict"), el("p", {}, `Trial ${t.trial} is ${MARK[t.verdict][1]}${t.reason ? ` (${t.reason})` : ""}.`), el("div.go", {}, t.verdict === "accepted" ? null : v.accept.node, t.verdict === "rejected" ? null : v.reject.node),
				t.amendments.length ? el("details.more", {}, el("summary", {}, `Changed ${t.amendments.length} times since the recording`), el("ul", {}, t.amendments.map((a) => el("li", {}, `${when(a.utc)} ${a.who}: ${a.key} was ${a.was || "not said"}, is ${a.is || "taken away"}`)))) : null));
	}

	/* ---- loading ---- */

	function drawList() {
		const focused = list.contains(document.activeElement);

		fill(list, trials.map((t) => trialButton(t, t.trial === shown.trial, pick)));
		if (focused) list.querySelector("[aria-pressed=true]")?.focus();
	}

	async function pick(number) {
		shown.trial = number;
		const t = current();
		const busy = root.contains(document.activeElement) ? document.activeElement.dataset.testid : null;

		drawList();
		list.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" });
		places = null;
		left.setAttribute("aria-busy", "true");
		try {
			const analysis = await data.analysis(number);

			if (gone || shown.trial !== number) return;
			loaded.set(number, analysis);
			text(refused, "");
			drawSay(t, analysis);
			drawFootprint(analysis);
			drawForce(analysis);
			drawFigures(analysis);
		} catch (error) {
			if (gone || shown.trial !== number) return;
			text(refused, `Trial ${number}: ${error.message}`);
			for (const card of [left, right, figures]) fill(card);
			drawSay(t, null);
		} finally {
			left.removeAttribute("aria-busy");
			/* everything was drawn anew: whoever worked with the keys goes on where he was */
			if (busy && document.activeElement === document.body) root.querySelector(`[data-testid="${CSS.escape(busy)}"]`)?.focus({ preventScroll: true });
		}
	}

	/* The curves of the other trials come one after the other, those of the same condition first. */
	async function loadOthers() {
		const condition = current()?.condition;
		const mine = data;
		const order = trials.filter((t) => t.state === "finished" && t.verdict !== "rejected").sort((a, b) => (b.condition === condition) - (a.condition === condition)).slice(0, OVERLAID);

		for (const t of order) {
			if (gone || mine !== data) return;
			if (loaded.has(t.trial)) continue;
			try {
				const analysis = await data.analysis(t.trial);

				if (gone) return;
				loaded.set(t.trial, analysis);
				if (t.condition === current()?.condition && loaded.get(shown.trial)) drawForce(loaded.get(shown.trial));
			} catch {
				/* its own page says why; a curve less here, and the line below says how many there are */
			}
		}
	}

	async function load(number) {
		try {
			trials = await data.trials();
		} catch (error) {
			return text(refused, error.message);
		}
		if (gone || !trials.length) return text(refused, gone ? "" : "This session has no trials.");
		const first = trials[0];

		text(title, `${first.recording.subject ?? first.session.subject ?? "No subject"}, ${first.recording.protocol ?? first.session.protocol ?? "no protocol"}`);
		text(about, `${when(first.session.started_utc)} \u00b7 ${trials.length} trial${trials.length === 1 ? "" : "s"} \u00b7 mat ${first.session.mat ?? "-"} \u00b7 ${first.session.software ?? ""} \u00b7 ${uuid.slice(0, 8)}`);
		about.title = uuid;
		const several = new Set(trials.map((t) => t.condition)).size > 1;

		text(comparing, several ? "Compare conditions" : "Compare left and right");
		comparing.href = `#compare/${uuid}/${several ? "condition" : "side"}`;
		comparing.hidden = false;
		await pick(number ?? (trials.find((t) => t.verdict !== "rejected") ?? first).trial);
		loadOthers();
	}

	fill(root,
		el("header.head", {}, el("div", {}, title, about), el("div.go", {}, el("a.link", { href: "#sessions" }, "All sessions"),
			comparing, reportButtons(ctx, () => [uuid]))),
		refused, el("div.session", {}, list, el("div.cards", {}, left, el("div.cards.single", {}, right, pain), figures, say)));
	load(null);
	return {
		leave() {
			gone = true;
		},
		step(by) {
			const at = trials.findIndex((t) => t.trial === shown.trial) + by;

			if (trials[at]) pick(trials[at].trial);
		},
		map() {
			shown.what = shown.what === "peak" ? "impulse" : "peak";
			if (loaded.has(shown.trial)) drawFootprint(loaded.get(shown.trial));
		},
	};
}
