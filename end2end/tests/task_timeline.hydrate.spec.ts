import { expect, open, test } from '../fixtures';

test('a long timeline goes back to the first event, and forward with what happens', async ({ page, server }) => {
  const { number } = await server.create('changes often', { status: 'running', agent: 'outside' });
  const rename = (n: number) => server.request('PATCH', `/api/tasks/${number}`, { title: `Title ${n}` });
  for (let n = 1; n <= 120; n += 1) await rename(n);
  const told = await server.request('GET', `/api/tasks/${number}/activity?limit=1000`);

  await open(page, server.url + `/tasks/${number}`);
  const timeline = page.getByRole('region', { name: 'Timeline' });
  const events = timeline.getByRole('listitem');
  const earlier = timeline.getByRole('link', { name: 'Earlier events' });
  await expect(earlier).toHaveAttribute('href', `/api/tasks/${number}/activity?limit=1000`);

  // What cannot be had is said, and can be asked for again.
  await page.route('**/rpc/**', (route) => route.abort('connectionrefused'));
  await earlier.click();
  await expect(page.getByRole('status', { name: 'Notices' })).toContainText('did not answer');
  await page.unroute('**/rpc/**');

  for (;;) {
    const shown = await events.count();
    expect(shown).toBeLessThan(told.length);
    await earlier.click();
    await expect.poll(() => events.count()).toBeGreaterThan(shown);
    if ((await events.count()) === told.length) break;
  }
  await expect(earlier).toHaveCount(0);
  await expect(events.first()).toContainText(/created/i);

  // What was loaded stays when the page is fetched again.
  await server.restart();
  await expect(page.getByText('live', { exact: true })).toBeVisible({ timeout: 30_000 });
  await rename(121);
  await expect(events).toHaveCount(told.length + 1);
  await expect(events.first()).toContainText(/created/i);
});
