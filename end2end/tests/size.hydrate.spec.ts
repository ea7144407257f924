import { expect, isRelease, open, test } from '../fixtures';

test('the first load is at most 280 kB of program', async ({ page, server }) => {
  test.skip(!isRelease, 'only what `make build` makes is small');
  const sizes = new Map<string, number>();
  page.on('response', (response) => {
    const kind = response.headers()['content-type'] ?? '';
    if (/wasm|javascript/.test(kind)) {
      expect(response.headers()['content-encoding']).toBe('br');
      sizes.set(response.url(), Number(response.headers()['content-length']));
    }
  });
  await open(page, server.url + '/');
  // The program, its glue, and what loads the chunks.
  expect(sizes.size).toBe(3);
  const sum = [...sizes.values()].reduce((all, size) => all + size, 0);
  expect(sum).toBeGreaterThan(100_000);
  expect(sum).toBeLessThanOrEqual(280_000);
});
