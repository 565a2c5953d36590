// SPDX-License-Identifier: Apache-2.0
/* Messages of plantar-web made byte by byte from docs/web.md's words, without the page's code. */

const utf8 = (s) => [...Buffer.from(s, "utf8")];
const u32 = (n) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, (n >>> 24) & 255];

function align(bytes) {
	while (bytes.length % 8) bytes.push(0);
	return bytes;
}

/* parts: [topic, header object, blob bytes] */
export function frames(...parts) {
	const bytes = [...u32(1), ...u32(parts.length)];
	for (const [topic, header, blob = []] of parts) {
		const [t, h] = [utf8(topic), utf8(JSON.stringify(header))];
		bytes.push(...u32(t.length), ...u32(h.length), ...u32(blob.length), ...u32(0));
		for (const x of [t, h, [...blob]]) {
			bytes.push(...x);
			align(bytes);
		}
	}
	return Uint8Array.from(bytes).buffer;
}

export function blob(id, content) {
	return Uint8Array.from([...u32(2), ...u32(id), ...u32(content.length), ...u32(0), ...content]).buffer;
}

const NOTHING = { device: 0, corrupt: 0, overrun: 0, pool: 0 };

/* A header as plantard publishes it, at t milliseconds. */
export function header(seq, t, rest = {}) {
	return { v: 1, mat: "left", epoch: 0, seq, t_ns: String(BigInt(Math.round(t * 1e3)) * 1000n), lost: NOTHING, flags: 0, ...rest };
}
