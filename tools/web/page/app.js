// SPDX-License-Identifier: Apache-2.0
/*
 * Starts the page: one connection, one store, one view at a time, chosen by the address's fragment
 * (#live, #visit, #sessions, #session/<uuid>, #compare/...). The state strip stays whatever is shown.
 *
 * A view is a module with
 *     export function view(root, {link, store}) -> {show(params), hide(), keys: [{key, does, run}]}
 * root is its own <div>, made once; params are the parts of the fragment after the first slash; keys are
 * single keys that work while it is shown and nobody types.
 */
import { Link } from "./core/link.js";
import { Store } from "./core/store.js";
import { parse, take } from "./core/token.js";
import { announce, button, dialog, el, fill, remember, tellError, text, toast } from "./core/ui.js";
import { states } from "./live/states.js";

const VIEWS = [
	{ name: "live", title: "Live", key: "1", routes: ["live"], load: () => import("./live/view.js") },
	{ name: "visit", title: "Visit", key: "2", routes: ["visit"], load: () => import("./visit/view.js") },
	{ name: "sessions", title: "Sessions", key: "3", routes: ["sessions", "session", "compare", "trend"], load: () => import("./sessions/view.js") },
];

const byId = (id) => document.getElementById(id);
const debug = (window.plantarDebug = { drawn: 0, intervals: [], latencies: [], errors: [] });

const link = new Link({ token: take() });
const store = new Store().follow(link);
debug.link = link;
debug.store = store;

let shown = null;
let typing = remember("keys") ?? true; /* single keys act */

function failed(why) {
	debug.errors.push(String(why));
	tellError(why instanceof Error ? why : new Error(String(why)));
}

/* Where the fragment leads: the view and its parameters; "" and what nobody knows lead to live. */
function route(hash = location.hash) {
	const parts = hash.replace(/^#/, "").split("/").map(decodeURIComponent);
	const view = VIEWS.find((v) => v.routes.includes(parts[0])) ?? VIEWS[0];
	return { view, route: parts[0] || "live", params: parts.slice(1) };
}

async function go() {
	if (parse(location.hash)) {
		/* an address with a token, opened in a page that runs: begin anew with it */
		take();
		location.reload();
		return;
	}
	if (location.hash === "#main") return;
	const { view, route: name, params } = route();
	if (!view.root) {
		view.root = el("div.view", { id: `view-${view.name}`, data: { testid: `view-${view.name}` } });
		byId("main").append(view.root);
	}
	try {
		view.instance ??= (await view.load()).view(view.root, { link, store });
	} catch (error) {
		failed(error);
		fill(view.root, el("p.refused", {}, `This view could not be loaded: ${error.message}`));
		view.instance = { show() {}, hide() {} };
	}
	if (route().view !== view) return; /* gone elsewhere while it was loaded */
	if (shown && shown !== view) shown.instance.hide();
	for (const v of VIEWS) if (v.root) v.root.hidden = v !== view;
	for (const a of byId("nav").children) {
		if (a.dataset.view === view.name) a.setAttribute("aria-current", "page");
		else a.removeAttribute("aria-current");
	}
	document.title = `${view.title} \u00b7 plantar`;
	document.body.dataset.view = view.name;
	if (shown && shown !== view) announce(view.title);
	shown = view;
	view.instance.show(params, name);
}

function theme(next) {
	const value = next ?? remember("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
	document.documentElement.dataset.theme = value;
	if (next) remember("theme", next);
	dispatchEvent(new Event("plantar-theme"));
}

async function help() {
	const list = (keys) => el("dl.keys", {}, keys.map((k) => [el("dt", {}, el("kbd", {}, k.label ?? k.key)), el("dd", {}, k.does)]));
	const own = shown?.instance.keys ?? [];
	const toggle = el("input", { type: "checkbox", id: "keys-on", checked: typing });
	toggle.addEventListener("change", () => remember("keys", (typing = toggle.checked)));
	await dialog("Keys", [
		el("div.columns", {}, el("div", {}, el("h3", {}, "Everywhere"), list(GLOBAL)), own.length ? el("div", {}, el("h3", {}, shown.title), list(own)) : null),
		el("p", {}, el("label.check", { htmlFor: "keys-on" }, toggle, " Single keys act (off: only Tab, Enter and the pointer)")),
	]);
}

const GLOBAL = [
	...VIEWS.map((v) => ({ key: v.key, does: v.title, run: () => (location.hash = `#${v.name}`) })),
	{ key: "d", does: "dark or light", run: () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark") },
	{ key: "f", does: "full screen", run: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(failed) },
	{ key: "?", does: "this list", run: help },
];

function pressed(e) {
	if (e.ctrlKey || e.altKey || e.metaKey || e.defaultPrevented) return;
	if (document.querySelector("dialog[open]")) return;
	if (!typing && e.key !== "?") return;
	if (e.target.closest?.("input:not([type=checkbox],[type=radio],[type=range],[type=button]), textarea, select, [contenteditable]")) return;
	const k = (shown?.instance.keys ?? []).concat(GLOBAL).find((x) => x.key === e.key);
	if (!k) return;
	e.preventDefault();
	k.run();
}

/* What is said where everybody looks, in the top line: only what is wrong or under way. */
function now() {
	const { link: l, daemon, protocol } = store;
	let said = "";
	let level = "";
	if (!l.up) [said, level] = [`Not connected: ${l.why}; trying again`, "error"];
	else if (daemon.up === false) [said, level] = [`plantard is not there: ${daemon.why || "no answer"}`, "error"];
	else if (protocol && !["done", "aborted"].includes(protocol.state))
		said = `${protocol.title ?? protocol.protocol}: ${protocol.step_title ?? protocol.step ?? ""} ${protocol.state}`;
	text(byId("now"), said);
	byId("now").dataset.level = level;
}

function frame() {
	fill(byId("nav"), VIEWS.map((v) => el("a", { href: `#${v.name}`, data: { view: v.name, testid: `nav-${v.name}` } }, v.title)));
	fill(byId("tools"),
		el("span.role", { id: "role", data: { testid: "role" } }),
		button("Keys", help, { kind: "quiet", key: "?", testid: "help" }),
		button("Light or dark", GLOBAL.find((k) => k.key === "d").run, { kind: "quiet", key: "d", testid: "theme" }));
}

/* why: a token was given and is not this bridge's. Told once, not at every new connection. */
let refused = "";
function role({ role: name, why = "" }) {
	text(byId("role"), name === "operator" ? "operator" : "viewer: may look, not act");
	if (why && why !== refused) toast(why, "error");
	refused = why;
}

/* The bridge sends frames of one mat: the one that is looked at. */
let asked = null;
function follow() {
	if (store.watched === asked) return;
	asked = store.watched;
	link.watch(asked);
}

theme();
frame();
states(byId("states"), { link, store });
addEventListener("hashchange", go);
addEventListener("keydown", pressed);
addEventListener("error", (e) => debug.errors.push(e.message));
addEventListener("unhandledrejection", (e) => failed(e.reason));
link.addEventListener("role", (e) => role(e.detail));
link.watch(null);
store.subscribe((what) => {
	if (what === "status" || what === "watched") follow();
	if (what === "link") announce(store.link.up ? "connected" : `not connected: ${store.link.why}`, !store.link.up);
	if (what === "daemon" && store.daemon.up !== null)
		announce(store.daemon.up ? "plantard is there" : `plantard is not there: ${store.daemon.why}`, !store.daemon.up);
	if (what === "event" && store.events[0].header.level === "error") announce(store.events[0].header.text, true);
	now();
});
now();
link.connect();
go();
