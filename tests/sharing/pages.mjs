// Opens share pages in a real Chromium as somebody without an account: node pages.mjs; prints what it saw.
// PAGES: JSON of name → address. NODE_PATH: packages. CHROMIUM: the browser. PICTURES: folder for screenshots.
import { createRequire } from "node:module";
import path from "node:path";

const { chromium } = createRequire(path.join(process.env.NODE_PATH, "/"))("playwright-core");
const pages = JSON.parse(process.env.PAGES);
const widths = JSON.parse(process.env.WIDTHS ?? "[360, 1280]");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const seen = {};
try {
  for (const [name, address] of Object.entries(pages)) {
    for (const colorScheme of ["light", "dark"]) {
      for (const width of widths) {
        const height = width < 600 ? 740 : Math.round(width * 0.625);
        const context = await browser.newContext({ colorScheme, viewport: { width, height } });
        const page = await context.newPage();
        const faults = [];
        page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
        page.on("pageerror", (error) => faults.push(String(error)));
        const answer = await page.goto(address);
        await page.waitForFunction(() => {
          const video = document.querySelector("video");
          return !video || video.readyState >= 1 || video.error;
        });
        await page.waitForFunction(() => [...document.querySelectorAll("track[default]")].every((track) => track.readyState >= 2));
        const found = await page.evaluate(() => {
          const video = document.querySelector("video");
          return {
            overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            scripts: document.scripts.length,
            title: document.title,
            playable: video ? video.error === null && video.duration > 0 : null,
            cues: video ? [...video.textTracks].map((track) => track.cues?.length ?? null) : [],
            ratio: video ? Math.round((video.clientWidth / video.clientHeight) * 100) / 100 : null,
          };
        });
        await page.screenshot({ path: path.join(process.env.PICTURES, `${name}-${colorScheme}-${width}.png`), fullPage: width < 2000 });
        seen[`${name} ${colorScheme} ${width}`] = { status: answer.status(), faults, ...found };
        await context.close();
      }
    }
  }
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
