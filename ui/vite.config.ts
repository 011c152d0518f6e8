// One page per room, hashed names, nothing inline: the server's policy allows no inline script, style or data: address.
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vite";
import { PAGES } from "./src/catalogue_pages.ts";

const masthead = readFileSync(`${import.meta.dirname}/parts/masthead.html`, "utf-8").trimEnd();
const pages = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".html"));

function said(key: string): string {
  const words = PAGES[key];
  if (words === undefined) throw new Error(`a page names ${key}, which no catalogue has`);
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

const inWords = (html: string) => html.replace("<!--masthead-->", masthead).replace(/\{\{([a-z_.\d]+)\}\}/g, (_, key: string) => said(key));

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: false,
  appType: "mpa",
  plugins: [{ name: "words", transformIndexHtml: { order: "pre", handler: inWords } }],
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
