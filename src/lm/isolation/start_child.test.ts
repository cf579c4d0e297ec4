import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fixture } from '../../../test/support/isolated_models.ts';
import { untilGone } from '../../../test/support/processes.ts';

const BUILT = new URL('../../../dist/lm/isolation/open_isolated_model.js', import.meta.url).href;

interface Caller {
  readonly child: ChildProcess;
  /** Of its model. */
  readonly pid: () => Promise<number>;
  /** Exit code or signal, a colon, and what it wrote. */
  readonly ended: Promise<string>;
}

describe.skipIf(process.platform === 'win32')('the process that asked', () => {
  /** Runs JavaScript that opens a model as `model` in a process of its own. */
  function caller(script: string, shell = ':'): Caller {
    const code = `
      import { openIsolatedModel } from ${JSON.stringify(BUILT)};
      const folder = ${JSON.stringify(fixture('gpt2'))};
      const model = await openIsolatedModel(folder, { maxTokensAtOnce: 1e9 });
      // One run of about eight seconds, in which the process sees nothing else.
      const long = { tokens: Array.from({ length: 40000 }, () => new Uint8Array(30).fill(1)), logits: 'none' };
      console.log(model.pid);
      ${script}`;
    const words = [process.execPath, '--input-type=module', '-e', code];
    const child = spawn('sh', ['-c', `${shell}; exec "$0" "$@"`, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (out += String(data)));
    const ended = new Promise<string>((resolve) =>
      child.on('close', (exit, signal) => resolve(`${exit ?? signal}:${out}`)),
    );
    const pid = async (): Promise<number> => {
      while (!out.includes('\n')) await sleep(10);
      return Number.parseInt(out, 10);
    };
    return { child, ended, pid };
  }

  test('may end without closing', async () => {
    const { pid, ended } = caller('');
    expect(await ended).toBe(`0:${await pid()}\n`);
    await untilGone(await pid());
  });

  test('may exit or fail in the middle of a run', async () => {
    const script =
      'model.forward(long).catch(() => {}); setTimeout(() => { throw new Error("mine"); }, 300);';
    const { pid, ended } = caller(script);
    expect(await ended).toMatch(/^1:[\s\S]*mine/);
    await untilGone(await pid());
  });

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'takes it along when it dies in a run (%s)',
    async (signal) => {
      const { child, ended, pid } = caller('await model.forward(long);');
      const model = await pid();
      await sleep(300);
      child.kill(signal);
      expect(await ended).toMatch(new RegExp(`^${signal}:`));
      await untilGone(model);
    },
  );

  test('hears it when there is no room for another process', async () => {
    const { ended } = caller(
      `
      const { openSync } = await import('node:fs');
      try { for (;;) openSync('/dev/null'); } catch {}
      await openIsolatedModel(folder).catch(({ kind, message, hint }) => console.log(kind, message, hint));
      console.log((await model.forward({ tokens: [[1]] })).logits.shape[0]);`,
      'ulimit -n 100',
    );
    expect(await ended).toMatch(
      /^0:\d+\nresource the process of the model cannot be started \(.*EMFILE.*\) close other programs, .*\n1\n$/,
    );
  });

  test('waits for a call that it awaits', async () => {
    const { ended } = caller('console.log((await model.forward({ tokens: [[1]] })).logits.shape[0]);');
    expect(await ended).toMatch(/^0:\d+\n1\n$/);
  });
});
