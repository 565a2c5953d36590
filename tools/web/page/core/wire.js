// SPDX-License-Identifier: Apache-2.0
/*
 * Binary WebSocket messages of plantar-web, taken apart without copying: every blob begins at a
 * multiple of 8 bytes, so that a typed array can lie on it. Little-endian, as all of plantard's wire;
 * so are all machines a browser runs on, and TypedArrays follow the machine.
 *
 *     kind 1  u32 kind, u32 n; n times: u32 topic_bytes, u32 header_bytes, u32 blob_bytes, u32 0,
 *             topic, header, blob, each padded to a multiple of 8
 *     kind 2  u32 kind, u32 id, u32 blob_bytes, u32 0, blob
 *
 * A message that is not as said here throws: it is never half understood.
 */

export const FRAMES = 1;
export const BLOB = 2;

/* Bits of `flags` in a header (docs/wire.md). */
export const FLAG = Object.freeze({
	MISSING: 1,
	SATURATED: 2,
	DEAD: 4,
	EPOCH: 8,
	SKIPPED: 16,
	EDGE: 32,
	MARK: 64,
	TARE: 128,
});

const utf8 = new TextDecoder("utf-8", { fatal: true });

const ARRAYS = {
	"|u1": Uint8Array,
	"<u2": Uint16Array,
	"<i2": Int16Array,
	"<u4": Uint32Array,
	"<i4": Int32Array,
	"<f4": Float32Array,
};

const padded = (n) => Math.ceil(n / 8) * 8;

class Cut extends RangeError {
	constructor(what, at, size) {
		super(`message ends within ${what} (byte ${at} of ${size})`);
		this.name = "Cut";
	}
}

function frames(buffer, view) {
	const size = buffer.byteLength;
	const n = view.getUint32(4, true);
	const messages = [];
	let at = 8;

	const take = (bytes, what) => {
		const from = at;
		if (from + bytes > size) throw new Cut(what, from + bytes, size);
		at = from + padded(bytes);
		return new Uint8Array(buffer, from, bytes);
	};
	for (let i = 0; i < n; i++) {
		if (at + 16 > size) throw new Cut("the sizes of a part", at + 16, size);
		const topicBytes = view.getUint32(at, true);
		const headerBytes = view.getUint32(at + 4, true);
		const blobBytes = view.getUint32(at + 8, true);
		at += 16;
		const topic = utf8.decode(take(topicBytes, "a topic"));
		const header = JSON.parse(utf8.decode(take(headerBytes, "a header")));
		messages.push({ topic, header, blob: take(blobBytes, "a blob") });
	}
	return { kind: FRAMES, messages };
}

/*
 * decode(ArrayBuffer) -> {kind: 1, messages: [{topic, header, blob}]}
 *                      | {kind: 2, id, blob}
 * blob is a Uint8Array on the same buffer, of length 0 where there is none.
 */
export function decode(buffer) {
	if (buffer.byteLength < 8) throw new Cut("its head", 8, buffer.byteLength);
	const view = new DataView(buffer);
	const kind = view.getUint32(0, true);
	if (kind === FRAMES) return frames(buffer, view);
	if (kind !== BLOB) throw new RangeError(`unknown kind ${kind} of message`);
	if (buffer.byteLength < 16) throw new Cut("its head", 16, buffer.byteLength);
	const bytes = view.getUint32(8, true);
	if (16 + bytes > buffer.byteLength) throw new Cut("the blob", 16 + bytes, buffer.byteLength);
	return { kind: BLOB, id: view.getUint32(4, true), blob: new Uint8Array(buffer, 16, bytes) };
}

/* The cells of a frame as a typed array of header.dtype, row by row, row 0 in front. */
export function cells(header, blob) {
	const Type = ARRAYS[header.dtype];
	const [rows, cols] = header.shape;
	if (!Type) throw new RangeError(`unknown dtype ${header.dtype}`);
	if (blob.byteLength !== rows * cols * Type.BYTES_PER_ELEMENT)
		throw new RangeError(`${blob.byteLength} bytes are not ${rows} x ${cols} of ${header.dtype}`);
	return new Type(blob.buffer, blob.byteOffset, rows * cols);
}

/* A time of the wire (nanoseconds as a decimal string) in milliseconds, exact to a fraction of a
 * microsecond for a hundred days of uptime; null stays null. */
export function ms(t_ns) {
	return t_ns === null || t_ns === undefined ? null : Number(t_ns) / 1e6;
}

/* Frames lost so far, over all causes. */
export function lostSum(lost) {
	let n = 0;
	for (const cause in lost) n += lost[cause];
	return n;
}

/*
 * How many frames lie between two headers of one mat that this page does not have, and why
 * (docs/wire.md, Loss): {missing, byMat, mine}. A new epoch is null: what happened between is not known.
 */
export function between(last, header) {
	if (!last || header.epoch !== last.epoch || header.seq <= last.seq) return null;
	const missing = header.seq - last.seq - 1;
	const byMat = Math.max(0, lostSum(header.lost) - lostSum(last.lost));
	return { missing, byMat, mine: Math.max(0, missing - byMat) };
}
