// SPDX-License-Identifier: Apache-2.0
/* A view brings its own stylesheet, once. */
import { el } from "../core/ui.js";

export function stylesheet(href) {
	if (!document.querySelector(`link[href="${href}"]`)) document.head.append(el("link", { rel: "stylesheet", href }));
}
