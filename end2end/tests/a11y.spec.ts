import { createRequire } from 'node:module';
import { expect, open, test } from '../fixtures';
import { Loop } from '../fixtures/loop';

const axe = createRequire(__filename).resolve('axe-core/axe.min.js');

for (const theme of ['dark', 'light']) {
  test(`axe finds nothing serious (${theme})`, async ({ browser, server }, info) => {
    await server.create('echo hello; exit 3', { agent: 'shell', title: 'Fails', priority: 'high', labels: ['one'] });
    await server.create('fake:\nask Which?\n', { agent: 'actor', title: 'Asks' });
    await server.create('fake:\nresult 1', { agent: 'actor', title: 'Waits' });
    await server.create("printf '\\033[32mgreen\\033[0m\\n'; sleep 1000", { agent: 'shell', title: 'Runs' });
    await expect.poll(async () => (await server.task(1)).status).toBe('failed');
    await expect.poll(async () => (await server.task(4)).status).toBe('running');
    const loop = new Loop(server, 'payments');
    await loop.iterate(['injection', 'panic'], false);
    await loop.iterate(['panic'], true);
    await loop.begin('fix');
    // The policy of the pages forbids foreign scripts; axe is one.
    const context = await browser.newContext({ bypassCSP: true, viewport: info.project.use.viewport });
    const page = await context.newPage();
    await page.addInitScript((theme) => localStorage.setItem('theme', theme), theme);
    for (const path of ['/', '/?status=pending', '/?new=1', '/tasks/1', '/tasks/2', '/tasks/4', '/agents', '/agents/shell', '/convergence', '/convergence/payments', '/nowhere']) {
      await open(page, server.url + path);
      await page.addScriptTag({ path: axe });
      const violations = await page.evaluate(async () => {
        const found = await (window as any).axe.run();
        return found.violations
          .filter((it: any) => ['serious', 'critical'].includes(it.impact))
          .map((it: any) => `${it.id}: ${it.nodes.map((node: any) => node.target.join(' ')).join(', ')}`);
      });
      expect(violations, path).toEqual([]);
    }
    await context.close();
  });
}
