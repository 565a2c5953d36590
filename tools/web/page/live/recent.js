// SPDX-License-Identifier: Apache-2.0
/* The last n numbers of something, without growing. */
export class Recent {
	#values;
	#n = 0;

	constructor(n) {
		this.#values = new Float32Array(n);
	}

	push(x) {
		this.#values[this.#n++ % this.#values.length] = x;
	}

	/* Oldest first, as an array of one's own. */
	list() {
		const kept = Math.min(this.#n, this.#values.length);
		return Array.from({ length: kept }, (_, i) => this.#values[(this.#n - kept + i) % this.#values.length]);
	}
}
