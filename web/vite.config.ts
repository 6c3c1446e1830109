// Owns the build: four pages, hashed files under /assets, nothing inline and nothing from another host.
import { defineConfig } from 'vite';

const pages = ['book', 'staff', 'console', 'weather'];
const server = process.env['DONGHAENG_SERVER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  appType: 'mpa',
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    // The polyfill would be an inline-able script; every browser that runs the map has modulepreload.
    modulePreload: { polyfill: false },
    // The map library alone is above the default; sizes.mjs holds the limits that matter.
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: Object.fromEntries(pages.map((page) => [page, `${page}/index.html`])) },
  },
  server: { proxy: { '/v1': { target: server, ws: true }, '/tiles': server } },
});
