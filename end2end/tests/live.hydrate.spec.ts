import { expect, open, ready, test } from '../fixtures';

test('a task created in one browser is seen live in a second', async ({ browser, page, server }) => {
  const other = await (await browser.newContext()).newPage();
  await open(other, server.url + '/');
  await expect(other.getByText('live', { exact: true })).toBeVisible();
  await open(page, server.url + '/');
  await page.keyboard.press('n');
  const dialog = page.getByRole('dialog', { name: 'New task' });
  await dialog.getByLabel('Description').fill('for i in 1 2 3 4 5 6 7 8 9; do echo "::progress 0.$i step $i"; sleep 0.2; done');
  await dialog.getByLabel('Title').fill('Nine steps');
  await dialog.getByLabel('Agent').selectOption('shell');
  await page.keyboard.press('Control+Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByText(/Created/).first()).toBeVisible();
  const row = other.getByRole('listitem').filter({ hasText: 'Nine steps' });
  await expect(row).toBeVisible();
  await expect(row).toContainText('completed');
});

test('lines and progress arrive without a reload', async ({ page, server }) => {
  const go = `${server.folder}/go`;
  const { number } = await server.create(
    `echo first; echo "::progress 0.25 quarter"; until [ -e ${go} ]; do sleep 0.05; done; echo second; echo "::progress 0.75"; until [ -e ${go}2 ]; do sleep 0.05; done; printf '\\033[31mred\\033[0m\\n'`,
    { agent: 'shell' },
  );
  await open(page, server.url + `/tasks/${number}`);
  const log = page.getByRole('log');
  await expect(log).toContainText('first');
  await expect(page.getByText('25%').first()).toBeVisible();
  await expect(log).not.toContainText('second');
  await server.create(`touch ${go}`, { agent: 'shell' });
  await expect(log).toContainText('second');
  await expect(page.getByText('75%').first()).toBeVisible();
  await server.create(`touch ${go}2`, { agent: 'shell' });
  await expect(log).toContainText('red');
  await expect(log).not.toContainText('\u001b');
  await expect(page.getByText('completed').first()).toBeVisible();
});

test('a restart of the server ends in a live page with nothing missing', async ({ page, server }) => {
  await server.create('sleep 1000', { agent: 'shell', title: 'Cut short' });
  await server.create('fake:\nhang', { agent: 'actor', title: 'Holder' });
  await server.create('fake:\nresult 1', { agent: 'actor', title: 'In line' });
  await open(page, server.url + '/');
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: 'Cut short' })).toContainText('running');
  await server.restart();
  await server.create('echo after', { agent: 'shell', title: 'After the restart' });
  await expect(page.getByText('live', { exact: true })).toBeVisible({ timeout: 20_000 });
  const cut = page.getByRole('listitem').filter({ hasText: 'Cut short' });
  await expect(cut).toContainText('failed');
  await expect(cut).toContainText('the server stopped');
  await expect(page.getByRole('listitem').filter({ hasText: 'In line' })).toContainText('completed');
  await expect(page.getByRole('listitem').filter({ hasText: 'After the restart' })).toContainText('completed');
});

test('a page that cannot be read again is not called live, and catches up by itself', async ({ page, server }) => {
  const { number } = await server.create('outside work', { title: 'Before', status: 'running', agent: 'outside' });
  for (const path of ['/', `/tasks/${number}`, '/agents/shell', '/projects', '/convergence']) {
    await open(page, server.url + path);
    const live = page.getByText('live', { exact: true });
    await expect(live).toBeVisible();

    await page.route('**/rpc/**', (route) => route.abort('connectionrefused'));
    await server.restart();
    const stale = page.getByTitle('What you see may be old: it cannot be read now. Trying again by itself.');
    await expect(stale).toContainText('stale', { timeout: 30_000 });
    await server.request('PATCH', `/api/tasks/${number}`, { title: `Seen on ${path}` });
    await expect(stale).toBeVisible();

    await page.unroute('**/rpc/**');
    await expect(live).toBeVisible();
    if (/^.(tasks|$)/.test(path)) await expect(page.getByText(`Seen on ${path}`).first()).toBeVisible();
  }
});

test('the next page of the list that cannot be had is said, and can be asked for again', async ({ page, server }) => {
  for (let n = 0; n < 60; n += 1) await server.create(`work ${n}`, { status: 'running', agent: 'outside' });
  await open(page, server.url + '/');
  const rows = page.getByRole('listitem').filter({ hasText: /work \d+/ }).filter({ hasText: 'running' });
  await expect(rows.first()).toBeVisible();
  const shown = await rows.count();
  expect(shown).toBeLessThan(60);
  const more = page.getByRole('link', { name: 'Load more' });
  await page.route('**/rpc/**', (route) => route.abort('connectionrefused'));
  await more.click();
  await expect(page.getByRole('status', { name: 'Notices' })).toContainText('did not answer');
  await page.unroute('**/rpc/**');
  await more.click();
  await expect(rows).toHaveCount(60);
});

test('following the log pauses when one scrolls up, and counts what is new', async ({ page, server }) => {
  const go = `${server.folder}/go`;
  const { number } = await server.create(
    `seq 1 400; until [ -e ${go} ]; do sleep 0.05; done; seq 401 440; sleep 1000`,
    { agent: 'shell' },
  );
  await open(page, server.url + `/tasks/${number}`);
  const log = page.getByRole('log');
  await expect(log).toContainText('400');
  await log.hover();
  await page.mouse.wheel(0, -2000);
  await server.create(`touch ${go}`, { agent: 'shell' });
  await page.getByRole('button', { name: /new lines/ }).click();
  await expect(log).toContainText('440');
});

test('everything is reached with the keyboard', async ({ page, server }) => {
  await server.create('true', { agent: 'shell', title: 'Only one' });
  await open(page, server.url + '/');
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await expect(page).toHaveURL(/\/agents$/);
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await expect(page).toHaveURL(/\/(tasks)?$/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog').filter({ hasText: 'Keyboard' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type('only');
  await expect(page).toHaveURL(/q=only/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/tasks\/1/);
});

test('a page left while its socket closes says nothing into it', async ({ page, server }) => {
  const { number } = await server.create('true', { agent: 'shell' });
  await page.addInitScript(() => {
    const open: WebSocket[] = ((window as any).sockets = []);
    class Slow extends WebSocket {
      constructor(url: string) {
        super(url);
        open.push(this);
        this.addEventListener('close', (event) => event.stopImmediatePropagation());
      }
    }
    window.WebSocket = Slow;
  });
  await open(page, server.url + `/tasks/${number}`);
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  await server.stop('SIGKILL');
  await page.waitForFunction(() => (window as any).sockets[0].readyState === WebSocket.CLOSED);
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await expect(page).toHaveURL(/\/(tasks)?$/);
});

test('the theme is kept and does not flash', async ({ page, server }) => {
  await open(page, server.url + '/');
  await page.evaluate(() => localStorage.setItem('theme', 'dark'));
  // What is painted before the program runs is what would flash: it comes when that was seen.
  let come = () => {};
  const held = new Promise<void>((resolve) => (come = resolve));
  await page.route('**/*.wasm', async (route) => {
    await held;
    await route.continue();
  });
  await page.addInitScript(() => {
    const frames: string[] = ((window as any).frames_seen = []);
    const look = () => {
      if (document.body) frames.push(document.documentElement.dataset.theme ?? 'none');
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const frames = () => page.evaluate(() => (window as any).frames_seen as string[]);
  await page.goto(server.url + '/agents', { waitUntil: 'commit' });
  await expect.poll(async () => (await frames()).length).toBeGreaterThan(5);
  come();
  await ready(page);
  expect([...new Set(await frames())]).toEqual(['dark']);
});

test('what is typed as an answer stays while anything else of the task changes', async ({ page, server }) => {
  const { number } = await server.create('asks', { status: 'running', agent: 'outside', title: 'Asking' });
  const change = (what: object) => server.request('PATCH', `/api/tasks/${number}`, what);
  await change({ status: 'needs_input', question: { text: 'Which one?', options: ['this', 'that'] } });
  await open(page, server.url + `/tasks/${number}`);
  await expect(page.getByText('live', { exact: true })).toBeVisible();
  const answer = page.getByLabel('Your answer');
  await answer.fill('neither');
  await change({ title: 'Still asking', labels: ['patient'] });
  await expect(page.getByRole('heading', { name: /Still asking/ })).toBeVisible();
  await expect(page.getByText('patient').first()).toBeVisible();
  await expect(answer).toHaveValue('neither');
});

test('the numbers of projects are those of now, and what is typed there stays', async ({ page, server }) => {
  await open(page, server.url + '/projects');
  const project = page.getByRole('listitem').filter({ hasText: 'default' });
  await expect(project).toContainText('0 tasks, 0 open');
  await project.getByText('Edit default').click();
  await project.getByLabel('Title').fill('Half a ti');
  await server.create('outside work', { status: 'running', agent: 'outside' });
  await expect(project).toContainText('1 task, 1 open', { timeout: 10_000 });
  await expect(project.getByLabel('Title')).toHaveValue('Half a ti');
});
