// SPDX-License-Identifier: Apache-2.0
/*
 * plantar's refusals end in what to do on a command line. Here somebody sits before a page: what is wrong is
 * said as plantar says it, the way out is what the page offers.
 */
const OPTION = /(^|[\s(])--[a-z]/;

/* {said, mix}: the words without advice on options; what plantar would allow to differ, or null. */
export function pageWords(message) {
	const parts = message.split("; ").filter((p) => !OPTION.test(p));
	const mix = /--mix ([a-z]+)\b/.exec(message)?.[1] ?? null;
	const said = parts.join("; ").replace(/[.\s]+$/, "");

	return { said: said ? `${said[0].toUpperCase()}${said.slice(1)}.` : message, mix };
}

/* What was mixed because somebody wanted it stands among the warnings. */
export const warningWords = (w) => w.replace(/^mixed, as told: /, "Taken together although different: ");
