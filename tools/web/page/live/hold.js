// SPDX-License-Identifier: Apache-2.0
/*
 * Target mode: how long a figure has been within a band. The time is the mat's, from frame to frame; a gap,
 * a figure that cannot be said and leaving the band end a hold: what nobody saw is not counted.
 */
import { between, ms } from "../core/wire.js";
import { staleAfter } from "../core/store.js";

export class Hold {
	#last = null;
	#was = false;
	now_ms = 0; /* the hold that lasts */
	best_ms = 0;
	inside = null; /* null: nothing can be said */

	reset() {
		this.#last = null;
		this.#was = false;
		this.now_ms = this.best_ms = 0;
		this.inside = null;
	}

	push(header, value, { centre, half }, rate_hz = 0) {
		const hole = between(this.#last, header);
		const passed = hole ? ms(header.t_ns) - ms(this.#last.t_ns) : 0;
		const whole = hole !== null && hole.byMat === 0 && passed <= staleAfter(rate_hz);
		const known = typeof value === "number" && Number.isFinite(value);
		this.inside = known ? Math.abs(value - centre) <= half : null;
		if (!this.inside || !whole) this.now_ms = 0;
		else if (this.#was) this.now_ms += passed;
		this.best_ms = Math.max(this.best_ms, this.now_ms);
		this.#was = this.inside === true;
		this.#last = header;
	}
}
