import { expect, open, ready, scripted, test } from '../fixtures';

test('a project is made, takes a task, and is looked at alone', async ({ page, server }) => {
  await server.create('true', { agent: 'shell', title: 'Elsewhere' });
  await open(page, server.url + '/projects');
  // With one project nobody has to choose.
  await expect(page.getByLabel('Project', { exact: true })).toHaveCount(0);
  await page.getByLabel('Name').fill('garden');
  await page.getByLabel('Title').last().fill('The garden');
  await page.getByRole('button', { name: 'Add project' }).click();
  await expect(page.getByRole('link', { name: 'The garden' })).toBeVisible();

  await open(page, server.url + '/tasks?new=1');
  const dialog = page.getByRole('dialog', { name: 'New task' });
  await dialog.getByLabel('Description').fill('true');
  await dialog.getByLabel('Title').fill('Dig');
  await dialog.getByLabel('Agent').selectOption('shell');
  await dialog.getByLabel('Project').selectOption('garden');
  await dialog.getByRole('button', { name: 'Create task' }).click();
  await expect(dialog).toBeHidden();
  await expect.poll(async () => (await server.task(2)).project).toBe('garden');

  await open(page, server.url + '/tasks');
  const rows = page.getByRole('list', { name: 'Tasks' }).getByRole('listitem').filter({ hasText: '#' });
  await expect(rows).toHaveCount(2);
  // Only what is not in the project of all tasks says where it is.
  await expect(rows.filter({ hasText: 'Dig' })).toContainText('garden');
  await expect(rows.filter({ hasText: 'Elsewhere' })).not.toContainText('default');
  await page.getByLabel('Project', { exact: true }).selectOption('garden');
  if (!(await scripted(page))) await page.getByRole('button', { name: 'Go' }).click();
  await expect(page).toHaveURL(/project=garden/);
  await ready(page);
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText('Dig');
  await open(page, server.url + '/tasks/2');
  const details = page.getByRole('region', { name: 'Details' });
  await expect(details.getByRole('link', { name: 'garden' })).toHaveAttribute('href', /project=garden/);
});

test('a project that cannot be made says why', async ({ page, server }) => {
  await open(page, server.url + '/projects');
  await page.getByLabel('Name').fill('default');
  await page.getByRole('button', { name: 'Add project' }).click();
  await expect(page.getByText(/there is a project default already/)).toBeVisible();
});
