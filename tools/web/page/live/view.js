// SPDX-License-Identifier: Apache-2.0
/* The live view. */
export function view() {
	return { show() {}, hide() {}, keys: [] };
}
