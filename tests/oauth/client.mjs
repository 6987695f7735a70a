// A foreign client of the authorisation server: openid-client, with a person in a real browser. Prints JSON.
//
// Variables: ISSUER, CLIENT_ID, CLIENT_SECRET, MACHINE_ID, MACHINE_SECRET, EMAIL, PASSWORD, CHROMIUM, PICTURES (a folder).
// NODE_PATH does not count for ES modules, so the packages are required.
import { createRequire } from "node:module";
import http from "node:http";
import path from "node:path";

const require = createRequire(path.join(process.env.NODE_PATH, "any.js"));
const oauth = await import(require.resolve("openid-client"));
const { chromium } = require("playwright-core");
const { env } = process;
const options = { algorithm: "oauth2", execute: [oauth.allowInsecureRequests] };
const told = {};

async function listen() {
  let arrive;
  const arrived = new Promise((resolve) => (arrive = resolve));
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, `http://127.0.0.1:${server.address().port}`);
    response.end("<title>Back in the app</title>");
    if (url.pathname === "/callback") arrive(url);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, arrived, uri: `http://127.0.0.1:${server.address().port}/callback` };
}

async function consent(url) {
  const browser = await chromium.launch({ executablePath: env.CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 960, height: 900 } });
    const faults = [];
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    await page.goto(url.href);
    await page.screenshot({ path: `${env.PICTURES}/sign-in.png` });
    // by keyboard alone: the address has the focus, then the password, then Enter
    await page.keyboard.type(env.EMAIL);
    await page.keyboard.press("Tab");
    await page.keyboard.type(env.PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=asks for access");
    await page.screenshot({ path: `${env.PICTURES}/consent.png` });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 320, height: 900 });
    await page.screenshot({ path: `${env.PICTURES}/consent-narrow.png`, fullPage: true });
    told.overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    told.text = await page.innerText("main");
    for (let tabs = 0; tabs < 12; tabs += 1) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement.value)) === "allow") break;
    }
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.title === "Back in the app");
    told.faults = faults;
  } finally {
    await browser.close();
  }
}

const secret = oauth.ClientSecretBasic(env.CLIENT_SECRET);
const config = await oauth.discovery(new URL(env.ISSUER), env.CLIENT_ID, undefined, secret, options);
told.methods = config.serverMetadata().code_challenge_methods_supported;
const callback = await listen();
const verifier = oauth.randomPKCECodeVerifier();
const state = oauth.randomState();
const url = oauth.buildAuthorizationUrl(config, {
  redirect_uri: callback.uri,
  scope: "projects:read projects:write",
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
});
await consent(url);
const back = await callback.arrived;
callback.server.close();
told.iss = back.searchParams.get("iss");
const checks = { pkceCodeVerifier: verifier, expectedState: state };
const first = await oauth.authorizationCodeGrant(config, back, checks);
told.scope = first.scope;
const read = (token) => oauth.fetchProtectedResource(config, token, new URL("/v1/projects", env.ISSUER), "GET");
told.read = (await read(first.access_token)).status;
const second = await oauth.refreshTokenGrant(config, first.refresh_token);
told.rotated = second.refresh_token !== first.refresh_token;
told.active = (await oauth.tokenIntrospection(config, second.access_token)).active;
await oauth.tokenRevocation(config, second.refresh_token);
told.activeAfter = (await oauth.tokenIntrospection(config, second.access_token)).active;
told.reuse = await oauth.refreshTokenGrant(config, first.refresh_token).catch((error) => error.error);

const post = oauth.ClientSecretPost(env.MACHINE_SECRET);
const machine = await oauth.discovery(new URL(env.ISSUER), env.MACHINE_ID, undefined, post, options);
const own = await oauth.clientCredentialsGrant(machine, { scope: "projects:read" });
told.machine = (await oauth.fetchProtectedResource(machine, own.access_token, new URL("/v1/projects", env.ISSUER), "GET")).status;
// an answer of another server is refused by its issuer (mix-up, RFC 9207)
const mixed = new URL(back);
mixed.searchParams.set("iss", "https://evil.example");
told.mixUp = await oauth.authorizationCodeGrant(config, mixed, checks).catch((error) => error.code);
console.log(JSON.stringify(told));
