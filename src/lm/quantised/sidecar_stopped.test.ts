import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../../../test/support/failure_of.ts';
import {
  largeMatrices,
  makeSidecarPlace,
  openInChild,
  openOf,
  type SidecarPlace,
  SMALL_PIECES,
} from '../../../test/support/sidecars.ts';
import { type MatrixFile, writeMatrices } from '../../../test/support/stored_matrices.ts';

let place: SidecarPlace;
let model: MatrixFile;
const fresh = (): Promise<string> => place.fresh();
beforeAll(async () => {
  place = await makeSidecarPlace();
  model = place.model;
});
afterAll(() => place.remove());

describe('killed, stopped, and side by side', () => {
  test('a run that was killed is gone on with: only the rest is made, and the bytes are the same', async () => {
    const whole = await readFile((await openOf(model, await fresh())).path);
    const cacheDir = await fresh();
    expect(await openInChild(model, cacheDir, 0.6)).toEqual({ code: null, out: '' });
    const [key] = (await readdir(join(cacheDir, 'quantised'))).filter((name) => !name.startsWith('.'));
    const folder = join(cacheDir, 'quantised', key!);
    const lines = (await readFile(join(folder, 'q8.safetensors.journal'), 'utf8')).split('\n').length - 2;
    expect(lines).toBeGreaterThan(100);
    const { made, path } = await openOf(model, cacheDir, { pieceWeights: SMALL_PIECES });
    expect(made).toEqual({ made: 512 - lines, kept: lines });
    expect(made!.made).toBeGreaterThan(50);
    expect((await readFile(path)).equals(whole)).toBe(true);
    expect(await readdir(folder)).toEqual(['q8.safetensors']);
  });

  test('finished pieces that were damaged meanwhile are made again; a line that was cut does not count', async () => {
    const whole = await readFile((await openOf(model, await fresh())).path);
    const cacheDir = await fresh();
    await openInChild(model, cacheDir, 0.6);
    const [key] = (await readdir(join(cacheDir, 'quantised'))).filter((name) => !name.startsWith('.'));
    const partial = join(cacheDir, 'quantised', key!, 'q8.safetensors.partial');
    const journal = partial.replace('.partial', '.journal');
    const text = await readFile(journal, 'utf8');
    const lines = text.trimEnd().split('\n');
    await writeFile(journal, text.slice(0, -1));
    // Piece 3 of `a`, whose blocks follow all scales: the last half of the file is quants.
    const finished = new Set(lines.slice(1, -1).map((line) => Number(line.split(' ')[0])));
    expect(finished.has(3)).toBe(true);
    const bytes = await readFile(partial);
    const at = whole.length - 2 ** 19 + 3 * SMALL_PIECES + 5;
    bytes[at] = bytes[at]! ^ 1;
    await writeFile(partial, bytes);
    const { made, path } = await openOf(model, cacheDir, { pieceWeights: SMALL_PIECES });
    expect(made!.kept).toBe(lines.length - 3);
    expect((await readFile(path)).equals(whole)).toBe(true);
  });

  test('what an earlier run finished counts only where the file it came from is unchanged', async () => {
    const file = await writeMatrices(await fresh(), largeMatrices());
    const cacheDir = await fresh();
    await openInChild(file, cacheDir, 0.6);
    await utimes(file.path, new Date(), new Date());
    const { made } = await openOf(file, cacheDir, { pieceWeights: SMALL_PIECES });
    expect(made).toEqual({ made: 512, kept: 0 });
  });

  test('a stop keeps what is finished', async () => {
    const cacheDir = await fresh();
    const controller = new AbortController();
    const error = await failureOf(
      openOf(model, cacheDir, {
        pieceWeights: SMALL_PIECES,
        signal: controller.signal,
        onProgress: (fraction) => {
          if (fraction > 0.6) controller.abort();
        },
      }),
    );
    expect(error).toMatchObject({ kind: 'interrupted', hint: expect.stringContaining('goes on from there') });
    const { made } = await openOf(model, cacheDir, { pieceWeights: SMALL_PIECES });
    expect(made!.kept).toBeGreaterThan(100);
    expect(made!.made + made!.kept).toBe(512);
    const aborted = await failureOf(openOf(model, await fresh(), { signal: AbortSignal.abort() }));
    expect(aborted.kind).toBe('interrupted');
  });

  test('of two processes and this one, one makes it and all get it', async () => {
    const cacheDir = await fresh();
    const [own, ...others] = await Promise.all([
      openOf(model, cacheDir, { pieceWeights: SMALL_PIECES }),
      openInChild(model, cacheDir),
      openInChild(model, cacheDir),
    ]);
    expect(others.map(({ code }) => code)).toEqual([0, 0]);
    const makers = [JSON.stringify(own.made ?? null), ...others.map(({ out }) => out)];
    expect(makers.filter((made) => made !== 'null')).toEqual(['{"made":512,"kept":0}']);
    expect(await readdir(join(own.path, '..'))).toEqual(['q8.safetensors']);
  });
});
