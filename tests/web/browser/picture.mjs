// SPDX-License-Identifier: Apache-2.0
/*
 * Pictures of the page: taken for the manual, and compared with those that are kept there. Frames move, clocks go on
 * and fonts differ a little from machine to machine, so two pictures are compared as somebody across the room
 * would: cut into squares of 16 pixels, each with the mean of its colours; moving parts are left out. What has moved to
 * another place, is missing, or has another colour is seen; another digit is not.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { smaller } from "./png.mjs";
import { BUILD, SOURCE } from "./rig.mjs";

const SQUARE = 16;
const FAR = 40; /* of 255: a square that differs by more is another one */
const MOST = 0.04; /* of all squares that are looked at */
const LARGEST = 150 * 1024; /* bytes of a picture for the manual */
export const UPDATE = process.argv.includes("--update");

const kept = (name) => path.join(SOURCE, "docs", "img", `${name}.png`);
const made = (name) => path.join(BUILD, "browser", `${name}.png`);

/* In the browser, which can read PNG: {size, share of squares that differ}. */
async function compare(page, a, b, leftOut) {
	return page.evaluate(async ({ pictures, rects, SQUARE, FAR }) => {
		const [one, two] = await Promise.all(pictures.map(async (png) => {
			const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
			const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
			const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
			const context = canvas.getContext("2d");
			context.drawImage(bitmap, 0, 0);
			return { w: bitmap.width, h: bitmap.height, data: context.getImageData(0, 0, bitmap.width, bitmap.height).data };
		}));
		if (one.w !== two.w || one.h !== two.h) return { other: 1, squares: 0, size: `${one.w} x ${one.h} against ${two.w} x ${two.h}` };
		let squares = 0;
		const others = [];
		for (let y = 0; y + SQUARE <= one.h; y += SQUARE)
			for (let x = 0; x + SQUARE <= one.w; x += SQUARE) {
				if (rects.some((r) => x < r.x + r.width && x + SQUARE > r.x && y < r.y + r.height && y + SQUARE > r.y)) continue;
				const sums = [0, 0, 0];
				for (let j = y; j < y + SQUARE; j++)
					for (let i = x; i < x + SQUARE; i++)
						for (let c = 0; c < 3; c++) sums[c] += one.data[4 * (j * one.w + i) + c] - two.data[4 * (j * one.w + i) + c];
				squares++;
				if (Math.max(...sums.map(Math.abs)) / SQUARE ** 2 > FAR) others.push([x, y]);
			}
		return { other: others.length / squares, squares, where: others.slice(0, 12) };
	}, { pictures: [a.toString("base64"), b.toString("base64")], rects: leftOut, SQUARE, FAR });
}

/*
 * A picture of what the page shows, kept in the build tree and compared with docs/img/NAME.png; --update
 * makes it that one. moving: selectors of what is never the same twice.
 */
export async function picture(page, name, moving = []) {
	await page.evaluate(() => document.activeElement?.blur?.());
	await page.waitForTimeout(400); /* what fades has faded */
	const rects = await page.evaluate((all) => all.flatMap((s) => [...document.querySelectorAll(s)].map((e) => e.getBoundingClientRect().toJSON())), moving);
	const shot = smaller(await page.screenshot({ type: "png", animations: "disabled", caret: "hide" }));

	fs.mkdirSync(path.dirname(made(name)), { recursive: true });
	fs.writeFileSync(made(name), shot);
	assert.ok(shot.length < LARGEST, `${name}: ${shot.length} bytes`);
	if (UPDATE) {
		fs.mkdirSync(path.dirname(kept(name)), { recursive: true });
		fs.writeFileSync(kept(name), shot);
		return;
	}
	assert.ok(fs.existsSync(kept(name)), `docs/img/${name}.png is not there; pictures.test.mjs --update makes it`);
	const blank = await page.context().newPage();
	try {
		const { other, squares, where, size } = await compare(blank, shot, fs.readFileSync(kept(name)), rects);
		console.log(`# ${name}: ${(100 * other).toFixed(2)} % of ${squares} squares differ`);
		assert.ok(other <= MOST, `${made(name)} is not docs/img/${name}.png: ${(100 * other).toFixed(1)} % of it ${size ?? `, first at ${JSON.stringify(where)}`}; look at both, and if it is meant, pictures.test.mjs --update`);
	} finally {
		await blank.close();
	}
}
