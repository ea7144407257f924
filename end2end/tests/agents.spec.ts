import { expect, open, Server, test } from '../fixtures';

test('an agent is stopped and started again', async ({ page, server }) => {
  await open(page, server.url + '/agents');
  const card = page.getByRole('listitem').filter({ hasText: 'Word Count' }).filter({ hasText: 'slots' });
  await expect(card).toContainText('idle');
  await card.getByRole('button', { name: /Stop/ }).first().click();
  await expect.poll(async () => (await server.request('GET', '/api/agents/words')).status).toBe('offline');
  await open(page, server.url + '/agents');
  await expect(card).toContainText('offline');
  await card.getByRole('button', { name: /Start/ }).click();
  await expect.poll(async () => (await server.request('GET', '/api/agents/words')).status).toBe('idle');
});

test('a drain can be undone', async ({ page, server }) => {
  await server.create('sleep 1000', { agent: 'shell', title: 'Long' });
  await expect.poll(async () => (await server.task(1)).status).toBe('running');
  await open(page, server.url + '/agents/shell');
  await page.getByRole('button', { name: /Stop/ }).click();
  await expect.poll(async () => (await server.request('GET', '/api/agents/shell')).status).toBe('draining');
  await page.getByRole('button', { name: /Start/ }).click();
  await expect.poll(async () => (await server.request('GET', '/api/agents/shell')).status).toBe('busy');
});

test('an agent has a page with its tasks', async ({ page, server }) => {
  await server.create('echo hi', { agent: 'shell', title: 'Say hi' });
  await expect.poll(async () => (await server.task(1)).status).toBe('completed');
  await open(page, server.url + '/agents/shell');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Shell');
  await expect(page.getByText('Say hi')).toBeVisible();
});

test('with no agent the page teaches, and one click enables a demonstration', async ({ page }) => {
  const server = new Server('');
  try {
    await server.start();
    await open(page, server.url + '/');
    await expect(page.getByText('No agent is configured yet')).toBeVisible();
    await expect(page.getByText('[[agent]]').first()).toBeVisible();
    await page.getByRole('button', { name: /demo/i }).first().click();
    await expect.poll(async () => (await server.request('GET', '/api/agents')).length).toBe(1);
    await server.create('anything');
    await expect.poll(async () => (await server.task(1)).status).toBe('running');
  } finally {
    await server.remove();
  }
});
