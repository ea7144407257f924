import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, open, ready, scripted, test } from '../fixtures';

test('a task typed into the page runs a real program and shows what it printed', async ({ page, server }) => {
  const texts = join(server.folder, 'texts');
  mkdirSync(texts);
  writeFileSync(join(texts, 'one.txt'), 'a b c');
  writeFileSync(join(texts, 'two.txt'), 'd e');
  await open(page, server.url + '/?new=1');
  const dialog = page.getByRole('dialog', { name: 'New task' });
  await dialog.getByLabel('Description').fill(texts);
  await dialog.getByLabel('Title').fill('Count words');
  await dialog.getByLabel('Agent').selectOption('words');
  await dialog.getByLabel('Labels').fill('counting, texts');
  await dialog.getByRole('button', { name: 'Create task' }).click();
  await expect(dialog).toBeHidden();
  await expect.poll(async () => (await server.task(1)).status).toBe('completed');

  await open(page, server.url + '/tasks/1');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/#1 Count words/);
  await expect(page.getByRole('log')).toContainText('counted one.txt');
  await expect(page.getByRole('log')).toContainText('counted two.txt');
  await expect(page.getByText('counting', { exact: true })).toBeVisible();
});

test('cancel really ends the process', async ({ page, server }) => {
  const { number } = await server.create('echo pid $$; exec sleep 1000', { agent: 'shell', title: 'Endless' });
  let pid = '';
  await expect.poll(async () => {
    const entries = await server.request('GET', `/api/tasks/${number}/logs`);
    pid = entries[0]?.message.match(/^pid (\d+)$/)?.[1] ?? '';
    return pid;
  }).not.toBe('');
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  await open(page, server.url + '/');
  await page.getByRole('button', { name: /Cancel.*#1|Cancel/ }).first().click();
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
  await expect.poll(async () => (await server.task(number)).status).toBe('cancelled');
  await open(page, server.url + `/tasks/${number}`);
  await expect(page.getByText('cancelled').first()).toBeVisible();
});

test('a failed task says why and is retried with another description', async ({ page, server }) => {
  const { number } = await server.create('echo broken >&2; exit 3', { agent: 'shell' });
  await expect.poll(async () => (await server.task(number)).status).toBe('failed');
  await open(page, server.url + `/tasks/${number}`);
  await expect(page.getByRole('region', { name: 'Error' })).toContainText('status 3');
  await page.getByText('Retry with changes').click();
  await page.getByLabel('Description of the new attempt').fill('echo mended');
  await page.getByRole('button', { name: 'Retry with this description' }).click();
  await expect.poll(async () => (await server.task(2)).status).toBe('completed');
  // The new task is where one is taken.
  await expect(page).toHaveURL(/\/tasks\/2$/);
  const again = await server.task(2);
  expect(again.description).toBe('echo mended');
  expect(again.retry_of).toBe((await server.task(1)).id);
  await open(page, server.url + '/tasks/2');
  await expect(page.getByRole('log')).toContainText('mended');
});

test('a task that needs input gets the answer', async ({ page, server }) => {
  const script = 'fake:\nask Which colour?\nresult painted';
  const { number } = await server.create(script, { agent: 'actor', title: 'Paint' });
  await expect.poll(async () => (await server.task(number)).status).toBe('needs_input');
  await open(page, server.url + '/');
  await expect(page.getByRole('listitem').filter({ hasText: 'Paint' }).first()).toContainText('Which colour?');
  await open(page, server.url + `/tasks/${number}`);
  await expect(page.getByRole('log')).toContainText('actor asks: Which colour?');
  await page.getByLabel('Your answer').fill('green');
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  await expect.poll(async () => (await server.task(number)).status).toBe('completed');
  await open(page, server.url + `/tasks/${number}`);
  await expect(page.getByRole('log')).toContainText('green');
});

test('a question with options is answered with one of them', async ({ page, server }) => {
  const asks = 'echo \'{"question": {"text": "Which folder?", "options": ["src", "docs"]}}\'; read -r line; echo "got $line"';
  await server.create(asks, { agent: 'asker', title: 'Ask' });
  await expect.poll(async () => (await server.task(1)).status).toBe('needs_input');
  await open(page, server.url + '/tasks/1');
  await expect(page.getByRole('button', { name: 'src', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'docs', exact: true }).click();
  await expect.poll(async () => (await server.task(1)).status).toBe('completed');
  await open(page, server.url + '/tasks/1');
  await expect(page.getByRole('log')).toContainText('"option":"docs"');
});

test('every page and its title say how many questions wait', async ({ page, server }) => {
  const asks = 'echo \'{"question": "Which folder?"}\'; read -r line';
  await open(page, server.url + '/agents');
  await expect(page).toHaveTitle('Agents · Kimi Dashboard');
  const navigation = page.getByRole('navigation', { name: 'Main' });
  const link = navigation.getByRole('link', { name: 'Questions' });
  await expect(navigation.getByRole('link', { name: 'Agents' })).toBeVisible();
  await expect(link).toHaveCount(0);
  await server.create(asks, { agent: 'asker', title: 'Ask' });
  await expect.poll(async () => (await server.task(1)).status).toBe('needs_input');
  if (!(await scripted(page))) await open(page, server.url + '/agents');
  await expect(link).toHaveAccessibleName('Questions 1');
  await expect(link).toHaveAttribute('title', '1 question waits for an answer');
  await expect(page).toHaveTitle('(1) Agents · Kimi Dashboard');
  await link.click();
  await ready(page);
  await expect(page).toHaveTitle('(1) Tasks · Kimi Dashboard');
  await expect(page.getByRole('list', { name: 'Tasks' }).getByRole('link', { name: /Ask/ })).toHaveCount(1);
  await page.getByRole('list', { name: 'Tasks' }).getByRole('link', { name: /Ask/ }).click();
  await page.getByRole('textbox', { name: 'Your answer' }).fill('src');
  await page.getByRole('button', { name: 'Answer' }).click();
  await expect(link).toHaveCount(0);
  await expect(page).toHaveTitle('#1 Ask · Kimi Dashboard');
});

test('a waiting task says why, and "Start now" puts it first', async ({ page, server }) => {
  await server.create('fake:\nhang', { agent: 'actor', title: 'Holder' });
  await expect.poll(async () => (await server.task(1)).status).toBe('running');
  await server.create('fake:\nresult 1', { agent: 'actor', title: 'Second' });
  await server.create('fake:\nresult 2', { agent: 'actor', title: 'Third' });
  await open(page, server.url + '/?status=pending');
  const third = page.getByRole('listitem').filter({ hasText: 'Third' });
  await expect(third).toContainText('Actor is busy with #1');
  await expect(third).toContainText('2nd in queue');
  await third.getByRole('button', { name: /Start now/ }).click();
  await expect.poll(async () => (await server.task(3)).queue_position).toBe(1);
  if (!(await scripted(page))) await open(page, server.url + '/?status=pending');
  await expect(page.getByRole('listitem').filter({ hasText: 'Third' })).toContainText('1st in queue');
});

test('search, filters and pages live in the address', async ({ page, server }) => {
  for (const name of ['red apple', 'green apple', 'green pear']) {
    await server.create('true', { agent: 'shell', title: name, labels: [name.split(' ')[1]] });
  }
  await open(page, server.url + '/?q=apple');
  const rows = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem').filter({ hasText: '#' });
  await expect(rows).toHaveCount(2);
  await open(page, server.url + '/?q=apple&label=pear');
  await expect(page.getByText('No task matches')).toBeVisible();
  await page.getByRole('link', { name: 'Show all tasks' }).click();
  await ready(page);
  await expect(rows).toHaveCount(3);
});

test('errors are said in the words of the server', async ({ page, server }) => {
  await open(page, server.url + '/?new=1');
  const dialog = page.getByRole('dialog', { name: 'New task' });
  await dialog.getByLabel('Description').fill('true');
  await dialog.getByLabel('Labels').fill('a "quoted" label');
  await dialog.getByRole('button', { name: 'Create task' }).click();
  await expect(dialog.getByText(/labels: at most 20 labels/)).toBeVisible();
  // What was typed is still there, with and without JavaScript.
  await expect(dialog.getByLabel('Description')).toHaveValue('true');
  await expect(dialog.getByLabel('Labels')).toHaveValue('a "quoted" label');
  expect(page.url()).not.toContain('__err');
  expect(await server.request('GET', '/api/tasks')).toEqual([]);
});

test('what does not exist says so', async ({ page, server }) => {
  const response = await page.goto(server.url + '/nowhere');
  expect(response?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not found');
  await expect(page.getByText('There is no such page')).toBeVisible();
  const missing = await page.goto(server.url + '/tasks/99');
  expect(missing?.status()).toBe(404);
  await ready(page);
  await expect(page.getByText('there is no task #99')).toBeVisible();
});
