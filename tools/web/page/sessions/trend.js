// SPDX-License-Identifier: Apache-2.0
/* A person's figures from session to session: a chart of the chosen one, and all of them as a table. */
import { el, field, fill, text } from "../core/ui.js";
import { action, line } from "../visit/act.js";
import { chosen } from "./compare.js";
import { digits, figureOf, meanSd } from "./figures.js";
import { reportButtons } from "./report.js";
import { points, svg } from "./svg.js";

/* What is charted first, if as many sessions have it as have anything. */
const WANTED = ["standing.load.heel_pct", "steps.heel_impulse_pct", "heel_impulse_pct", "steps.contact_time_s", "sway.area_95_mm2"];

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

	function took(trend) {
		const many = (f) => f.sessions.filter((s) => s.n).length;
		const most = Math.max(0, ...trend.figures.map(many));
		const first = WANTED.map((w) => trend.figures.find((f) => f.figure.endsWith(w) && many(f) === most)).find(Boolean) ?? trend.figures.find((f) => many(f) === most);

		doc = trend;
		fill(figure, trend.figures.map((f) => el("option", { value: key(f), selected: f === first }, `${figureOf(f.figure).name}, ${[figureOf(f.figure).where, f.side].filter(Boolean).join(", ")}`)));
		text(said, `${trend.sessions.length} sessions${trend.condition ? `, condition ${trend.condition}` : ""}.${trend.warnings.length ? ` ${trend.warnings.join(" ")}` : ""}`);
		drawChart();
		drawTable();
	}

	const go = action(ctx, "Show", () => (text(said, "The sessions are being read."), { cmd: "trend", keys: { subject, ...(of.value ? { condition: of.value } : {}) } }), { testid: "trend-go", done: (reply) => {
		fill(chart);
		fill(table);
		took(reply.trend);
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
