// SPDX-License-Identifier: Apache-2.0
/*
 * What lies in the archive: #sessions, #session/<uuid>, #compare/<uuid>[,<uuid>...][/side], #trend/<subject>[/<condition>].
 * All of it is asked of plantard; only operators may (docs/access.md).
 */
import { el, fill } from "../core/ui.js";
import { stylesheet } from "../visit/style.js";
import { comparePage } from "./compare.js";
import { listPage } from "./list.js";
import { sessionPage } from "./session.js";
import { trendPage } from "./trend.js";

export function view(root, { link, store }) {
	const ctx = { link, store };
	let page = null;
	let at = null;
	let wanted = null;
	let shown = false;

	stylesheet("visit/controls.css");
	stylesheet("sessions/sessions.css");
	root.classList.add("archive");

	function open(name, params) {
		if (name === "session" && params[0]) return sessionPage(ctx, root, params[0]);
		if (name === "compare" && params[0]) return comparePage(ctx, root, params[0].split(",").filter(Boolean), params[1]);
		if (name === "trend" && params[0]) return trendPage(ctx, root, params[0], params[1]);
		return listPage(ctx, root);
	}

	function draw(anew) {
		const [name, params] = wanted;
		const key = `${name}/${params.join("/")}|${store.role}`;

		if (!shown || !link.up) return;
		if (key === at && !anew) return;
		page?.leave?.();
		at = key;
		page = null;
		root.scrollTop = 0;
		if (!store.operator) {
			fill(root, el("h1", { tabIndex: -1 }, "Sessions"), el("p.quietly", { data: { testid: "no-access" } }, "Recordings can be looked at by operators only. Open the operator's address (plantar-web --print-url)."));
			return;
		}
		page = open(name, params);
		page.name = name;
		if (document.activeElement === document.body || root.contains(document.activeElement)) root.querySelector("h1")?.focus();
	}

	store.subscribe((what) => {
		if (shown && (what === "role" || what === "link")) draw(false);
		/* a session has grown, or another one is there */
		if (shown && what === "event" && page?.name === "sessions" && ["recording-finished", "recording-started"].includes(store.events[0].header.kind)) page.reload();
	});
	fill(root, el("p.quietly", {}, "Waiting for plantard."));
	return {
		show(params = [], name = "sessions") {
			shown = true;
			wanted = [name, params];
			draw(name === "sessions");
		},
		hide() {
			shown = false;
		},
		get keys() {
			return page?.step ? [{ key: "j", does: "next trial", run: () => page.step(1) }, { key: "k", does: "trial before", run: () => page.step(-1) }, { key: "i", does: "peak or impulse", run: () => page.map() }] : [];
		},
	};
}
