import { expect, isRelease, open, test } from '../fixtures';

test.skip(!isRelease, 'only what `make build` makes is split and has a name of its own');

test('a page whose program cannot be loaded comes when it can', async ({ page, server, problems }) => {
  await open(page, server.url + '/');
  await page.route('**/split_agents.wasm', (route) => route.abort());
  await page.getByRole('link', { name: 'Agents' }).first().click();
  await expect(page.getByText('This page could not be loaded')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Tasks', level: 1 })).toBeVisible();
  await page.unroute('**/split_agents.wasm');
  await expect(page.getByRole('heading', { name: 'Agents', level: 1 })).toBeVisible({ timeout: 15_000 });
  // The browser itself says what it could not load; nothing else went wrong.
  expect(problems.splice(0).filter((text) => !/Failed to fetch/.test(text))).toEqual([]);
});

test('a page that is older than the server gets nothing of the new one', async ({ request, server }) => {
  const html = await (await request.get(server.url + '/')).text();
  const [base, hash] = /\/pkg\/(\w+)/.exec(html)!;
  const file = '/kimi-dashboard.wasm';
  expect((await request.get(server.url + base + file)).status()).toBe(200);
  expect((await request.get(server.url + base.replace(hash, '0123456789abcdef') + file)).status()).toBe(404);
});
