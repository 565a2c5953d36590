// SPDX-License-Identifier: Apache-2.0
/*
 * The last seconds of some figures, for strips. Samples come at up to some hundred a second and a strip is
 * some hundred pixels wide, so each bin of time keeps its least and its greatest value, in the order in which
 * they came: peaks stay, and drawing costs the same at every rate. Missing frames are told apart from
 * slow ones: only a gap breaks a line.
 */
import { between, ms } from "../core/wire.js";
import { staleAfter } from "../core/store.js";

export class Trace {
	#bin;
	#bins;
	#index; /* which bin of time a slot holds */
	#least;
	#greatest;
	#rising; /* the least came before the greatest */
	#broken; /* a gap ends in this bin */
	#last = null;
	#newest = -Infinity;

	/* channels: their number; bins of bin_ms each, as many as seconds take. */
	constructor(channels, seconds = 10, bin_ms = 20) {
		this.channels = channels;
		this.seconds = seconds;
		this.#bin = bin_ms;
		this.#bins = Math.ceil((seconds * 1000) / bin_ms) + 2;
		const n = this.#bins;
		this.#index = new Float64Array(n).fill(NaN);
		this.#least = Array.from({ length: channels }, () => new Float64Array(n).fill(NaN));
		this.#greatest = Array.from({ length: channels }, () => new Float64Array(n).fill(NaN));
		this.#rising = Array.from({ length: channels }, () => new Uint8Array(n));
		this.#broken = new Uint8Array(n);
		this.gaps = []; /* {from, to, frames}: ms of the mat's clock; frames null: not known how many */
	}

	clear() {
		this.#index.fill(NaN);
		this.gaps.length = 0;
		this.#last = null;
		this.#newest = -Infinity;
	}

	get newest() {
		return this.#newest;
	}

	/* One frame's figures, in the order of the channels; null where nothing can be said. */
	push(header, values, rate_hz = 0) {
		const t = ms(header.t_ns);
		if (t < this.#newest - 1000 * this.seconds) this.clear(); /* another machine, or booted anew */
		const broken = this.#gap(header, t, rate_hz);
		this.#last = header;
		this.#newest = t;
		const at = Math.floor(t / this.#bin);
		const slot = at % this.#bins;
		if (this.#index[slot] !== at) this.#begin(slot, at);
		if (broken) this.#broken[slot] = 1;
		for (let c = 0; c < this.channels; c++) this.#note(c, slot, values[c]);
	}

	#begin(slot, at) {
		this.#index[slot] = at;
		this.#broken[slot] = 0;
		for (let c = 0; c < this.channels; c++) this.#least[c][slot] = this.#greatest[c][slot] = NaN;
	}

	#note(c, slot, value) {
		if (value === null || value === undefined || Number.isNaN(value)) return;
		const least = this.#least[c];
		const greatest = this.#greatest[c];
		if (Number.isNaN(least[slot])) {
			least[slot] = greatest[slot] = value;
		} else if (value < least[slot]) {
			least[slot] = value;
			this.#rising[c][slot] = 0;
		} else if (value > greatest[slot]) {
			greatest[slot] = value;
			this.#rising[c][slot] = 1;
		}
	}

	/* Are frames missing before this one, or was the mat silent? */
	#gap(header, t, rate_hz) {
		const last = this.#last;
		if (!last) return false;
		const from = ms(last.t_ns);
		const hole = between(last, header);
		if (hole && hole.missing === 0 && t - from <= staleAfter(rate_hz)) return false;
		this.gaps.push({ from, to: t, frames: hole ? hole.missing : null });
		while (this.gaps.length && (this.gaps[0].to < t - 1000 * this.seconds || this.gaps.length > 1000)) this.gaps.shift();
		return true;
	}

	/*
	 * What a strip draws at the time now (ms of the mat's clock): into[0] the times in seconds from now,
	 * -seconds..0, into[1 + i] the values of channel use[i] through map[i] (if given), null where the line breaks.
	 */
	read(now, use, into, map = []) {
		const first = Math.floor((now - 1000 * this.seconds) / this.#bin);
		const last = Math.floor(now / this.#bin);
		let n = 0;
		for (let at = first; at <= last; at++) {
			const slot = ((at % this.#bins) + this.#bins) % this.#bins;
			if (this.#index[slot] !== at) continue;
			const t = (at * this.#bin - now) / 1000;
			if (this.#broken[slot]) {
				into[0][n] = t;
				for (let i = 0; i < use.length; i++) into[1 + i][n] = null;
				n++;
			}
			into[0][n] = t + (this.#bin * 0.25) / 1000;
			into[0][n + 1] = t + (this.#bin * 0.75) / 1000;
			for (let i = 0; i < use.length; i++) {
				const c = use[i];
				const lo = this.#shown(this.#least[c][slot], map[i]);
				const hi = this.#shown(this.#greatest[c][slot], map[i]);
				into[1 + i][n] = this.#rising[c][slot] ? lo : hi;
				into[1 + i][n + 1] = this.#rising[c][slot] ? hi : lo;
			}
			n += 2;
		}
		for (const column of into) column.length = n;
		return n;
	}

	#shown(value, map) {
		if (Number.isNaN(value)) return null;
		return map ? map(value) : value;
	}

	/* Least, greatest and mean of a channel over what read() shows; null without a value. */
	extent(now, channel) {
		const first = Math.floor((now - 1000 * this.seconds) / this.#bin);
		let least = Infinity;
		let greatest = -Infinity;
		let sum = 0;
		let n = 0;
		for (let slot = 0; slot < this.#bins; slot++) {
			if (!(this.#index[slot] >= first) || Number.isNaN(this.#least[channel][slot])) continue;
			least = Math.min(least, this.#least[channel][slot]);
			greatest = Math.max(greatest, this.#greatest[channel][slot]);
			sum += (this.#least[channel][slot] + this.#greatest[channel][slot]) / 2;
			n++;
		}
		return n ? { least, greatest, mean: sum / n } : null;
	}
}
