import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { isRunning } from './running_process.ts';

it('this process runs, one that was killed and collected does not', async () => {
  expect(isRunning(process.pid)).toBe(true);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  expect(isRunning(child.pid!)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isRunning(child.pid!)).toBe(false);
});

it.skipIf(process.platform !== 'linux')(
  'one that has ended, whose parent never asks, does not run (Linux alone tells)',
  async () => {
    // The shell becomes a program that knows nothing of the child it had.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60']);
    try {
      const [text] = (await once(parent.stdout, 'data')) as [Buffer];
      const child = Number(text.toString());
      while (!readFileSync(`/proc/${child}/stat`, 'latin1').includes(') Z ')) await sleep(10);
      expect(() => process.kill(child, 0)).not.toThrow();
      expect(isRunning(child)).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  },
);
