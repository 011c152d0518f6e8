// One page per room, hashed names, nothing inline: the server's policy allows no inline script, style or data: address.
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vite";

const masthead = readFileSync(`${import.meta.dirname}/parts/masthead.html`, "utf-8").trimEnd();
const pages = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".html"));

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: false,
  appType: "mpa",
  plugins: [{ name: "masthead", transformIndexHtml: { order: "pre", handler: (html) => html.replace("<!--masthead-->", masthead) } }],
  build: {
    outDir: "../src/wetread/web/room",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: pages.map((name) => `${import.meta.dirname}/${name}`) },
  },
});
