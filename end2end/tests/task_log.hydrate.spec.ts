import type { Page } from '@playwright/test';
import { expect, open, test, Server } from '../fixtures';

// A trace keeps the document at every look at it: with thousands of lines, that is most of the work.
test.use({ trace: 'off' });

/** A task whose lines the test writes itself. */
async function reported(server: Server): Promise<number> {
  const { number } = await server.create('reports its lines', { status: 'running', agent: 'outside' });
  return number;
}

/** Writes lines `from` to `to`, in so many requests at a time: each is a message of the feed. */
async function write(server: Server, number: number, from: number, to: number, each = 2): Promise<void> {
  let next = from;
  const writer = async () => {
    while (next <= to) {
      const first = next;
      next += each;
      const lines = Array.from({ length: Math.min(each, to - first + 1) }, (_, n) => ({ message: `line ${first + n}` }));
      await server.request('POST', `/api/tasks/${number}/logs`, lines);
    }
  };
  await Promise.all(Array.from({ length: 8 }, writer));
}

/** The whole log, as the API has it. */
async function stored(server: Server, number: number): Promise<string[]> {
  const messages: string[] = [];
  for (let cursor = 0; ;) {
    const page = await server.request('GET', `/api/tasks/${number}/logs?limit=1000&cursor=${cursor}`);
    if (page.length === 0) return messages;
    messages.push(...page.map((entry: { message: string }) => entry.message));
    cursor = page.at(-1).id;
  }
}

function shown(page: Page): Promise<string[]> {
  return page.locator('.log-line .log-text').allTextContents();
}

/** What is shown is a part of the log without a gap; answers where it begins. */
function part(lines: string[], log: string[]): number {
  const at = log.indexOf(lines[0]);
  expect(lines).toEqual(log.slice(at, at + lines.length));
  return at;
}

test('what is missed while the socket is gone is fetched: no line missing, none twice', async ({ page, server, wire }) => {
  test.setTimeout(180_000);
  const number = await reported(server);
  await write(server, number, 1, 300);
  await open(page, wire.url + `/tasks/${number}`);
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  await write(server, number, 301, 340);
  await expect(page.getByRole('log')).toContainText('line 340');

  wire.cut();
  await expect(page.getByText('live', { exact: true })).toBeHidden();
  // More messages than a page takes in one by one.
  await write(server, number, 341, 5400, 1);
  wire.mend();
  // The burst goes on while the page catches up.
  await write(server, number, 5401, 6000, 1);
  await expect(page.getByText('live', { exact: true })).toBeVisible({ timeout: 60_000 });
  const log = await stored(server, number);
  expect(log).toHaveLength(6000);
  await expect.poll(async () => (await shown(page)).at(-1), { timeout: 20_000 }).toBe(log.at(-1));

  // Back to the first line, page by page.
  const seen = new Set<string>();
  const earlier = page.getByRole('link', { name: 'Load earlier' });
  for (;;) {
    const lines = await shown(page);
    expect(lines.length).toBeLessThanOrEqual(5000);
    lines.forEach((line) => seen.add(line));
    const begins = part(lines, log);
    if (begins === 0) break;
    await earlier.click();
    await expect.poll(async () => part(await shown(page), log)).toBeLessThan(begins);
  }
  expect(seen.size).toBe(log.length);
  await expect(earlier).toHaveCount(0);

  // There is no room for the end any more; it is said, and a click away.
  await write(server, number, 6001, 6004);
  await expect(page.getByRole('button', { name: /new lines/ })).toBeVisible();
  await page.getByRole('button', { name: 'Go to its end' }).click();
  const whole = await stored(server, number);
  await expect.poll(async () => (await shown(page)).at(-1), { timeout: 30_000 }).toBe(whole.at(-1));
  part(await shown(page), whole);
});

test('a page that is frozen in a burst has every line afterwards', async ({ page, server }) => {
  test.setTimeout(180_000);
  const number = await reported(server);
  await write(server, number, 1, 100);
  await open(page, server.url + `/tasks/${number}`);
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  const browser = await page.context().newCDPSession(page);
  await browser.send('Page.enable');
  await browser.send('Page.setWebLifecycleState', { state: 'frozen' });
  await write(server, number, 101, 9400);
  await browser.send('Page.setWebLifecycleState', { state: 'active' });
  await write(server, number, 9401, 9500);
  const log = await stored(server, number);
  await expect.poll(async () => (await shown(page)).at(-1), { timeout: 60_000 }).toBe(log.at(-1));
  part(await shown(page), log);
});

test('a long line is cut and opens in place', async ({ page, server }) => {
  const number = await reported(server);
  const message = `begin ${'x'.repeat(65_536)} end`;
  await server.request('POST', `/api/tasks/${number}/logs`, [{ message }]);
  await open(page, server.url + `/tasks/${number}`);
  const log = page.getByRole('log');
  await expect(log).toContainText('begin x');
  await expect(log).not.toContainText('x end');
  await log.getByRole('link', { name: 'the whole line, 65 kB' }).click();
  await expect(log).toContainText('x end');
  await expect(log.getByRole('link', { name: /the whole line/ })).toHaveCount(0);
});

test('a long description can be changed for a new attempt, or stays whole', async ({ page, server }) => {
  const description = `exit 1 # ${'y'.repeat(90_000)} z`;
  const { number } = await server.create(description, { agent: 'actor', title: 'Long' });
  await server.request('DELETE', `/api/tasks/${number}`).catch(() => undefined);
  await open(page, server.url + `/tasks/${number}`);
  await page.getByText('Retry with changes').click();
  const field = page.getByLabel('Description of the new attempt');
  await expect(field).toHaveValue('');
  await page.locator('details').getByRole('link', { name: /the whole description/ }).click();
  await expect(field).toHaveValue(description);
});
