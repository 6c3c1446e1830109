// Owns the weight limits of the built pages: what a phone must fetch before a page works, gzipped, without the map.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

// What a page must say and do when the line is bad (unsent calls, resent positions, a fresh line after a sleep) is worth the last kilobytes.
const LIMITS_KB = { book: 33, staff: 34, console: 42 };
const size = (path) => gzipSync(readFileSync(path), { level: 9 }).length;

let over = false;
for (const [page, limit] of Object.entries(LIMITS_KB)) {
  const html = readFileSync(`dist/${page}/index.html`, 'utf8');
  const files = new Set([...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path));
  const kB = [...files].reduce((sum, path) => sum + size(`dist/${path}`), 0) / 1000;
  console.log(`${page}: ${kB.toFixed(1)} kB of script (gzip), limit ${limit} kB`);
  over ||= kB > limit;
}
if (over) process.exit(1);
