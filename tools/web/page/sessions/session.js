// SPDX-License-Identifier: Apache-2.0
/*
 * One session: its trials on the left, the chosen one's footprint beside the force of all steps, its
 * figures below, and what is said of it. What is shown is what plantard's own analysis says.
 */
import { announce, el, fill, text } from "../core/ui.js";
import { figuresCard } from "./card_figures.js";
import { footprintCard } from "./card_footprint.js";
import { forceCard } from "./card_force.js";
import { sayCard } from "./card_say.js";
import { SessionData } from "./data.js";
import { when } from "./list.js";
import { reportButtons } from "./report.js";
import { trialButton } from "./trials.js";

const OVERLAID = 60; /* trials whose curves are laid over each other at most */

export function sessionPage(ctx, root, uuid) {
	const data = new SessionData(ctx.link, uuid);
	const refused = el("p.refusal", { role: "alert", data: { testid: "session-refused" } });
	const list = el("nav.trials", { aria: { label: "Trials" } });
	const title = el("h1", { tabIndex: -1 }, "Session");
	const about = el("p.hint", { data: { testid: "session-about" } });
	const comparing = el("a.link", { href: `#compare/${uuid}`, hidden: true, data: { testid: "to-compare" } });
	let trials = [];
	let loaded = new Map();
	let gone = false;
	let shown = null; /* the number of the chosen trial */

	const current = () => trials.find((t) => t.trial === shown);

	/* What the cards need of the page. */
	const page = { uuid, trials: () => trials, loaded: () => loaded, current, reload, places: () => say.places(), placed: (analysis) => footprint.draw(analysis) };
	const footprint = footprintCard(ctx, page);
	const force = forceCard(page);
	const figures = figuresCard(ctx, page);
	const say = sayCard(ctx, page);

	async function reload() {
		data.forget();
		loaded = new Map();
		announce("saved");
		await load(shown);
	}

	/* ---- loading ---- */

	function drawList() {
		const focused = list.contains(document.activeElement);

		fill(list, trials.map((t) => trialButton(t, t.trial === shown, pick)));
		if (focused) list.querySelector("[aria-pressed=true]")?.focus();
	}

	async function pick(number) {
		shown = number;
		const t = current();
		const busy = root.contains(document.activeElement) ? document.activeElement.dataset.testid : null;

		drawList();
		list.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" });
		say.forget();
		footprint.node.setAttribute("aria-busy", "true");
		try {
			const analysis = await data.analysis(number);

			if (gone || shown !== number) return;
			loaded.set(number, analysis);
			text(refused, "");
			say.draw(t, analysis);
			footprint.draw(analysis);
			force.draw(analysis);
			figures.draw(analysis);
		} catch (error) {
			if (gone || shown !== number) return;
			text(refused, `Trial ${number}: ${error.message}`);
			for (const card of [footprint, force, figures]) fill(card.node);
			say.draw(t, null);
		} finally {
			footprint.node.removeAttribute("aria-busy");
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
				if (t.condition === current()?.condition && loaded.get(shown)) force.draw(loaded.get(shown));
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
		refused, el("div.session", {}, list, el("div.cards", {}, footprint.node, el("div.cards.single", {}, force.node, say.pain), figures.node, say.node)));
	load(null);
	return {
		leave() {
			gone = true;
		},
		step(by) {
			const at = trials.findIndex((t) => t.trial === shown) + by;

			if (trials[at]) pick(trials[at].trial);
		},
		map() {
			footprint.swap();
			if (loaded.has(shown)) footprint.draw(loaded.get(shown));
		},
	};
}
