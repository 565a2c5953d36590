// SPDX-License-Identifier: Apache-2.0
/*
 * The real thing for tests: plantard, a simulated person on a mat at a pty, plantar-web and Debian's
 * Chromium, each of which can go away and come back while a page is open.
 *
 *     const lab = await Lab.open({ hz: 100 });
 *     await lab.person("standing");
 *     const page = await lab.page("live");
 *     await live(page);
 *     await lab.close();
 *
 * Folders, sockets and ports are the test's own. Chromium may speak to this machine only: everything else
 * goes to a proxy that refuses and remembers it, and close() fails if there was anything. It also fails on
 * errors of the page nobody expected. Time limits are generous and multiplied by $PLANTAR_SLOW: tests wait
 * for conditions. Where node's packages, Chromium or the bridge are missing the program ends with 77: skipped.
 */
import assert from "node:assert/strict";
import { spawn, execFile } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const here = path.dirname(new URL(import.meta.url).pathname);
export const SOURCE = process.env.PLANTAR_SOURCE ?? path.resolve(here, "../../..");
export const BUILD = process.env.PLANTAR_BUILD ?? path.join(SOURCE, "build");
const BIN = process.env.PLANTAR_BIN ?? path.join(BUILD, "bin");
const CHROMIUM = process.env.PLANTAR_CHROMIUM ?? "/usr/bin/chromium";
export const SLOW = Number(process.env.PLANTAR_SLOW ?? 1);
const LIMIT_MS = 30000 * SLOW;

function skip(why) {
	console.log(`skipped: ${why}`);
	process.exit(77);
}

const modules = [process.env.PLANTAR_NODE_MODULES, path.join(SOURCE, "build/js/node_modules")].find((m) => m && fs.existsSync(path.join(m, "playwright-core")));
if (!modules) skip("playwright-core of npm is not here (PLANTAR_NODE_MODULES; tools/test installs it)");
if (!fs.existsSync(CHROMIUM)) skip(`${CHROMIUM} is not here (Debian's package chromium, or PLANTAR_CHROMIUM)`);
if (!fs.existsSync(path.join(BIN, "plantar-web"))) skip("plantar-web was not built (libwebsockets)");
const require = createRequire(path.join(modules, "from-here.js"));
const { chromium } = require("playwright-core");
export const axeSource = () => fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const run = promisify(execFile);
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const t = (id) => `[data-testid="${id}"]`;

/* The first true value of fn(), asked until it comes. */
export async function until(fn, what, ms = LIMIT_MS) {
	const end = Date.now() + ms;
	for (;;) {
		const value = await fn();
		if (value) return value;
		if (Date.now() > end) throw new Error(`timed out waiting for ${typeof what === "function" ? await what() : what}`);
		await sleep(50);
	}
}

async function freePort() {
	const server = net.createServer();
	await new Promise((up) => server.listen(0, "127.0.0.1", up));
	const { port } = server.address();
	await new Promise((down) => server.close(down));
	return port;
}

/* A program under test, its output kept. */
class Program {
	constructor(command, args, { env, log }) {
		const out = fs.openSync(log, "a");
		this.log = log;
		this.child = spawn(command, args, { env, stdio: ["ignore", out, out] });
		fs.closeSync(out);
		this.ended = new Promise((end) => this.child.once("exit", (code, signal) => end(code ?? signal)));
	}

	get pid() {
		return this.child.pid;
	}

	get running() {
		return this.child.exitCode === null && this.child.signalCode === null;
	}

	async stop(signal = "SIGTERM") {
		if (this.running) this.child.kill(signal);
		return this.ended;
	}

	text() {
		return fs.readFileSync(this.log, "utf8");
	}
}

/* What the browser asks its own maker for whatever page is open: updates, accounts, words about forms. Not the page's doing. */
const BROWSERS_OWN = /\b(update|content-autofill|optimizationguide-pa|safebrowsing|clients\d*)\.(googleapis|google)\.com\b|accounts\.google\.com|android\.clients\.google\.com|redirector\.gvt1\.com/;

/* Refuses everything and remembers what was wanted. */
class Refuser {
	asked = [];

	async open() {
		this.server = net.createServer((socket) => {
			socket.once("data", (data) => {
				const line = String(data).split("\r\n")[0];
				if (!BROWSERS_OWN.test(line)) this.asked.push(line);
				socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
			});
			socket.on("error", () => {});
		});
		await new Promise((up) => this.server.listen(0, "127.0.0.1", up));
		this.port = this.server.address().port;
		return this;
	}

	close() {
		this.server.close();
	}
}

/* Shipped protocols with shorter trials, so that a visit takes a minute: what is asked of the operator is the same. */
const SHORTER = {
	"quiet-stance": [[/trials = 3/g, "trials = 1"], [/seconds = 60/g, "seconds = 8"], [/seconds_min = 60/g, "seconds_min = 6"], [/countdown_s = 10/g, "countdown_s = 1"], [/rest_s = 30/g, "rest_s = 1"]],
	"walk-over": [[/strikes_per_foot = 5/g, "strikes_per_foot = 1"]],
};

export class Lab {
	#env;
	#n = 0;
	#chromium = null;
	#contexts = [];
	#expected = [];
	faults = []; /* errors of pages */
	asked = []; /* addresses that pages asked for */

	static async open(options = {}) {
		const lab = new Lab();
		try {
			return await lab.#open(options);
		} catch (error) {
			await lab.close().catch(() => {});
			throw error;
		}
	}

	/* hz, pitch (mm): of the mat; calibration: text to put into its file's group, null: none; archive: keys of plantard.conf. */
	async #open({ hz = 100, pitch = 10, calibration = "", archive = "", bridgeArgs = [], folder = null }) {
		this.hz = hz;
		this.bridgeArgs = bridgeArgs;
		this.folder = folder ?? fs.mkdtempSync(path.join(os.tmpdir(), "plantar-browser-"));
		this.ownFolder = !folder;
		this.link = path.join(this.folder, "mat");
		this.control = `ipc://${this.folder}/run/control.sock`;
		this.archive = path.join(this.folder, "state");
		for (const d of ["run", "state", "protocols", "mats"]) fs.mkdirSync(path.join(this.folder, d), { recursive: true, mode: 0o700 });
		for (const [name, cuts] of Object.entries(SHORTER)) {
			const whole = fs.readFileSync(path.join(SOURCE, "config/protocols", `${name}.conf`), "utf8");
			fs.writeFileSync(path.join(this.folder, "protocols", `${name}.conf`), cuts.reduce((s, [from, to]) => s.replace(from, to), whole));
		}
		this.mat = path.join(this.folder, "mats", "pmp-64x64.conf");
		let conf = fs.readFileSync(path.join(SOURCE, "config/mats/pmp-64x64.conf"), "utf8").replace(/rate_hz = \d+/, `rate_hz = ${hz}`).replace(/pitch_mm = [\d.]+/, `pitch_mm = ${pitch.toFixed(1)}`);
		if (calibration === null) conf = conf.replace(/calibration = \{[^}]*\};/, "");
		else conf = conf.replace(/(unit = "kPa";)/, `$1 ${calibration}`);
		fs.writeFileSync(this.mat, conf);
		fs.writeFileSync(path.join(this.folder, "plantard.conf"), `mats = ({ source = "serial:${this.link}"; mat = "${this.mat}"; name = "lab"; });\n` +
			`publish = { endpoints = ["ipc://${this.folder}/run/data.sock"]; };\ncontrol = { endpoint = "${this.control}"; };\narchive = { ${archive} };\nlog = "info";\n`);
		this.#env = { ...process.env, PLANTARD_RUNTIME_DIR: path.join(this.folder, "run"), PLANTARD_STATE_DIR: this.archive, PLANTARD_CONTROL: this.control, PLANTAR_PROTOCOLS: path.join(this.folder, "protocols"), PLANTAR_MATS: path.join(SOURCE, "config/mats"), HOME: this.folder, XDG_RUNTIME_DIR: path.join(this.folder, "run") };
		for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete this.#env[name];
		this.refuser = await new Refuser().open();
		this.port = await freePort();
		this.origin = `http://127.0.0.1:${this.port}`;
		await this.startDaemon();
		await this.startBridge();
		return this;
	}

	/* ---- the programs ---- */

	async startDaemon() {
		this.daemon = new Program(path.join(BIN, "plantard"), ["--config", path.join(this.folder, "plantard.conf")], { env: this.#env, log: path.join(this.folder, "plantard.log") });
		await until(() => {
			assert.ok(this.daemon.running, `plantard ended:\n${this.daemon.text()}`);
			return this.status().catch(() => null);
		}, "plantard to answer");
	}

	async startBridge() {
		this.bridge = new Program(path.join(BIN, "plantar-web"), ["--listen", `127.0.0.1:${this.port}`, "--token-file", path.join(this.folder, "run", "web.token"), ...this.bridgeArgs], { env: this.#env, log: path.join(this.folder, "web.log") });
		await until(() => {
			assert.ok(this.bridge.running, `plantar-web ended:\n${this.bridge.text()}`);
			return fetch(this.origin).then((r) => r.ok, () => false);
		}, "plantar-web to answer");
		const url = async (what) => new URL((await run(path.join(BIN, "plantar-web"), [what, "--token-file", path.join(this.folder, "run", "web.token")], { env: this.#env })).stdout.trim());
		this.tokens = { operator: (await url("--print-url")).hash.split("=")[1], viewer: (await url("--print-viewer-url")).hash.split("=")[1] };
	}

	/* plantar at the command line: its standard output. */
	async cli(...args) {
		return (await run(path.join(BIN, "plantar"), args, { env: this.#env, maxBuffer: 1 << 26 })).stdout;
	}

	async status() {
		return JSON.parse(await this.cli("status", "--json"));
	}

	/* ---- the mat ---- */

	/* Somebody else (or "empty") on the mat; ready when frames come. Same seed, same frames. */
	async person(kind, { seed = 1, mass = 70, more = [] } = {}) {
		await this.unplug();
		this.simulator = new Program(path.join(BIN, "plantar"), ["simulate", "--person", kind, "--as", this.mat, "--link", this.link, "--seconds", "36000", "--seed", String(seed), "--mass", String(mass), "--hz", String(this.hz), ...more], { env: this.#env, log: path.join(this.folder, "simulate.log") });
		await until(async () => {
			assert.ok(this.simulator.running, `plantar simulate ended:\n${this.simulator.text()}`);
			const { state, frames } = (await this.status()).mats[0];
			return state === "running" && frames > 0;
		}, "frames of the mat");
	}

	async unplug() {
		await this.simulator?.stop();
		this.simulator = null;
	}

	/* ---- the browser ---- */

	async browser() {
		this.#chromium ??= await chromium.launch({
			executablePath: CHROMIUM,
			args: [...(process.getuid() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-domain-reliability", "--no-pings", "--disable-component-extensions-with-background-pages",
				"--disable-features=AutofillServerCommunication,OptimizationHints,MediaRouter,Translate,InterestFeedContentSuggestions",
				`--proxy-server=http://127.0.0.1:${this.refuser.port}`, "--force-color-profile=srgb", "--font-render-hinting=none", "--js-flags=--expose-gc"],
		});
		return this.#chromium;
	}

	/* A page of a browser of its own (nothing shared but the program). role: "operator", "viewer" or null. */
	async page(hash = "live", { role = "operator", ...context } = {}) {
		const own = await (await this.browser()).newContext({ viewport: { width: 1366, height: 768 }, colorScheme: "light", locale: "en-GB", timezoneId: "UTC", acceptDownloads: true, ...context });
		const page = await own.newPage();
		this.#contexts.push(own);
		page.setDefaultTimeout(LIMIT_MS);
		page.on("request", (r) => this.asked.push(r.url()));
		page.on("websocket", (w) => this.asked.push(w.url()));
		page.on("pageerror", (e) => this.faults.push(`${page.url()}: ${e.message}`));
		page.on("console", (m) => m.type() === "error" && this.faults.push(`${page.url()}: ${m.text()}`));
		await page.goto(`${this.origin}/#${role ? `${role}=${this.tokens[role]}&` : ""}${hash}`);
		await page.waitForFunction(() => window.plantarDebug?.store?.status);
		return page;
	}

	/* From now on errors of the page that match are part of the test. */
	expect(pattern) {
		this.#expected.push(pattern);
	}

	/* ---- the end ---- */

	async close() {
		const abroad = this.asked.filter((url) => !/^(data:|blob:|about:)/.test(url) && new URL(url).hostname !== "127.0.0.1");
		await this.#chromium?.close();
		for (const program of [this.simulator, this.bridge, this.daemon]) await program?.stop();
		this.refuser?.close();
		if (this.ownFolder) fs.rmSync(this.folder, { recursive: true, force: true });
		assert.deepEqual(this.refuser?.asked ?? [], [], "something was asked of another machine");
		assert.deepEqual(abroad, [], "a page asked for something outside this machine");
		assert.deepEqual(this.faults.filter((f) => !this.#expected.some((p) => p.test(f))), [], "errors in the page");
	}
}

/* ---- what is asked of pages ---- */

export const store = (page, what) => page.evaluate(`(({ store, link }) => (${what}))(window.plantarDebug)`);
export const protocolState = (page) => store(page, "store.protocol?.state ?? null");

/* Until pictures are drawn and none of them is out of date. */
export async function live(page) {
	const from = await page.evaluate(() => window.plantarDebug.drawn);
	await page.waitForFunction((n) => window.plantarDebug.drawn > n + 5 && window.plantarDebug.stale === false, from);
}

export function rssKib(pid) {
	return Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
}

/* CPU time of a process so far, in seconds: user and system. */
export function cpuSeconds(pid) {
	const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
	const f = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	return (Number(f[11]) + Number(f[12])) / 100;
}
