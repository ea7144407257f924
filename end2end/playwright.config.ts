import { defineConfig, devices } from '@playwright/test';

// Debian's Chromium; the flags keep it from calling out, and let it run as root.
const launchOptions = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
};
const desktop = { ...devices['Desktop Chrome'], viewport: { width: 1440, height: 900 }, launchOptions };
const phone = { ...devices['Desktop Chrome'], viewport: { width: 390, height: 844 }, hasTouch: true, launchOptions };

export default defineConfig({
  testDir: 'tests',
  outputDir: '../target/e2e',
  fullyParallel: true,
  workers: 2,
  retries: 0,
  timeout: 180_000,
  expect: { timeout: 10_000 },
  reporter: [['list'], ['./fixtures/reasons.ts']],
  use: { trace: 'retain-on-failure' },
  projects: [
    { name: 'desktop', use: desktop, testIgnore: /phone/ },
    { name: 'phone', use: phone, testMatch: /phone|a11y/ },
    // Everything but what its name says needs WebAssembly also works without JavaScript.
    { name: 'without JavaScript', use: { ...desktop, javaScriptEnabled: false }, testIgnore: /hydrate|phone|a11y/ },
  ],
});
