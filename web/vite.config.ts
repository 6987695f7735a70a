/** Builds the app into `api/web/app`, from where the API serves it; `npm run dev` serves it beside a running stack. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const api = process.env["CLIPSTREAM_API"] ?? "http://127.0.0.1:8000";

export default defineConfig({
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
