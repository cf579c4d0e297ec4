import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { withLock } from './lock.ts';

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-lock-'));
  lock = join(folder, '.store.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Reads a number, waits, writes it back one larger: loses counts without a lock. */
async function increment(path: string): Promise<void> {
  const before = Number(await readFile(path, 'utf8').catch(() => '0'));
  await sleep(2);
  await writeFile(path, String(before + 1));
}

describe('withLock', () => {
  it('lets one at a time through, so that no change is lost, and leaves no file', async () => {
    const counter = join(folder, 'counter');
    await Promise.all(Array.from({ length: 20 }, () => withLock(lock, () => increment(counter))));
    expect(await readFile(counter, 'utf8')).toBe('20');
    expect(await readdir(folder)).toEqual(['counter']);
  });

  it('the same work without a lock loses changes, so the test above can fail', async () => {
    const counter = join(folder, 'counter');
    await Promise.all(Array.from({ length: 20 }, () => increment(counter)));
    expect(Number(await readFile(counter, 'utf8'))).toBeLessThan(20);
  });

  it('returns what the work returns, passes its error through, and frees the lock either way', async () => {
    expect(await withLock(lock, async () => 7)).toBe(7);
    await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over from a process that died, by many waiters at once, however late some of them come', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    for (let round = 1; round <= runs(5); round++) {
      await writeFile(lock, JSON.stringify({ pid, host: hostname(), turn: `dead-${round}` }));
      const counter = join(folder, 'counter');
      await writeFile(counter, '0');
      await Promise.all(Array.from({ length: 12 }, () => withLock(lock, () => increment(counter))));
      expect(await readFile(counter, 'utf8'), `round ${round}`).toBe('12');
    }
    expect(await readdir(folder)).toEqual(['counter']);
  });

  it.each([1, 2])(
    'takes over where %i of those who were taking over died too, and leaves no file',
    async (deaths) => {
      const { pid } = spawnSync(process.execPath, ['-e', '']);
      const names = Array.from({ length: deaths + 1 }, (_, death) => `${lock}${'.dead.lock'.repeat(death)}`);
      for (const name of names) {
        await writeFile(name, JSON.stringify({ pid, host: hostname(), turn: `dead-${name}` }));
      }
      const counter = join(folder, 'counter');
      const waiters = Array.from({ length: 12 }, () =>
        withLock(lock, () => increment(counter), { maxWaitMs: 20_000 }),
      );
      await Promise.all(waiters);
      expect(await readFile(counter, 'utf8')).toBe('12');
      expect(await readdir(folder)).toEqual(['counter']);
    },
  );

  it('waits for a live process, and leaves its lock alone when told to stop', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 30000)']);
    await writeFile(lock, JSON.stringify({ pid: child.pid, host: hostname(), turn: 'live' }));
    const controller = new AbortController();
    const waiting = withLock(lock, async () => 'entered', { signal: controller.signal });
    await sleep(150);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ kind: 'interrupted' });
    expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ pid: child.pid });
    child.kill('SIGKILL');
  });
});
