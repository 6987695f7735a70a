/** Builds the app into `api/web/app`, from where the API serves it; `npm run dev` serves it beside a running stack. */
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const api = process.env["CLIPSTREAM_API"] ?? "http://127.0.0.1:8000";

/** Styles of `src/screens/<name>/` hold inside the frame of that screen alone: two screens may use one name for two things. */
const scopedScreens: Plugin = {
  name: "scoped-screens",
  enforce: "pre",
  transform(code, id) {
    const screen = /\/src\/screens\/([\w-]+)\/.*\.css$/.exec(id.split("?")[0] ?? "")?.[1];
    if (!screen) return null;
    const frames = code.match(/@keyframes [\w-]+ \{(?:[^{}]|\{[^{}]*\})*\}/g) ?? [];
    const rules = frames.reduce((text, frame) => text.replace(frame, ""), code);
    return { code: `[data-screen="${screen}"] {\n${rules}\n}\n${frames.join("\n")}`, map: null };
  },
};

export default defineConfig({
  plugins: [scopedScreens],
  base: "/app/",
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../api/web/app",
    manifest: true,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy allows no data: scripts, styles or fonts
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    // Pictures of caption templates lie among the docs.
    fs: { allow: [".."] },
    // Writes by cookie count only from the API's own origin.
    proxy: Object.fromEntries(
      ["/v1", "/web", "/oauth", "/s/", "/embed", "/docs", "/openapi.json"].map((path) => [
        path,
        { target: api, changeOrigin: true, headers: { origin: api } },
      ]),
    ),
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
