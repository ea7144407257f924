import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, open, program as server, Server, test } from '../fixtures';

/** A project whose test fails until its program is mended. */
const CONFIGURATION = `
target: .
loop: {max_iterations: 5, backoff_seconds: 0.1}
steps:
  diagnose:
    tool: bash
    args: [-c, "until [ -e go ]; do sleep 0.05; done; ! grep -q 'a - b' add.sh || echo '{\\"findings\\": [{\\"type\\": \\"operator\\", \\"severity\\": \\"high\\", \\"file\\": \\"add.sh\\", \\"description\\": \\"add subtracts\\"}]}'"]
  fix: {tool: sed, args: [-i, "s/a - b/a + b/", add.sh]}
  attack: {enabled: false}
  validate: {tool: bash, args: [-c, 'test "$(bash add.sh 2 2)" = 4']}
`;

/** The real loop on the real project, in a folder of its own. */
class Loop {
  readonly folder = mkdtempSync(join(tmpdir(), 'kimi-converge-e2e-'));
  private process?: ChildProcess;

  constructor(private readonly port: number) {
    writeFileSync(join(this.folder, 'convergence.yaml'), CONFIGURATION);
  }

  start(): void {
    writeFileSync(join(this.folder, 'add.sh'), 'a=$1 b=$2\necho $((a - b))\n');
    rmSync(join(this.folder, 'go'), { force: true });
    const program = join(dirname(server()), 'kimi-converge');
    const flags = ['run', '--config', 'convergence.yaml', '--websocket', '--ws-port', String(this.port)];
    this.process = spawn(program, flags, { cwd: this.folder, stdio: 'ignore' });
  }

  /** Lets the diagnosis go on. */
  go(): void {
    writeFileSync(join(this.folder, 'go'), '');
  }

  async ended(): Promise<number | null> {
    const child = this.process!;
    if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
    return child.exitCode;
  }

  async kill(): Promise<void> {
    this.process?.kill('SIGKILL');
    if (this.process) await this.ended();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a real loop mends a real project, and the page survives its restart', async ({ page }) => {
  const port = await freePort();
  const server = new Server(undefined, ['--convergence-url', `ws://127.0.0.1:${port}`]);
  const loop = new Loop(port);
  try {
    await server.start();
    await open(page, server.url + '/convergence');
    await expect(page.getByText('not connected')).toBeVisible();
    loop.start();
    const state = page.getByRole('article').locator('[aria-current=step]');
    await expect(state).toHaveText('Diagnosing', { timeout: 20_000 });
    await expect(page.getByText('connected', { exact: true })).toBeVisible();
    // Gone without a word: its session is not shown as at work for ever, and the next one comes.
    await loop.kill();
    await expect(page.getByText('not connected')).toBeVisible({ timeout: 20_000 });
    loop.start();
    await expect(page.getByRole('article')).toHaveCount(2, { timeout: 20_000 });
    loop.go();
    expect(await loop.ended()).toBe(0);
    await expect(page.getByRole('list', { name: 'Sessions' }).getByText('converged')).toBeVisible();
    expect(readFileSync(join(loop.folder, 'add.sh'), 'utf8')).toContain('a + b');
    await page.getByRole('list', { name: 'Sessions' }).getByRole('listitem').filter({ hasText: 'converged' }).getByRole('link').click();
    await expect(page.getByRole('row').filter({ hasText: 'add subtracts' })).toContainText(/fixed.*#1/);
    await expect(page.locator('.page-head').getByText('converged', { exact: true })).toBeVisible();
    await expect(page.getByRole('listitem').filter({ hasText: 'SESSION_STARTED' })).toBeVisible();
  } finally {
    await loop.kill();
    await server.remove();
    rmSync(loop.folder, { recursive: true, force: true });
  }
});
