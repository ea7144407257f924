// Measures in Chromium how long a page takes until it can be used, and prints it as JSON for
// `make bench`: from the start of the navigation to hydration, median of nine fresh profiles.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from '@playwright/test';

const folder = mkdtempSync(join(tmpdir(), 'kimi-dashboard-measure-'));
const server = spawn(resolve(process.env.KIMI_DASHBOARD_BIN), ['--port', '0'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((found) => {
  createInterface(server.stdout).on('line', (line) => {
    if (line.startsWith('listening on ')) found(line.slice('listening on '.length));
  });
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const times = [];
for (let n = 0; n < 9; n += 1) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    new MutationObserver(() => {
      if (document.documentElement.dataset.hydrated !== undefined) window.usable ??= performance.now();
    }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-hydrated'] });
  });
  await page.goto(url);
  times.push(await (await page.waitForFunction(() => window.usable)).jsonValue());
  await context.close();
}
await browser.close();
server.kill();
rmSync(folder, { recursive: true, force: true });
times.sort((a, b) => a - b);
console.log(JSON.stringify({ usable_ms: Math.round(times[4]), slowest_ms: Math.round(times[8]) }));
