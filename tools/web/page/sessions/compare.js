// SPDX-License-Identifier: Apache-2.0
/*
 * Conditions, sides or sessions side by side: n, mean and SD of both, their difference, and the difference
 * that could be told from the scatter. It says whether one is beyond the other and nothing more.
 */
import { button, el, field, fill, text } from "../core/ui.js";
import { line } from "../visit/act.js";
import { conditionLists, keysOf } from "./conditions.js";
import { digits, figureOf, meanSd } from "./figures.js";
import { when } from "./list.js";
import { pageWords, warningWords } from "./refusal.js";
import { reportButtons } from "./report.js";

const BY = [["condition", "conditions"], ["side", "left and right"], ["session", "sessions"]];

const words = (f) => (f.beyond === null ? f.repeatability ?? "repeatability unknown" : f.beyond ? "beyond it" : "within it");

export function figureRow(f) {
	const { where, name, unit } = figureOf(f.figure);

	return el("tr", { data: { beyond: String(f.beyond) } }, el("th", { scope: "row" }, name, el("span.hint", {}, ` ${[where, f.side].filter(Boolean).join(", ")}`)), el("td", {}, unit),
		el("td.n", {}, f.a_n), el("td.n", {}, meanSd(f.a_mean, f.a_sd)), el("td.n", {}, f.b_n), el("td.n", {}, meanSd(f.b_mean, f.b_sd)),
		el("td.n", {}, digits(f.difference)), el("td.n", {}, digits(f.detectable_difference)), el("td", {}, words(f)));
}

/* Sessions are called by their uuid; people read when it was, whose, and which condition of it (of). */
export function readable(said, sessions) {
	const names = sessions.map((s) => `${when(s.started_utc)}${s.subject ? `, ${s.subject}` : ""}${s.of ? `, ${s.of}` : ""}`);
	const twice = (n) => names.indexOf(n) !== names.lastIndexOf(n);

	return sessions.reduce((t, s, i) => t.replaceAll(s.session_uuid, twice(names[i]) ? `${names[i]} (${s.session_uuid.slice(0, 4)})` : names[i]), said);
}

function groupLine(g, name) {
	return el("li", {}, el("strong", {}, name(g.name)), `: ${g.recordings} trials, ${g.steps} steps`, g.steps_rejected ? `; ${g.steps_rejected} steps do not count` : "",
		g.trials_left_out.length ? `; left out: ${g.trials_left_out.map((t) => `${t.path.split("/").at(-1)} (${t.verdict}${t.reason ? `: ${t.reason}` : ""})`).join(", ")}` : "",
		g.speed_m_s === null ? "; speed unknown" : `; ${digits(g.speed_m_s)} m/s`);
}

/* Rows that a filter leaves: words in the figure's path, and only what is beyond. */
export function chosen(figures, typed, onlyBeyond) {
	const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);

	return figures.filter((f) => (!onlyBeyond || f.beyond === true) && wanted.every((w) => `${f.figure} ${figureOf(f.figure).name} ${f.side}`.toLowerCase().includes(w)));
}

function one(c, name, filter, only) {
	const rows = chosen(c.figures, filter, only);

	return el("section.sheet", { aria: { label: `${name(c.a)} against ${name(c.b)}` } },
		el("p", {}, `${c.figures_compared} figures could be compared, of these ${c.figures_beyond} differ by more than can be told from the scatter; of ${c.figures_unknown} the repeatability is unknown. With many figures some lie beyond by chance.`),
		el("div.wide", { tabIndex: 0, role: "region", aria: { label: "Compared figures" } }, el("table.figures", { data: { testid: "comparison" } },
			el("caption", {}, `A: ${name(c.a)}; B: ${name(c.b)} (${rows.length} of ${c.figures.length} figures)`),
			el("thead", {}, el("tr", {}, ["Figure", "Unit", "A n", "A mean (SD)", "B n", "B mean (SD)", "B \u2212 A", "Detectable", "Difference is"].map((h) => el("th", { scope: "col" }, h)))),
			el("tbody", {}, rows.map(figureRow)))));
}

export function comparePage(ctx, root, uuids, wanted = null) {
	const refused = el("p.refusal", { role: "alert", data: { testid: "compare-refused" } });
	const wayOut = el("div.go");
	const of = el("div.pickers");
	const groups = el("ul.groups");
	const warnings = el("div");
	const tables = el("div.cards.single");
	const by = el("select", { data: { testid: "compare-by" } }, BY.filter(([v]) => v !== "session" || uuids.length > 1).map(([v, l]) => el("option", { value: v, selected: v === (wanted ?? (uuids.length > 1 ? "session" : "condition")) }, l)));
	const filter = line({ type: "search", data: { testid: "compare-filter" } });
	const only = el("input", { type: "checkbox", id: "only-beyond", data: { testid: "only-beyond" } });
	const links = el("p.hint");
	const allowed = new Set(); /* what may differ, because somebody said so here */
	let known = [];
	let lists = null;
	let shown = null;
	let asked = 0;

	const choosing = () => by.value !== "condition"; /* else all of them are set side by side */
	const name = (t) => readable(t, known.map((s, i) => ({ ...s, of: choosing() ? lists?.said(i) : "" })));

	function draw() {
		fill(links, uuids.map((u, i) => [i ? "; " : "", el("a", { href: `#session/${u}`, title: u }, name(u))]));
		if (!shown) return;
		fill(groups, shown.groups.map((g) => groupLine(g, name)));
		fill(warnings, shown.warnings.map((w) => el("p.warning", {}, name(warningWords(w)))));
		fill(tables, shown.comparisons.length ? shown.comparisons.map((c) => one(c, name, filter.value, only.checked)) : el("p.quietly", {}, "There is nothing to set against each other here."));
	}

	/* In the order of uuids, as the requests are. */
	async function know() {
		if (lists) return;
		const { sessions } = await ctx.link.request("sessions", { limit: 1000 });

		known = uuids.map((u) => sessions.find((s) => s.session_uuid === u) ?? { session_uuid: u, conditions: [] });
		lists = conditionLists(known, load);
		fill(of, lists.nodes);
	}

	function refuse(message) {
		const { said, mix } = pageWords(message);

		fill(tables);
		fill(warnings);
		text(refused, name(said));
		/* of conditions there is a list to choose from */
		if (mix && mix !== "condition") fill(wayOut, button("Compare all the same", () => {
			allowed.add(mix);
			by.focus();
			load();
		}, { testid: "compare-all-the-same" }));
	}

	async function load() {
		const mine = ++asked;

		shown = null;
		fill(groups);
		fill(warnings);
		fill(wayOut);
		text(refused, "");
		of.hidden = !choosing();
		fill(tables, el("p.quietly", { role: "status" }, "Comparing."));
		try {
			await know();
			const { comparison } = await ctx.link.request("compare", { sessions: uuids, by: by.value, ...keysOf(choosing() ? lists.values() : [], allowed) });

			if (mine !== asked) return;
			shown = comparison;
			draw();
		} catch (error) {
			if (mine !== asked) return;
			refuse(error.message);
		}
	}

	by.addEventListener("change", load);
	filter.addEventListener("input", draw);
	only.addEventListener("change", draw);
	fill(root, el("header.head", {}, el("div", {}, el("h1", { tabIndex: -1 }, "Comparison"), links),
		el("div.go", {}, el("a.link", { href: "#sessions" }, "All sessions"), reportButtons(ctx, () => uuids))),
	el("div.filter", {}, field("Compare", by), of, field("Show figures with", filter), el("label.check", { htmlFor: "only-beyond" }, only, " only differences beyond what is detectable"), button("Again", load, { kind: "quiet" })),
	refused, wayOut, groups, warnings, tables);
	draw();
	load();
	return { leave() {} };
}
