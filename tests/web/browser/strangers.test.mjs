// SPDX-License-Identifier: Apache-2.0
/*
 * A page of somebody else, open in the same browser as the dashboard: a second real server on another port of this
 * machine, which for a browser is another origin. It may try what pages can try, and learns nothing, changes nothing. Nor does
 * a forged Host (a name that points to 127.0.0.1, as in DNS rebinding) help, nor a viewer's role.
 */
import assert from "node:assert/strict";
import http from "node:http";
import test, { after, before } from "node:test";
import { Lab, live, store, until } from "./rig.mjs";

let lab, stranger, page;

/* Answers everything with a page that has the attempts ready. */
before(async () => {
	lab = await Lab.open();
	lab.expect(/CORS policy|Failed to load resource|WebSocket connection to .* failed|X-Frame-Options|frame-ancestors|Refused to|blocked|ERR_|Unsafe attempt|Mixed Content/i);
	await lab.person("standing");
	page = await lab.page("live"); /* an operator is at work beside it */
	await live(page);
	stranger = http.createServer((q, a) => a.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>stranger</title><body>"));
	await new Promise((up) => stranger.listen(0, "127.0.0.1", up));
	stranger.origin = `http://127.0.0.1:${stranger.address().port}`;
});
after(async () => {
	stranger?.close();
	await lab.close();
});

/* A page of the stranger's, in the operator's own browser context. */
async function strange() {
	const p = await page.context().newPage();
	p.on("request", (r) => lab.asked.push(r.url()));
	await p.goto(stranger.origin);
	return p;
}

const tries = (p, fn, ...args) => p.evaluate(fn, args.length ? args : undefined);
const nothingChanged = async () => assert.deepEqual([(await lab.status()).mats[0].tared, (await lab.status()).protocol], [false, null]);

test("fetch reads nothing, in any mode", async () => {
	const p = await strange();
	for (const where of ["/", "/app.js", "/core/link.js", "/ws"])
		for (const mode of ["cors", "no-cors"]) {
			const got = await tries(p, async ([url, how]) => fetch(url, { mode: how, credentials: "include" }).then(async (r) => `${r.type} ${(await r.text()).length}`, (e) => e.name), lab.origin + where, mode);
			assert.ok(got === "TypeError" || got === "opaque 0", `${mode} ${where}: ${got}`);
		}
	await p.close();
});

test("scripts, styles and pictures of the dashboard cannot be taken into another page", async () => {
	const p = await strange();
	for (const [tag, key, where] of [["script", "src", "/app.js"], ["link", "href", "/app.css"], ["img", "src", "/icon.svg"]]) {
		const got = await tries(p, ([name, k, url]) => new Promise((done) => {
			const e = document.createElement(name);
			if (name === "link") e.rel = "stylesheet";
			e.onload = () => done("loaded");
			e.onerror = () => done("refused");
			e[k] = url;
			document.body.append(e);
		}), tag, key, lab.origin + where);
		assert.equal(got, "refused", `${tag} ${where}`);
	}
	await p.close();
});

test("a WebSocket of another origin is not opened, even with the operator's token", async () => {
	const p = await strange();
	const got = await tries(p, ([url, token]) => new Promise((done) => {
		const w = new WebSocket(url, "plantar.1");
		w.onopen = () => w.send(JSON.stringify({ hello: 1, token })) ?? w.send(JSON.stringify({ id: 1, request: { cmd: "tare" } }));
		w.onmessage = (m) => done(`read ${m.data}`);
		w.onclose = () => done("refused");
	}), lab.origin.replace("http", "ws") + "/ws", lab.tokens.operator);
	assert.equal(got, "refused");
	await nothingChanged();
	await p.close();
});

test("no frame: the dashboard cannot be put into another page and be clicked on unseen", async () => {
	const p = await strange();
	await tries(p, ([url]) => new Promise((done) => {
		const f = document.createElement("iframe");
		f.onload = done;
		f.src = url;
		document.body.append(f);
		setTimeout(done, 3000);
	}), `${lab.origin}/#live`);
	const framed = p.frames().filter((f) => f !== p.mainFrame());
	for (const f of framed) assert.equal(await f.evaluate(() => typeof window.plantarDebug).catch(() => "undefined"), "undefined", "nothing of the page runs in a frame");
	await p.close();
});

test("a window that the stranger opened cannot be reached by it", async () => {
	const p = await strange();
	const opened = page.context().waitForEvent("page");
	await tries(p, ([url]) => void (window.other = window.open(url)), `${lab.origin}/#live`);
	const w = await opened;
	await w.waitForFunction(() => window.plantarDebug?.store?.status);
	assert.equal(await w.evaluate(() => window.opener === null), true);
	await until(() => tries(p, () => window.other.closed), "the window to be gone for its opener");
	/* and it has no token of the operator's: that is kept by tab */
	assert.equal(await store(w, "store.role"), "viewer");
	await w.close();
	await p.close();
});

test("a form posts nowhere", async () => {
	const p = await strange();
	for (const type of ["application/x-www-form-urlencoded", "text/plain"]) {
		const answer = p.waitForResponse((r) => r.url().startsWith(lab.origin));
		const arrived = p.waitForURL(`${lab.origin}/**`).catch(() => {}); /* an answer without a document is no arrival */
		await tries(p, ([url, how]) => {
			const f = document.createElement("form");
			Object.assign(f, { method: "post", action: url, enctype: how });
			const i = document.createElement("input");
			Object.assign(i, { name: '{"id":1,"request":{"cmd":"tare"},"x":"', value: '"}' });
			f.append(i);
			document.body.append(f);
			f.submit();
		}, `${lab.origin}/ws`, type);
		assert.ok((await answer).status() >= 400);
		await arrived;
		await p.goto(stranger.origin);
	}
	await nothingChanged();
	await p.close();
});

test("another name for the same address is refused (DNS rebinding), by HTTP and by WebSocket", async () => {
	const asked = (headers, method = "GET", path = "/") => new Promise((done, fail) => {
		const q = http.request({ host: "127.0.0.1", port: lab.port, path, method, headers }, (a) => done(a.resume().statusCode));
		q.on("upgrade", (a, socket) => (socket.destroy(), done(101)));
		q.on("error", fail).end();
	});
	const upgrade = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "plantar.1" };
	assert.equal(await asked({ Host: `127.0.0.1:${lab.port}` }), 200);
	assert.equal(await asked({ Host: `127.0.0.1:${lab.port}`, Origin: lab.origin, ...upgrade }, "GET", "/ws"), 101);
	for (const host of ["evil.example", `evil.example:${lab.port}`, "127.0.0.1", `127.0.0.1.evil.example:${lab.port}`, `127.0.0.1:${lab.port + 1}`]) {
		assert.equal(await asked({ Host: host }), 403, host);
		assert.equal(await asked({ Host: host, Origin: `http://${host}`, ...upgrade }, "GET", "/ws"), 403, `ws of ${host}`);
	}
	for (const origin of [stranger.origin, "null", "http://evil.example", `https://127.0.0.1:${lab.port}`, `${lab.origin}.evil.example`])
		assert.equal(await asked({ Host: `127.0.0.1:${lab.port}`, Origin: origin, ...upgrade }, "GET", "/ws"), 403, `origin ${origin}`);
});

test("without the operator's token a page of ours may look and not act, whatever it sends", async () => {
	for (const role of [null, "viewer"]) {
		const p = await lab.page("live", { role });
		assert.equal(await store(p, "store.role"), "viewer");
		for (const cmd of ["tare", "start", "sessions", "protocol"]) {
			const got = await p.evaluate((c) => window.plantarDebug.link.request(c, {}).then(() => "done", (e) => e.code), cmd);
			assert.equal(got, "access", `${cmd} of a viewer`);
		}
		await p.context().close();
	}
	await nothingChanged();
});

test("the token is neither left in the address nor kept beyond the tab, and was never sent in an address", async () => {
	const token = lab.tokens.operator;

	assert.equal(new URL(page.url()).hash, "#live");
	assert.equal(await page.evaluate(() => location.hash), "#live");
	assert.equal(await page.evaluate((secret) => JSON.stringify(localStorage).includes(secret) || document.cookie !== "", token), false);
	assert.equal(lab.asked.some((url) => url.split("#")[0].includes(token)), false);
	assert.doesNotMatch(lab.bridge.text(), new RegExp(token));
});
