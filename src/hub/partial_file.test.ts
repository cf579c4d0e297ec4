import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPartialFile } from './partial_file.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-partial-'));
  path = join(folder, 'x.incomplete');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** In place, and in a thread as from a disk that stalled. */
describe.each([50, 0])('a growing file, whose writes may take %i ms', (stallMs) => {
  it('is its pieces in order, hashed, over any number of runs', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 5000, size: 'max' }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 3 }), async (runs) => {
        await rm(path, { force: true });
        let given = 0;
        for (const run of runs) {
          const file = await openPartialFile(path, undefined, stallMs);
          // Its memory is used again: what is overwritten after that must not show.
          for (const piece of run.map((one) => Uint8Array.from(one))) {
            await file.append(piece, () => {
              given++;
              piece.fill(255);
            });
          }
          await file.flush();
          expect(sha256(await readFile(path))).toBe(file.sha256());
          await file.close();
        }
        expect(given).toBe(runs.flat().length);
        const whole = Buffer.concat(runs.flat());
        if (runs.length > 0) expect(whole.equals(await readFile(path))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('waits for the disk where more comes than it takes', async () => {
    const file = await openPartialFile(path, undefined, stallMs);
    let pending = 0;
    let most = 0;
    for (let i = 0; i < 40; i++) {
      pending++;
      await file.append(Buffer.alloc(2 ** 19, i), () => pending--);
      most = Math.max(most, pending);
    }
    await file.flush();
    expect([pending, most <= 9, (await stat(path)).size]).toEqual([0, true, 40 * 2 ** 19]);
    await file.close();
  });

  it('can begin anew', async () => {
    const file = await openPartialFile(path, undefined, stallMs);
    await file.append(Buffer.from('wrong'));
    await file.clear();
    expect([file.length, file.sha256()]).toEqual([0, sha256(Buffer.alloc(0))]);
    await file.append(Buffer.from('right'));
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('right');
  });
});
