// SPDX-License-Identifier: Apache-2.0
/*
 * The page's one connection: a WebSocket to plantar-web that comes back by itself. Whoever asks for
 * something gets a promise; what was asked when the connection broke is rejected, never asked again by
 * itself: nobody knows whether it was carried out, and status will say.
 *
 * Events (CustomEvent, detail):
 *   role     {role, version, daemon}   after each hello
 *   link     {up, why}                 the connection to plantar-web itself
 *   daemon   {up, why}                 plantard behind it
 *   status   the document
 *   event    {topic, header}
 *   metrics  {topic, header}           every one, in order
 *   frame    {topic, header, blob, arrived}   the newest
 */
import { decode, FRAMES } from "./wire.js";

const REFUSED = 1008; /* closed by plantar-web for what this page said: not asked again at once */
const BACKOFF_MS = [250, 500, 1000, 2000, 4000];
const PING_MS = 2000;
const PINGS_KEPT = 8;
const REQUEST_MS = 90000; /* plantard gives an analysis 60 s and may let it wait its turn */
const SILENCE_MS = 8000; /* pings unanswered: the connection is dead, whatever the socket says */

export class LinkError extends Error {
	constructor(code, message) {
		super(message);
		this.name = "LinkError";
		this.code = code;
	}
}

export class Link extends EventTarget {
	#url;
	#token;
	#socket = null;
	#tries = 0;
	#retry = 0;
	#pinger = 0;
	#heard = 0;
	#next = 1;
	#waiting = new Map();
	#blobs = new Map();
	#watch = null;
	#pings = [];
	#closed = false;

	role = null;
	version = null;
	daemon = null; /* null: not known yet */
	up = false;

	constructor({ url, token = null } = {}) {
		super();
		this.#url = url ?? `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
		this.#token = token;
	}

	connect() {
		this.#closed = false;
		clearTimeout(this.#retry);
		const socket = new WebSocket(this.#url, "plantar.1");
		socket.binaryType = "arraybuffer";
		socket.onopen = () => this.#opened();
		socket.onmessage = (m) => this.#received(m.data);
		socket.onclose = (e) => this.#lost(socket, e.reason || (e.code === 1013 ? "this page was too slow" : ""), e.code);
		this.#socket = socket;
	}

	close() {
		this.#closed = true;
		clearTimeout(this.#retry);
		this.#socket?.close(1000);
	}

	/* Frames of a mat (null: the first of status) at so many pictures a second. */
	watch(mat, hz = 60) {
		this.#watch = { watch: mat, hz };
		this.#send(this.#watch);
	}

	/*
	 * A request to plantard: its reply without ok, with `blob` (Uint8Array) if one came with it.
	 * Rejects with a LinkError {code, message}: the daemon's own, or `offline` / `timeout`.
	 */
	request(cmd, keys = {}) {
		if (!this.up) return Promise.reject(new LinkError("offline", "not connected to plantar-web; trying again"));
		const id = this.#next++;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#waiting.delete(id);
				reject(new LinkError("timeout", `no answer to ${cmd} within ${REQUEST_MS / 1000} s; look at the state before asking again`));
			}, REQUEST_MS);
			this.#waiting.set(id, { resolve, reject, timer });
			this.#send({ id, request: { cmd, ...keys } });
		});
	}

	/*
	 * The mat's clock: {offset_ms, rtt_ms}, with CLOCK_MONOTONIC of the daemon's host in ms =
	 * performance.now() + offset_ms; from the fastest of the last pings. null before the first.
	 */
	latency() {
		let best = null;
		for (const p of this.#pings) if (!best || p.rtt_ms < best.rtt_ms) best = p;
		return best;
	}

	#opened() {
		this.#heard = performance.now();
		this.#send(this.#token ? { hello: 1, token: this.#token } : { hello: 1 });
	}

	#hello(hello) {
		this.#tries = 0;
		this.up = true;
		this.role = hello.role;
		this.version = hello.version;
		this.#emit("link", { up: true, why: "" });
		this.#emit("role", hello);
		this.#daemon(hello.daemon, hello.daemon ? "" : "plantard does not answer");
		if (this.#watch) this.#send(this.#watch);
		this.#pings.length = 0;
		clearInterval(this.#pinger);
		this.#pinger = setInterval(() => this.#ping(), PING_MS);
		this.#ping();
	}

	#ping() {
		if (performance.now() - this.#heard > SILENCE_MS) return this.#lost(this.#socket, "plantar-web fell silent");
		this.#send({ ping: performance.now() });
	}

	#pong(sent, t_ns) {
		const now = performance.now();
		const rtt_ms = now - sent;
		this.#pings.push({ rtt_ms, offset_ms: Number(t_ns) / 1e6 - (sent + now) / 2 });
		if (this.#pings.length > PINGS_KEPT) this.#pings.shift();
	}

	#daemon(up, why) {
		if (up === this.daemon) return;
		this.daemon = up;
		this.#emit("daemon", { up, why });
	}

	#received(data) {
		this.#heard = performance.now();
		if (typeof data === "string") this.#text(JSON.parse(data));
		else this.#binary(decode(data));
	}

	#text(m) {
		if (m.hello) this.#hello(m.hello);
		else if (m.status) {
			this.#daemon(true, "");
			this.#emit("status", m.status);
		} else if (m.event) this.#emit("event", m.event);
		else if (m.id !== undefined) this.#reply(m.id, m.reply);
		else if (m.daemon !== undefined) this.#daemon(m.daemon, m.why ?? "");
		else if (m.pong !== undefined) this.#pong(m.pong, m.t_ns);
	}

	#reply(id, reply) {
		const asked = this.#waiting.get(id);
		const blob = this.#blobs.get(id);
		this.#blobs.delete(id);
		if (!asked) return;
		this.#waiting.delete(id);
		clearTimeout(asked.timer);
		if (!reply.ok) {
			asked.reject(new LinkError(reply.error?.code ?? "format", reply.error?.message ?? "refused without a reason"));
			return;
		}
		if (blob) reply.blob = blob;
		asked.resolve(reply);
	}

	#binary(m) {
		if (m.kind !== FRAMES) {
			this.#blobs.set(m.id, m.blob);
			return;
		}
		for (const part of m.messages) {
			part.arrived = this.#heard;
			this.#emit(part.topic.startsWith("frame/") ? "frame" : "metrics", part);
		}
	}

	#lost(socket, why, code = 0) {
		if (socket !== this.#socket) return;
		this.#socket = null;
		socket.onclose = socket.onmessage = null;
		socket.close();
		clearInterval(this.#pinger);
		this.up = false;
		for (const asked of this.#waiting.values()) {
			clearTimeout(asked.timer);
			asked.reject(new LinkError("offline", "the connection broke before the answer came; look at the state before asking again"));
		}
		this.#waiting.clear();
		this.#blobs.clear();
		this.#emit("link", { up: false, why: why || "plantar-web does not answer" });
		this.#daemon(null, "");
		if (this.#closed) return;
		if (code === REFUSED) this.#tries = BACKOFF_MS.length;
		const wait = BACKOFF_MS[Math.min(this.#tries++, BACKOFF_MS.length - 1)];
		this.#retry = setTimeout(() => this.connect(), wait);
	}

	#send(message) {
		if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
	}

	#emit(type, detail) {
		this.dispatchEvent(new CustomEvent(type, { detail }));
	}
}
