// Signs in as a person would, in a real Chromium: node browser.mjs START LOGIN READ; prints what the browser knows then.
import { chromium } from "playwright-core";

const [start, login, read] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
try {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(start);
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", "any");
  await page.click("button[type=submit]");
  await page.waitForSelector("text=Authorize");
  await page.click("button[type=submit]");
  await page.waitForURL(/callback/);
  const shown = JSON.parse(await page.innerText("body"));
  const cookies = await context.cookies();
  const scripts = await page.evaluate(() => document.cookie);
  const account = await page.goto(read);
  console.log(JSON.stringify({ shown, cookies, scripts, account: await account.json() }));
} finally {
  await browser.close();
}
