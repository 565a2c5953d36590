// SPDX-License-Identifier: Apache-2.0
// Every frame of every mat as it comes. Needs the package zeromq (npm install zeromq@6).
import { Subscriber } from "zeromq";
const sub = new Subscriber();
sub.connect(process.argv[2] ?? "tcp://127.0.0.1:5571");
sub.subscribe("frame/");
const cell = { "|u1": "getUint8", "<u2": "getUint16", "<i2": "getInt16", "<i4": "getInt32", "<u4": "getUint32", "<f4": "getFloat32" };
for await (const [topic, header, blob] of sub) {
  const h = JSON.parse(header), view = new DataView(blob.buffer, blob.byteOffset, blob.length);
  let peak = 0;
  for (let at = 0; at < blob.length; at += Number(h.dtype[2])) peak = Math.max(peak, view[cell[h.dtype]](at, true));
  console.log(h.mat, h.seq, "peak", peak * (h.scale ?? 1), h.scale === null ? "counts" : h.unit);
}
