// SPDX-License-Identifier: Apache-2.0
/*
 * Small helpers for making documents without a framework. Text always goes in as text: nothing that
 * plantard or a file says is ever read as markup.
 */
export * as format from "./format.js";

/*
 * el("button.primary#go", {type: "button", onclick: fn, disabled: true, aria: {label: "Go"},
 *     data: {testid: "go"}, style: {gridRow: "2"}}, "Go", child, [more], null)
 * Known properties are set as properties, others as attributes; style through the CSSOM (no inline style).
 */
export function el(tag, props = {}, ...children) {
	const [, name, id] = /^([a-z0-9]*)(?:[^#]*#([\w-]+))?/i.exec(tag);
	const node = document.createElement(name || "div");
	if (id) node.id = id;
	for (const [, c] of tag.matchAll(/\.([\w-]+)/g)) node.classList.add(c);
	if (props === null || typeof props !== "object" || props instanceof Node || Array.isArray(props)) {
		children.unshift(props);
		props = {};
	}
	for (const [key, value] of Object.entries(props)) set(node, key, value);
	add(node, children);
	return node;
}

function set(node, key, value) {
	if (value === undefined || value === null || value === false) return;
	if (key === "aria" || key === "data") for (const k in value) node.setAttribute(`${key}-${k}`, value[k]);
	else if (key === "style") Object.assign(node.style, value);
	else if (key === "class") node.classList.add(...String(value).split(/\s+/).filter(Boolean));
	else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
	else if (key in node && key !== "list" && key !== "form") node[key] = value;
	else node.setAttribute(key, value === true ? "" : value);
}

export function add(node, ...children) {
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false) node.append(child);
	return node;
}

/* Everything in a node replaced. */
export function fill(node, ...children) {
	node.replaceChildren();
	return add(node, ...children);
}

/* A text set only when it differs, so that nothing is laid out anew and nothing is read out twice. */
export function text(node, value) {
	if (node.textContent !== value) node.textContent = value;
}

let serial = 0;
export const unique = (prefix = "x") => `${prefix}-${++serial}`;

/*
 * A labelled control: field("Subject", el("input", ...), {hint, error}) -> div.field. The control gets
 * an id, the label points to it, hint and error are its description.
 */
export function field(label, control, { hint = "", error = "" } = {}) {
	if (!control.id) control.id = unique("field");
	const said = [];
	const note = (cls, value) => {
		if (!value) return null;
		const n = el(`p.${cls}`, { id: unique(cls) }, value);
		said.push(n.id);
		return n;
	};
	const parts = [el("label", { htmlFor: control.id }, label), control, note("hint", hint), note("error", error)];
	if (said.length) control.setAttribute("aria-describedby", said.join(" "));
	if (error) control.setAttribute("aria-invalid", "true");
	return el("div.field", {}, parts);
}

/* button("Start", fn, {kind: "primary" | "danger" | "quiet", key: "s", testid}). key is shown, not bound. */
export function button(label, onclick, { kind = "", key = "", testid = "", disabled = false, title = "" } = {}) {
	return el(`button${kind ? `.${kind}` : ""}`, { type: "button", onclick, disabled, title: title || undefined, data: testid ? { testid } : undefined },
		label, key ? el("kbd", { aria: { hidden: "true" } }, key) : null);
}

/*
 * A modal question in a native <dialog>: resolves with the value of the button that closed it, null for
 * Escape. buttons: [{label, value, kind}]; fields are read by whoever made them.
 */
export function dialog(title, body, buttons = [{ label: "Close", value: "close", kind: "primary" }]) {
	const heading = el("h2", { id: unique("title") }, title);
	const box = el("dialog.question", { aria: { labelledby: heading.id } });
	const form = el("form", { method: "dialog" }, heading, el("div.body", {}, body),
		el("div.actions", {}, buttons.map((b) => el(`button${b.kind ? `.${b.kind}` : ""}`, { type: "submit", value: b.value ?? b.label }, b.label))));
	const back = document.activeElement;
	box.append(form);
	document.body.append(box);
	box.showModal();
	return new Promise((resolve) => {
		box.addEventListener("close", () => {
			box.remove();
			back?.focus?.();
			resolve(box.returnValue || null);
		});
	});
}

/* Says something to a screen reader without showing it. */
export function announce(message, urgent = false) {
	const live = document.getElementById(urgent ? "say-now" : "say");
	if (live) live.textContent = message;
}

/* A line at the foot of the page for some seconds; errors stay until they are clicked away. */
export function toast(message, level = "info") {
	const shelf = document.getElementById("toasts");
	if (!shelf) return;
	const line = el(`div.toast.${level}`, { data: { testid: "toast" } }, el("span", {}, message));
	const close = el("button.quiet", { type: "button", onclick: () => line.remove(), aria: { label: "Dismiss" } }, "\u00d7");
	line.append(close);
	shelf.prepend(line);
	while (shelf.children.length > 4) shelf.lastChild.remove();
	if (level !== "error") setTimeout(() => line.remove(), 6000);
}

/* What went wrong with a request, told once. */
export function tellError(error) {
	toast(error.message, "error");
}

/* Something kept between visits of this browser: how it is shown, never anything about a person. */
export function remember(key, value) {
	try {
		if (value === undefined) return JSON.parse(localStorage.getItem(`plantar.${key}`));
		localStorage.setItem(`plantar.${key}`, JSON.stringify(value));
	} catch {
		/* storage is off: nothing is kept, and nothing depends on it */
	}
	return value ?? null;
}
