import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../fixtures';

test('the program serves the licences of what it carries', async ({ request, server }) => {
  const served = await request.get(server.url + '/licenses.txt');
  expect(served.headers()['content-type']).toContain('text/plain');
  expect(await served.text()).toBe(readFileSync(join(__dirname, '../../public/licenses.txt'), 'utf8'));
});
