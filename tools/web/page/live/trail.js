// SPDX-License-Identifier: Apache-2.0
/*
 * Where a centre of pressure has been in the last three seconds. A place at most every 15 ms; where nothing
 * could be said, or frames are missing, the trail is broken.
 */
const SECONDS = 3;
const EVERY_MS = 15;
const KEPT = Math.ceil((SECONDS * 1000) / EVERY_MS) + 8;

export class Trail {
	#t = new Float64Array(KEPT);
	#x = new Float32Array(KEPT);
	#y = new Float32Array(KEPT);
	#n = 0; /* ever */
	newest = { t: -Infinity, x: NaN, y: NaN };

	clear() {
		this.#n = 0;
		this.newest.t = -Infinity;
		this.newest.x = this.newest.y = NaN;
	}

	push(t, x, y, broken = false) {
		const known = typeof x === "number" && typeof y === "number";
		if (broken && this.#n) this.#add(t, NaN, NaN);
		this.newest.t = t;
		this.newest.x = known ? x : NaN;
		this.newest.y = known ? y : NaN;
		const last = (this.#n + KEPT - 1) % KEPT;
		const broke = this.#n && Number.isNaN(this.#x[last]);
		if (!known && (broke || !this.#n)) return;
		if (known && this.#n && !broke && t - this.#t[last] < EVERY_MS) return;
		this.#add(t, known ? x : NaN, known ? y : NaN);
	}

	#add(t, x, y) {
		const i = this.#n++ % KEPT;
		this.#t[i] = t;
		this.#x[i] = x;
		this.#y[i] = y;
	}

	/* fn(age in 0..1, x, y) from the oldest to the newest; x is NaN where the trail is broken. */
	each(now, fn) {
		for (let k = Math.max(0, this.#n - KEPT); k < this.#n; k++) {
			const i = k % KEPT;
			const age = (now - this.#t[i]) / (1000 * SECONDS);
			if (age <= 1) fn(Math.max(0, age), this.#x[i], this.#y[i]);
		}
	}
}
