// SPDX-License-Identifier: Apache-2.0
/* A person's figures from session to session: a chart of the chosen one, and all of them as a table. */
import { el, field, fill, text } from "../core/ui.js";
import { action, line } from "../visit/act.js";
import { chosen } from "./compare.js";
import { SessionData } from "./data.js";
import { digits, figureOf, meanSd } from "./figures.js";
import { pageWords, warningWords } from "./refusal.js";
import { reportButtons } from "./report.js";
import { points, svg } from "./svg.js";

/* What is asked first, in this order; of "sore" the painful foot, or both if none is known. */
const FIRST = [
	["standing.load.pct", "left"], ["standing.load.heel_pct", "sore"], ["standing.sway.path_mm"], ["standing.sway.mean_velocity_mm_s"],
	["steps.contact_time_s", "sore"], ["steps.force_peak_n", "sore"], ["steps.force_peak_counts", "sore"], ["steps.heel_impulse_pct", "sore"], ["steps.strike_index_pct", "sore"],
];

const ASKED_BACK = 5; /* sessions */

/* Feet in which pain was said, of the annotations of a session's trials. */
export function soreSides(annotations) {
	const hurts = (a, side) => [side, "both"].includes(a.pain_side) || (a[`pain_${side}`] && a[`pain_${side}`] !== "none");

	return ["left", "right"].filter((side) => annotations.some((a) => hurts(a, side)));
}

/*
 * {first, others}: those of FIRST, what most sessions have before what few have (somebody who once stood still
 * and walked in all other sessions begins with steps), then as above; the others stay as they come.
 */
export function inOrder(figures, sore) {
	const many = (f) => f.sessions.filter((s) => s.n).length;
	const sides = sore.length ? sore : ["left", "right"];
	const rank = (f) => FIRST.findIndex(([figure, side]) => f.figure === figure && (side === "sore" ? sides.includes(f.side) : f.side === (side ?? "")));
	const first = figures.filter((f) => rank(f) >= 0 && many(f)).sort((a, b) => many(b) - many(a) || rank(a) - rank(b));

	return { first, others: figures.filter((f) => !first.includes(f)) };
}

const W = 900;
const H = 240;

/* Mean of each session with its SD; a session without the figure is a hole in the line. */
export function trendChart(f, sessions) {
	const { name, unit, where } = figureOf(f.figure);
	const there = f.sessions.map((s, i) => ({ ...s, i })).filter((s) => typeof s.mean === "number");
	const lows = there.map((s) => s.mean - (s.sd ?? 0));
	const highs = there.map((s) => s.mean + (s.sd ?? 0));
	const [lo, hi] = [Math.min(...lows), Math.max(...highs)];
	const pad = (hi - lo || Math.abs(hi) || 1) * 0.1;
	/* as many digits as tell the lines apart */
	const n = Math.min(8, Math.max(3, 2 + Math.ceil(Math.log10(Math.max(Math.abs(hi), Math.abs(lo), 1e-9) / (hi - lo || Math.abs(hi) || 1)))));
	const tick = (v) => digits(v, n);
	const x = (i) => 70 + ((W - 90) * (i + 0.5)) / sessions.length;
	const y = (v) => 12 + ((H - 56) * (hi + pad - v)) / (hi - lo + 2 * pad);
	const runs = there.reduce((r, s) => {
		if (r.length && r.at(-1).at(-1).i === s.i - 1) r.at(-1).push(s);
		else r.push([s]);
		return r;
	}, []);

	if (!there.length) return el("p.quietly", {}, "No session has this figure.");
	return el("figure.chart", { data: { testid: "trend-chart" } }, svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", class: "trend", "aria-label": `${name}, ${unit}: ${there.map((s) => `${sessions[s.i].date} ${digits(s.mean)}`).join(", ")}` },
		[lo, (lo + hi) / 2, hi].filter((v, i, a) => a.indexOf(v) === i).map((v) => [svg("line", { class: "grid", x1: 70, x2: W - 20, y1: y(v), y2: y(v) }), svg("text", { x: 62, y: y(v) + 4, "text-anchor": "end" }, tick(v))]),
		sessions.map((s, i) => svg("text", { x: x(i), y: H - 24, "text-anchor": "middle" }, s.date)),
		there.map((s) => [svg("text", { x: x(s.i), y: H - 8, "text-anchor": "middle", class: "soft" }, `n ${s.n}`),
			typeof s.sd === "number" ? svg("line", { class: "sd", x1: x(s.i), x2: x(s.i), y1: y(s.mean - s.sd), y2: y(s.mean + s.sd) }) : null]),
		runs.map((r) => svg("polyline", { class: "line", points: points(r.map((s) => [x(s.i), y(s.mean)])) })),
		there.map((s) => svg("circle", { class: "dot", cx: x(s.i), cy: y(s.mean), r: 5 }))),
	el("figcaption.chartnote", {}, `${name}${where ? ` (${where}${f.side ? `, ${f.side}` : ""})` : f.side ? ` (${f.side})` : ""}, ${unit || "no unit"}: mean of each session, bars are SD, n below.`,
		f.detectable_difference === null ? " How much two sessions must differ to be told apart is unknown (three sessions are needed)." : ` Two sessions differ detectably from ${digits(f.detectable_difference)} ${unit} on; from the first to the last it changed by ${digits(f.change)}: ${f.beyond ? "beyond" : "within"} it.`));
}

export function trendPage(ctx, root, subject, condition) {
	const refused = el("p.refusal", { role: "alert", data: { testid: "trend-refused" } });
	const chart = el("section.sheet", { aria: { label: "Chart" } });
	const table = el("section.sheet", { aria: { label: "Table" } });
	const figure = el("select", { data: { testid: "trend-figure" } });
	const filter = line({ type: "search", data: { testid: "trend-filter" } });
	const of = el("select", { data: { testid: "trend-condition" } });
	const said = el("p.hint");
	let doc = null;

	const key = (f) => `${f.figure}|${f.side}`;

	function drawChart() {
		const f = doc?.figures.find((x) => key(x) === figure.value);

		if (f) fill(chart, trendChart(f, doc.sessions));
	}

	function drawTable() {
		if (!doc) return;
		const rows = chosen(doc.figures, filter.value, false);

		fill(table, el("div.wide", { tabIndex: 0, role: "region", aria: { label: "Figures of each session" } }, el("table.figures", { data: { testid: "trend" } },
			el("caption", {}, `${rows.length} of ${doc.figures.length} figures, mean (SD) and n of each session`),
			el("thead", {}, el("tr", {}, ["Figure", "Unit", ...doc.sessions.map((s) => el("a", { href: `#session/${s.session_uuid}` }, s.date)), "Change", "Detectable", "Change is"].map((h) => el("th", { scope: "col" }, h)))),
			el("tbody", {}, rows.map((f) => {
				const { where, name, unit } = figureOf(f.figure);

				return el("tr", {}, el("th", { scope: "row" }, name, el("span.hint", {}, ` ${[where, f.side].filter(Boolean).join(", ")}`)), el("td", {}, unit),
					f.sessions.map((s) => el("td.n", {}, meanSd(s.mean, s.sd), s.n ? el("span.hint", {}, ` n ${s.n}`) : null)),
					el("td.n", {}, digits(f.change)), el("td.n", {}, digits(f.detectable_difference)), el("td", {}, f.beyond === null ? f.repeatability : f.beyond ? "beyond it" : "within it"));
			})))));
	}

	/* As the newest session tells that says anything of pain, of the last few. Without an answer both feet are shown. */
	async function sore(trend) {
		for (const s of trend.sessions.slice(-ASKED_BACK).reverse()) {
			const said = await new SessionData(ctx.link, s.session_uuid).trials().then((t) => t.map((x) => x.annotations), () => []);

			if (said.some((a) => a.pain_side || a.pain_left || a.pain_right)) return soreSides(said);
		}
		return [];
	}

	const option = (f) => el("option", { value: key(f) }, `${figureOf(f.figure).name}, ${[figureOf(f.figure).where, f.side].filter(Boolean).join(", ")}`);

	async function took(trend) {
		const sides = await sore(trend);
		const { first, others } = inOrder(trend.figures, sides);

		doc = { ...trend, figures: [...first, ...others] };
		fill(figure, first.length ? [el("optgroup", { label: "First" }, first.map(option)), el("optgroup", { label: "Others" }, others.map(option))] : others.map(option));
		figure.selectedIndex = 0;
		text(said, `${trend.sessions.length} sessions${trend.condition ? `, condition ${trend.condition}` : ""}${sides.length ? `; pain was said of: ${sides.join(" and ")}` : ""}.${trend.warnings.length ? ` ${trend.warnings.map(warningWords).join(" ")}` : ""}`);
		drawChart();
		drawTable();
	}

	const go = action(ctx, "Show", () => (text(said, "The sessions are being read."), { cmd: "trend", keys: { subject, ...(of.value ? { condition: of.value } : {}) } }), { testid: "trend-go", words: (m) => (text(said, ""), pageWords(m).said), done: (reply) => {
		fill(chart);
		fill(table);
		return took(reply.trend);
	} });

	figure.addEventListener("change", drawChart);
	filter.addEventListener("input", drawTable);
	fill(root, el("header.head", {}, el("div", {}, el("h1", { tabIndex: -1 }, `Trend of ${subject}`), said), el("div.go", {}, el("a.link", { href: "#sessions" }, "All sessions"), reportButtons(ctx, () => (doc?.sessions ?? []).map((s) => s.session_uuid)))),
		el("div.filter", {}, field("Condition", of), go.node, field("Chart", figure), field("Show figures with", filter)),
		refused, el("div.cards.single", {}, chart, table));

	/* Conditions are never mixed: the one asked for, else the one of most sessions. */
	async function begin() {
		try {
			const { sessions } = await ctx.link.request("sessions", { subject, limit: 1000 });
			const count = new Map();

			for (const c of sessions.flatMap((s) => s.conditions)) count.set(c, (count.get(c) ?? 0) + 1);
			const list = [...count].sort((a, b) => b[1] - a[1]).map(([c]) => c);
			const wanted = list.includes(condition) ? condition : list[0] ?? "";

			fill(of, list.map((c) => el("option", { value: c, selected: c === wanted }, c || "none said")));
			go.run();
		} catch (error) {
			text(refused, error.message);
		}
	}

	of.addEventListener("change", () => go.run());
	begin();
	return { leave() {} };
}
