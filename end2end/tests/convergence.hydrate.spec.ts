import { expect, open, test } from '../fixtures';
import { Loop } from '../fixtures/loop';

test('what a loop does appears without a reload', async ({ page, server }) => {
  const loop = new Loop(server, 'payments');
  await loop.say('SESSION_STARTED');
  await open(page, server.url + '/convergence');
  const card = page.getByRole('article').filter({ hasText: 'payments' });
  const state = card.locator('[aria-current=step]');
  await expect(state).toHaveText('Idle');
  await loop.begin('diagnose');
  await expect(state).toHaveText('Diagnosing');
  await loop.iterate(['injection'], true);
  await expect(card.getByText('1 of 3 iterations that are needed')).toBeVisible();
  // The chart has drawn what the table says.
  await expect(card.locator('kimi-chart').locator('path').first()).toBeAttached();
  await loop.converge();
  await expect(state).toHaveText('Converged');
  await expect(page.getByText('CONVERGENCE_REACHED')).toBeVisible();
  await page.getByLabel('Filter events').fill('diagnose');
  await expect(page.getByText('CONVERGENCE_REACHED')).toBeHidden();
  await expect(page.getByText('STEP_COMPLETE').first()).toBeVisible();
});

test('the page of a session goes on with it, and stays as one left it', async ({ page, server }) => {
  const loop = new Loop(server, 'payments');
  await loop.iterate(['injection'], false);
  await open(page, server.url + '/');
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await page.getByRole('article').getByRole('link', { name: 'Session #1' }).click();
  await expect(page.getByRole('heading', { name: 'Session #1', level: 1 })).toBeVisible();
  const first = page.getByRole('listitem').filter({ hasText: 'ITERATION_STARTED' }).first();
  await first.getByText('ITERATION_STARTED').click();
  await expect(first.getByText('payments-1')).toBeVisible();
  await loop.iterate([], true);
  await expect(page.getByText('1 finding · 0 open')).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'user name in the query' })).toContainText('fixed');
  // What was opened stays open while rows arrive above it.
  await expect(page.getByText('payments-1', { exact: true })).toBeVisible();
  await page.getByLabel('Type').selectOption('STEP_COMPLETE');
  await expect(page).toHaveURL(/type=STEP_COMPLETE/);
  await expect(page.getByRole('listitem').filter({ hasText: 'ITERATION_STARTED' })).toHaveCount(0);
});

test('a restart of the server ends in a live page of the loop', async ({ page, server }) => {
  const loop = new Loop(server, 'payments');
  await loop.iterate(['injection'], false);
  await open(page, server.url + '/convergence/payments');
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  await server.restart();
  await loop.iterate([], true);
  await loop.converge();
  await expect(page.locator('[aria-current=step]')).toHaveText('Converged', { timeout: 20_000 });
});

test('a comparison goes on with its sessions', async ({ page, server }) => {
  const [payments, search] = [new Loop(server, 'payments'), new Loop(server, 'search')];
  for (const loop of [payments, search]) await loop.iterate(['injection'], false);
  await open(page, `${server.url}/convergence?with=payments&with=search`);
  const line = (name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
  await expect(line('Iterations')).toHaveText(/Iterations\s*1\s*1/);
  await payments.iterate([], true);
  await payments.converge();
  await expect(line('Status').getByText('converged', { exact: true })).toBeVisible();
  await expect(line('Iterations')).toHaveText(/Iterations\s*2\s*1/);
});

test('a step that is switched off is not shown as done', async ({ page, server }) => {
  const loop = new Loop(server, 'payments');
  await loop.iterate(['injection'], true, ['diagnose', 'validate']);
  await loop.converge();
  await open(page, server.url + '/convergence/payments');
  const steps = page.getByRole('list', { name: 'State of the loop' }).getByRole('listitem');
  await expect(steps.filter({ hasText: 'Diagnosing' })).toHaveClass(/done/);
  for (const name of ['Fixing', 'Attacking']) await expect(steps.filter({ hasText: name })).not.toHaveClass(/done/);
});
