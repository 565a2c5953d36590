// SPDX-License-Identifier: Apache-2.0
/*
 * The visit: a person is led over the mat. plantard knows how far it is (status.protocol); this draws
 * that and nothing else, so a second browser shows the same at once and a killed one loses nothing but
 * what was half typed. A panel is built when the state changes and then only updated.
 */
import { announce, el, fill, text } from "../core/ui.js";
import { aside } from "./aside.js";
import { beginPanel } from "./begin.js";
import { endedPanel } from "./ended.js";
import { clock, isActive, isRunning, leftSeconds, panelKey } from "./model.js";
import { readyPanel, restPanel } from "./ready.js";
import { redPanel } from "./redflags.js";
import { reviewPanel } from "./review.js";
import { runningPanel } from "./running.js";
import { stylesheet } from "./style.js";
import { stateName } from "./words.js";

const TICK_MS = 200;

function panelOf(ctx, p) {
	if (!p) return beginPanel(ctx, null);
	if (!isActive(p)) return endedPanel(ctx, p);
	if (isRunning(p)) return runningPanel(ctx, p);
	return { "red-flags": redPanel, ready: readyPanel, review: reviewPanel, rest: restPanel }[p.state](ctx, p);
}

/* Whole protocols by name and version, asked for once: they do not change while plantard runs. */
function protocolCache(link) {
	const asked = new Map();

	return async (id) => {
		if (!asked.has(id)) asked.set(id, link.request("protocols", { protocol: id }).then((r) => r.protocols[0]));
		try {
			return await asked.get(id);
		} catch (error) {
			asked.delete(id);
			throw error;
		}
	};
}

function headText(p) {
	if (!isActive(p)) return p ? p.title : "A new visit";
	const condition = p.condition ? `, ${p.condition}` : "";

	return p.step ? `${p.step_title}${condition}` : p.title;
}

export function view(root, { link, store }) {
	const newest = new Map();
	const ctx = { link, store, protocol: protocolCache(link), newest: (mat) => newest.get(mat) ?? null, beginning };
	const heading = el("h1", { tabIndex: -1, data: { testid: "visit-title" } });
	const state = el("p.statename", { data: { testid: "visit-state" } });
	const off = el("p.warning", { role: "status", hidden: true, data: { testid: "visit-off" } });
	const main = el("section.stage", { aria: { label: "What is next" } });
	let side = null;
	let panel = null;
	let key = null;
	let shown = false;
	let timer = 0;
	let said = "";

	stylesheet("visit/controls.css");
	stylesheet("visit/visit.css");
	root.classList.add("visit");

	link.addEventListener("metrics", ({ detail }) => newest.set(detail.header.mat, detail.header));
	link.addEventListener("daemon", () => (ctx.protocol = protocolCache(link)));

	/* Focus follows the next action, unless somebody is busy elsewhere on the page or in a question. */
	function takeFocus() {
		const at = document.activeElement;

		if (document.querySelector("dialog[open]") || (at && at !== document.body && at.isConnected && !root.contains(at) && at.id !== "main")) return;
		const target = panel.focus();

		(store.operator && target ? target : heading).focus({ preventScroll: false });
	}

	/* While a new visit is being written down, the old one is not shown beside it. */
	function beginning(now) {
		root.classList.toggle("beginning", now);
		text(heading, now ? "A new visit" : headText(store.protocol));
	}

	function build(p, first) {
		root.classList.remove("beginning");
		panel = panelOf(ctx, p);
		side = p ? aside(ctx) : null;
		fill(main, panel.node);
		fill(root, el("header.head", {}, heading, state, off), el("div.columns", { class: side ? "" : "alone" }, main, side?.node));
		if (!first || document.activeElement === document.body) takeFocus();
	}

	function say(p) {
		const line = p ? `${headText(p)}: ${stateName(p.state)}` : "";

		if (line && line !== said && said) announce(line, p.state === "aborted");
		said = line;
	}

	function refresh() {
		if (!shown || !store.status) return;
		const p = store.protocol;
		const now = `${panelKey(p)}|${store.role}`;

		if (!root.classList.contains("beginning") || now !== key) text(heading, headText(p));
		text(state, p ? `${stateName(p.state)}${isActive(p) ? "" : ` \u00b7 ${p.subject ?? ""}`}` : "");
		state.dataset.state = p?.state ?? "none";
		off.hidden = link.up && store.daemon.up !== false;
		text(off, off.hidden ? "" : "No connection: this is the last that was heard. The visit itself is kept by plantard.");
		if (now !== key) {
			const first = key === null;

			key = now; /* before it is built: what cannot be drawn is said once and not with every status */
			build(p, first);
		}
		if (p) side.update(p);
		tick();
		say(p);
	}

	function tick() {
		const p = store.protocol;

		if (!shown || !panel || !p) return;
		panel.update(p, store.statusAt);
		if (p.state === "countdown") {
			const left = Math.ceil(leftSeconds(p, store.statusAt, performance.now()));

			if (left > 0 && left <= 3 && left !== tick.last) announce(clock(left), true);
			tick.last = left;
		}
	}

	store.subscribe(refresh);
	if (!store.status) fill(root, el("p.quietly", {}, "Waiting for plantard."));
	return {
		show() {
			shown = true;
			if (isActive(store.protocol) && store.watched !== store.protocol.mat) store.watched = store.protocol.mat;
			timer = setInterval(tick, TICK_MS);
			refresh();
			if (panel) takeFocus();
		},
		hide() {
			shown = false;
			clearInterval(timer);
		},
		get keys() {
			return [...(panel?.keys ?? []), ...(side && store.operator ? side.keys : [])];
		},
	};
}
