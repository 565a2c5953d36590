// SPDX-License-Identifier: Apache-2.0
/* The connection's manners, on a socket that does what the test says. The real one: tests of the browser. */
import assert from "node:assert/strict";
import test from "node:test";
import { Link } from "../../tools/web/page/core/link.js";
import { blob, frames, header } from "./messages.mjs";

class Socket {
	static made = [];
	static OPEN = 1;
	readyState = 0;
	sent = [];
	constructor(url, protocol) {
		Object.assign(this, { url, protocol });
		Socket.made.push(this);
	}
	send(m) {
		this.sent.push(JSON.parse(m));
	}
	close() {
		this.readyState = 3;
	}
	open() {
		this.readyState = 1;
		this.onopen();
	}
	say(m) {
		this.onmessage({ data: m instanceof ArrayBuffer ? m : JSON.stringify(m) });
	}
	drop(code = 1006, reason = "") {
		this.readyState = 3;
		this.onclose({ code, reason });
	}
}
globalThis.WebSocket = Socket;
globalThis.CustomEvent ??= class extends Event {
	constructor(type, { detail }) {
		super(type);
		this.detail = detail;
	}
};

/* Time goes on when the test says so. Intervals are pings here, which nothing waits for. */
const later = new Map();
let timers = 0;
globalThis.setTimeout = (fn, ms) => (later.set(++timers, { fn, ms }), timers);
globalThis.clearTimeout = (id) => later.delete(id);
globalThis.setInterval = globalThis.clearInterval = () => 0;

function pass(ms) {
	for (const [id, timer] of later) {
		timer.ms -= ms;
		if (timer.ms > 0) continue;
		later.delete(id);
		timer.fn();
	}
}

function connected(t) {
	const link = new Link({ url: "ws://here/ws", token: "abc" });
	const heard = [];
	for (const type of ["role", "link", "daemon", "status", "event", "metrics", "frame"]) link.addEventListener(type, (e) => heard.push([type, e.detail]));
	link.connect();
	const socket = Socket.made.at(-1);
	socket.open();
	socket.say({ hello: { version: "0.1.0", role: "operator", listen: "127.0.0.1:8470", daemon: true } });
	t.after(() => link.close());
	return { link, socket, heard, kinds: () => heard.map(([k]) => k) };
}

test("hello first, then what is watched", (t) => {
	const { link, socket, heard } = connected(t);
	link.watch("left", 60);
	assert.equal(socket.protocol, "plantar.1");
	assert.deepEqual(socket.sent[0], { hello: 1, token: "abc" });
	assert.deepEqual(socket.sent.at(-1), { watch: "left", hz: 60 });
	assert.deepEqual(heard.map(([k]) => k), ["link", "role", "daemon"]);
	assert.equal(link.role, "operator");
});

test("a reply finds who asked; a blob comes with it; a refusal keeps its code", async (t) => {
	const { link, socket } = connected(t);
	const report = link.request("report", { sessions: ["u"], format: "pdf" });
	const start = link.request("start");
	const [a, b] = socket.sent.slice(-2);
	assert.deepEqual(a.request, { cmd: "report", sessions: ["u"], format: "pdf" });
	socket.say({ id: b.id, reply: { ok: false, error: { code: "state", message: "recorded already" } } });
	socket.say(blob(a.id, [1, 2]));
	socket.say({ id: a.id, reply: { ok: true, bytes: 2 } });
	await assert.rejects(start, { code: "state", message: "recorded already" });
	assert.deepEqual([...(await report).blob], [1, 2]);
});

test("frames and figures in the order they came", (t) => {
	const { socket, heard } = connected(t);
	socket.say(frames(["metrics/left", header(1, 1)], ["metrics/left", header(2, 2)], ["frame/left", header(2, 2), [1]]));
	assert.deepEqual(heard.slice(-3).map(([k, d]) => [k, d.header.seq]), [["metrics", 1], ["metrics", 2], ["frame", 2]]);
});

test("a broken connection rejects what was asked, asks nothing twice, and comes back", async (t) => {
	const { link, socket, heard } = connected(t);
	link.watch("left", 60);
	const asked = link.request("trial");
	socket.drop();
	await assert.rejects(asked, { code: "offline" });
	await assert.rejects(link.request("status"), { code: "offline" });
	assert.deepEqual(heard.at(-1), ["daemon", { up: null, why: "" }]);
	const n = Socket.made.length;
	pass(249);
	assert.equal(Socket.made.length, n);
	pass(1);
	const again = Socket.made.at(-1);
	assert.equal(Socket.made.length, n + 1);
	again.open();
	again.say({ hello: { version: "0.1.0", role: "viewer", daemon: false } });
	assert.ok(again.sent.some((m) => m.watch === "left"));
	assert.ok(!again.sent.some((m) => m.request));
	assert.deepEqual(heard.filter(([k]) => k === "daemon").at(-1)[1].up, false);
});

test("whoever is refused does not knock four times a second", (t) => {
	const { socket, heard } = connected(t);
	socket.drop(1008, "no token");
	assert.match(heard.findLast(([k]) => k === "link")[1].why, /no token/);
	const n = Socket.made.length;
	pass(3999);
	assert.equal(Socket.made.length, n);
	pass(1);
	Socket.made.at(-1).open();
	Socket.made.at(-1).drop(1008, "no token");
	pass(3999);
	assert.equal(Socket.made.length, n + 1, "an open connection is not yet a welcome");
});

test("plantard's coming and going is told once each", (t) => {
	const { socket, heard } = connected(t);
	socket.say({ daemon: false, why: "no status for 2.5 s" });
	socket.say({ daemon: false, why: "no status for 2.5 s" });
	socket.say({ status: { mats: [] } });
	assert.deepEqual(heard.filter(([k]) => k === "daemon").map(([, d]) => d.up), [true, false, true]);
});

test("the fastest ping tells the mat's clock", (t) => {
	const { link, socket } = connected(t);
	assert.equal(link.latency(), null);
	const { ping } = socket.sent.findLast((m) => "ping" in m);
	socket.say({ pong: ping, t_ns: "5000000000" });
	const { offset_ms, rtt_ms } = link.latency();
	assert.ok(rtt_ms >= 0 && rtt_ms < 5000);
	assert.ok(Math.abs(ping + rtt_ms / 2 + offset_ms - 5000) < 1e-6);
});
