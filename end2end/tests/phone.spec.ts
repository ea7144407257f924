import { expect, open, test } from '../fixtures';

test('nothing is wider than the phone, and a task can be created and cancelled', async ({ page, server }) => {
  await server.create('sleep 1000', {
    agent: 'shell',
    title: 'A rather long title that has to wrap or be cut on a narrow screen',
    labels: ['x'.repeat(50)],
  });
  for (const path of ['/', '/tasks/1', '/agents', '/agents/shell', '/?new=1']) {
    await open(page, server.url + path);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, `${path} scrolls sideways`).toBeLessThanOrEqual(0);
  }
  const dialog = page.getByRole('dialog', { name: 'New task' });
  await dialog.getByLabel('Description').fill('sleep 1000');
  await dialog.getByRole('button', { name: 'Create task' }).click();
  await expect.poll(async () => (await server.task(2)).status).toBe('running');
  await open(page, server.url + '/tasks/2');
  await page.getByRole('button', { name: /Cancel/ }).click();
  await expect.poll(async () => (await server.task(2)).status).toBe('cancelled');
});
