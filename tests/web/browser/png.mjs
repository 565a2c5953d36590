// SPDX-License-Identifier: Apache-2.0
/*
 * A screenshot as a smaller PNG, for the manual: colours of 6 bits a channel and rows as they are. Chromium's own
 * encoder is made to be quick; drawn surfaces and letters pack to two thirds this way, and look the same.
 */
import zlib from "node:zlib";

const SIGNATURE = 8;
const BPP = 3; /* bytes a pixel: 8 bits of red, green, blue, as Chromium writes them */

function chunks(png) {
	const all = [];

	for (let at = SIGNATURE; at < png.length;) {
		const n = png.readUInt32BE(at);
		all.push({ kind: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + n) });
		at += 12 + n;
	}
	return all;
}

/* CRC-32 of PNG, bit by bit: there are few chunks, and node's own came late. */
const TABLE = Array.from({ length: 256 }, (_, n) => {
	for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
	return n >>> 0;
});
const crc = (data) => (data.reduce((c, byte) => TABLE[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

function chunk(kind, data) {
	const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
	const out = Buffer.alloc(body.length + 8);

	out.writeUInt32BE(data.length, 0);
	body.copy(out, 4);
	out.writeUInt32BE(crc(body), body.length + 4);
	return out;
}

/* What a filter of the PNG specification (9.2) adds to a byte: left a, above b, above left c. */
function predicted(filter, a, b, c) {
	if (filter === 1) return a;
	if (filter === 2) return b;
	if (filter === 3) return (a + b) >> 1;
	if (filter !== 4) return 0;
	const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
	return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

const sixBits = (v) => Math.round((Math.round((v * 63) / 255) * 255) / 63);

export function smaller(png) {
	const all = chunks(png);
	const head = all.find((c) => c.kind === "IHDR").data;
	if (head[8] !== 8 || head[9] !== 2 || head[12] !== 0) return png; /* not what Chromium writes */
	const width = head.readUInt32BE(0) * BPP;
	const height = head.readUInt32BE(4);
	const packed = zlib.inflateSync(Buffer.concat(all.filter((c) => c.kind === "IDAT").map((c) => c.data)));
	const rows = Buffer.alloc(height * (width + 1)); /* each begins with its filter: 0, none */

	for (let y = 0; y < height; y++) {
		const at = y * (width + 1);
		for (let x = 1; x <= width; x++) {
			const left = x > BPP ? rows[at + x - BPP] : 0;
			const above = y ? rows[at + x - width - 1] : 0;
			rows[at + x] = packed[at + x] + predicted(packed[at], left, above, x > BPP && y ? rows[at + x - width - 1 - BPP] : 0);
		}
	}
	for (let i = 0; i < rows.length; i++) rows[i] = i % (width + 1) ? sixBits(rows[i]) : 0;
	return Buffer.concat([png.subarray(0, SIGNATURE), chunk("IHDR", head), chunk("IDAT", zlib.deflateSync(rows, { level: 9, memLevel: 9 })), chunk("IEND", Buffer.alloc(0))]);
}
