import { expect, open, scripted, test } from '../fixtures';
import { Loop } from '../fixtures/loop';

test('a page that never heard of a loop says how to start one', async ({ page, server }) => {
  await open(page, server.url + '/convergence');
  await expect(page.getByRole('heading', { name: 'No loop was heard of yet' })).toBeVisible();
  await expect(page.getByText('kimi-converge run')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Connections' })).toBeVisible();
  await expect(page.getByText('not connected').first()).toBeVisible();
});

test('loops are shown with state, verdict and numbers, and sessions are found', async ({ page, server }) => {
  const done = new Loop(server, 'nightly');
  await done.say('SESSION_STARTED');
  await done.iterate(['injection', 'panic'], false);
  await done.iterate([], true);
  await done.converge();
  const loop = new Loop(server, 'payments');
  await loop.say('SESSION_STARTED');
  await loop.iterate(['injection', 'panic'], true);
  await loop.begin('fix');
  await open(page, server.url + '/convergence');
  const card = page.getByRole('article').filter({ has: page.getByRole('link', { name: 'payments' }) });
  await expect(card.getByText('running')).toBeVisible();
  await expect(card.locator('[aria-current=step]')).toHaveText('Fixing');
  await expect(card.getByText('too early to tell')).toBeVisible();
  await expect(card.getByText('Iteration 1', { exact: false }).first()).toBeVisible();
  // The numbers behind the chart.
  if (await scripted(page)) await card.getByText('Numbers').click();
  await expect(card.getByRole('row', { name: '1 2 0 0 0 2' })).toBeVisible();
  await expect(page.getByText('50% (1 of 2)')).toBeVisible();
  const history = page.getByRole('list', { name: 'Sessions' });
  await expect(history.getByRole('listitem')).toHaveCount(2);
  await page.getByRole('link', { name: 'converged', exact: true }).click();
  await expect(history.getByRole('listitem')).toHaveCount(1);
  await expect(history.getByRole('listitem')).toContainText('nightly');
  await expect(page).toHaveURL(/status=converged/);
  await open(page, server.url + '/convergence?q=NIGHT');
  await expect(history.getByRole('listitem')).toHaveCount(1);
  await open(page, server.url + '/convergence?q=nobody');
  await expect(page.getByText('No session matches.')).toBeVisible();
});

test('the numbers behind a chart stay in their card on a phone', async ({ page, server }) => {
  const loop = new Loop(server, 'nightly');
  await loop.say('SESSION_STARTED');
  await loop.iterate(['injection', 'panic'], true);
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, server.url + '/convergence');
  const card = page.getByRole('article').filter({ has: page.getByRole('link', { name: 'nightly' }) });
  if (await scripted(page)) await card.getByText('Numbers').click();
  const numbers = card.getByRole('region', { name: 'Numbers of nightly' });
  await expect(numbers.getByRole('columnheader', { name: 'Validation' })).toBeAttached();
  // What is wider than the card is scrolled within it.
  const seen = await card.evaluate((of) => {
    const table = of.querySelector('table')!.getBoundingClientRect();
    const { right } = of.getBoundingClientRect();
    const beyond = document.elementFromPoint(right + 2, table.y + table.height / 2);
    return { wider: table.right > right, beyond: of.contains(beyond) };
  });
  expect(seen).toEqual({ wider: true, beyond: false });
});

test('a session tells round by round what was found, and every event with its data', async ({ page, server }) => {
  const loop = new Loop(server, 'nightly');
  await loop.say('SESSION_STARTED');
  await loop.iterate(['injection', 'panic'], false);
  await loop.iterate(['panic'], true);
  await loop.iterate(['injection', 'panic'], true);
  const marked = await loop.say('ERROR', { error: 'the tests did not start', nested: { deep: ['leaf'] } });
  await loop.say('SESSION_ENDED');
  await open(page, server.url + '/convergence/nightly');
  await expect(page.getByRole('heading', { name: 'nightly', level: 1 })).toBeVisible();
  await expect(page.locator('.verdict')).toHaveText(/^\s*failed\s*: the tests did not start\s*$/);
  // A reason is said once, and the id stands where one looks for details.
  await expect(page.getByText('Last error')).toHaveCount(0);
  await expect(page.locator('.facts')).toContainText('nightly');
  const rounds = page.getByRole('table').filter({ has: page.getByRole('columnheader', { name: 'Diagnosing' }) });
  await expect(rounds.getByRole('row')).toHaveCount(4);
  await expect(rounds.getByRole('row').nth(1)).toContainText('failed');
  const ledger = page.getByRole('table').filter({ has: page.getByRole('columnheader', { name: 'Severity' }) });
  await expect(ledger.getByRole('row').nth(1)).toContainText(/regressed.*critical.*user name in the query/);
  await expect(ledger.getByRole('row').nth(2)).toContainText(/repeated.*medium.*#1 to #3/);
  // A link leads to one event, open.
  await open(page, server.url + `/convergence/nightly?event=${marked}#event`);
  const event = page.locator('#event');
  await expect(event.getByText('the tests did not start').first()).toBeVisible();
  await expect(event.getByText('nested')).toBeVisible();
  // What is exported is every event.
  const text = await (await page.request.get(server.url + '/api/sessions/nightly/events/export?format=ndjson')).text();
  expect(text.trim().split('\n').map((line) => JSON.parse(line).event_id)).toContain(marked);
});

test('a finding is accepted with a reason', async ({ page, server }) => {
  const loop = new Loop(server, 'nightly');
  await loop.iterate(['panic'], true);
  await open(page, server.url + '/convergence/nightly');
  await page.getByText('Accept…').click();
  await page.getByLabel('Why is it acceptable').fill('input is our own');
  await page.getByRole('button', { name: 'Accept it' }).click();
  await expect(page.getByText('Accepted by local: input is our own')).toBeVisible();
  await expect(page.getByText('1 finding · 0 open')).toBeVisible();
});

test('two sessions are compared', async ({ page, server }) => {
  for (const [name, found] of [['first', ['injection', 'panic']], ['second', ['panic']]] as const) {
    const loop = new Loop(server, name);
    await loop.say('SESSION_STARTED');
    await loop.iterate([...found], true);
    await loop.say('SESSION_ENDED');
  }
  await open(page, server.url + '/convergence');
  await page.getByLabel('Compare first').check();
  await page.getByRole('button', { name: 'Compare two' }).click();
  await expect(page.getByText('Choose two sessions')).toBeVisible();
  await page.getByLabel('Compare first').check();
  await page.getByLabel('Compare second').check();
  await page.getByRole('button', { name: 'Compare two' }).click();
  await expect(page.getByRole('heading', { name: 'Two sessions compared' })).toBeVisible();
  const row = page.getByRole('row').filter({ hasText: 'user name in the query' });
  await expect(row).toContainText('never seen');
});
