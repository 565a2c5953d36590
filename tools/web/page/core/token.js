// SPDX-License-Identifier: Apache-2.0
/*
 * The session token comes in the address's fragment, which is never sent to a server:
 * http://127.0.0.1:8470/#operator=TOKEN. It is moved into sessionStorage at once, so that it is neither
 * in the address bar nor in the history, and is gone when the tab is closed.
 */

const KEY = "plantar.token";

export function parse(hash) {
	const m = /^#(operator|viewer|token)=([^&]+)(?:&(.*))?$/.exec(hash);
	return m ? { token: decodeURIComponent(m[2]), rest: m[3] ? `#${m[3]}` : "" } : null;
}

/* Takes a token out of the address, if there is one; answers the token in use, or null. */
export function take(where = location, past = history, box = sessionStorage) {
	const found = parse(where.hash);
	if (found) {
		box.setItem(KEY, found.token);
		past.replaceState(null, "", where.pathname + where.search + found.rest);
	}
	return box.getItem(KEY);
}

export function forget(box = sessionStorage) {
	box.removeItem(KEY);
}
