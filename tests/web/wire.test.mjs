// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { between, cells, decode, lostSum, ms } from "../../tools/web/page/core/wire.js";
import { blob, frames, header } from "./messages.mjs";

test("metrics and a frame are taken apart, blobs without a copy", () => {
	const h = header(7, 1.5, { dtype: "<u2", shape: [2, 3], scale: 0.05, unit: "kPa" });
	const buffer = frames(["metrics/left", header(6, 1), []], ["frame/left", h, [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 0xff, 0xff]]);
	const { kind, messages } = decode(buffer);

	assert.equal(kind, 1);
	assert.deepEqual(messages.map((m) => m.topic), ["metrics/left", "frame/left"]);
	assert.equal(messages[0].blob.length, 0);
	assert.deepEqual(messages[1].header, h);
	const values = cells(messages[1].header, messages[1].blob);
	assert.deepEqual([...values], [1, 2, 3, 4, 5, 65535]);
	assert.equal(values.buffer, buffer);
});

test("every dtype, wherever topic and header end", () => {
	const asBytes = (T, ...x) => new Uint8Array(T.from(x).buffer);
	for (const [dtype, T, x] of [["|u1", Uint8Array, 255], ["<u2", Uint16Array, 40000], ["<i2", Int16Array, -3], ["<u4", Uint32Array, 4e9], ["<i4", Int32Array, -70000], ["<f4", Float32Array, 0.5]])
		for (const name of ["a", "ab", "abcdefg", "f\u00fc\u00dfe"]) {
			const part = [`frame/${name}`, header(0, 0, { mat: name, dtype, shape: [1, 3] }), asBytes(T, 1, x, 2)];
			const [first, second] = decode(frames(part, part)).messages;
			assert.equal(first.topic, `frame/${name}`);
			assert.deepEqual([...cells(first.header, first.blob)], [1, x, 2]);
			assert.deepEqual([...cells(second.header, second.blob)], [1, x, 2]);
		}
});

test("a report comes as a blob with its id", () => {
	const m = decode(blob(4000000000, [37, 80, 68, 70]));
	assert.deepEqual([m.kind, m.id, [...m.blob]], [2, 4000000000, [37, 80, 68, 70]]);
});

test("a message cut anywhere is refused, not half understood", () => {
	const whole = frames(["frame/x", header(1, 1, { dtype: "|u1", shape: [2, 4] }), [1, 2, 3, 4, 5, 6, 7, 8]]);
	for (let n = 0; n < whole.byteLength; n++) assert.throws(() => decode(whole.slice(0, n)), undefined, `${n} bytes`);
	decode(whole);
	const pdf = blob(1, [1, 2, 3]);
	for (let n = 0; n < pdf.byteLength; n++) assert.throws(() => decode(pdf.slice(0, n)));
});

test("unknown kinds, dtypes and sizes are refused", () => {
	assert.throws(() => decode(Uint8Array.from([3, 0, 0, 0, 0, 0, 0, 0]).buffer), /unknown kind 3/);
	assert.throws(() => cells({ dtype: "<f8", shape: [1, 1] }, new Uint8Array(8)), /dtype/);
	assert.throws(() => cells({ dtype: "|u1", shape: [2, 2] }, new Uint8Array(5)), /5 bytes/);
});

test("times keep a microsecond after a hundred days", () => {
	assert.ok(Math.abs(ms("8640000000123000") - ms("8640000000122000") - 0.001) < 1e-5);
	assert.equal(ms(null), null);
});

test("what is missing is told apart by whose fault it is", () => {
	const lost = (corrupt) => ({ lost: { device: 0, corrupt, overrun: 0, pool: 0 } });
	assert.equal(lostSum({ device: 1, corrupt: 2, overrun: 0, pool: 4 }), 7);
	assert.deepEqual(between(header(10, 0), header(11, 4)), { missing: 0, byMat: 0, mine: 0 });
	assert.deepEqual(between(header(10, 0, lost(3)), header(16, 4, lost(5))), { missing: 5, byMat: 2, mine: 3 });
	assert.equal(between(header(10, 0), header(0, 4, { epoch: 1 })), null);
	assert.equal(between(null, header(0, 0)), null);
});
