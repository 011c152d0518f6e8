// One page per room, hashed names, nothing inline: the server's policy allows no inline script, style or data: address.
import { readdirSync } from "node:fs";
import { defineConfig } from "vite";

const pages = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".html"));

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: false,
  appType: "mpa",
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
