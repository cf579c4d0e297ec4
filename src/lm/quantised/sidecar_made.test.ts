import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../../../test/support/failure_of.ts';
import {
  blocksOf,
  largeMatrices,
  makeSidecarPlace,
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

describe('when it is made', () => {
  test('once; progress goes from nothing to all', async () => {
    const cacheDir = await fresh();
    const seen: number[] = [];
    const onProgress = (fraction: number): void => void seen.push(fraction);
    const first = await openOf(model, cacheDir, { onProgress, pieceWeights: SMALL_PIECES });
    expect(first.made).toEqual({ made: 512, kept: 0 });
    expect(seen.length).toBeGreaterThan(512);
    expect(seen.every((fraction, i) => fraction > (seen[i - 1] ?? 0) && fraction <= 1)).toBe(true);
    expect(seen.at(-1)).toBe(1);
    seen.length = 0;
    const past = new Date(Date.now() - 60_000);
    await utimes(model.path, past, past);
    await openOf(model, cacheDir, { onProgress });
    expect(seen.at(-1)).toBeLessThan(1);
    seen.length = 0;
    const again = await openOf(model, cacheDir, { onProgress });
    expect([again.path, again.made, seen]).toEqual([first.path, undefined, []]);
    const q4 = await openOf(model, cacheDir, { bits: 4 });
    expect([q4.path, q4.made?.made]).toEqual([first.path.replace('q8.', 'q4.'), 2]);
  });

  test('the same weights elsewhere share it; a changed weight, shape or layout gets another', async () => {
    const cacheDir = await fresh();
    const first = await openOf(model, cacheDir);
    const copy = await writeMatrices(await fresh(), largeMatrices());
    expect((await openOf(copy, cacheDir)).path).toBe(first.path);
    const [a, b] = largeMatrices();
    (a!.data as Float32Array)[7] = 0.25;
    const changed = await writeMatrices(await fresh(), [a!, b!]);
    const other = await openOf(changed, cacheDir);
    expect(other.path).not.toBe(first.path);
    const { scales } = await blocksOf(other, 'a');
    expect(scales[0]).toBe(Math.fround(0.25 / 127));
    const [, kept] = model.matrices;
    const turned = [model.matrices[0]!, { ...kept!, layout: 'out-in' as const }];
    expect((await openOf({ ...model, matrices: turned }, cacheDir)).path).not.toBe(first.path);
    expect((await openOf({ ...model, matrices: [kept!] }, cacheDir)).path).not.toBe(first.path);
  });

  test('a file changed in place, its length and time kept, is noticed', async () => {
    const file = await writeMatrices(await fresh(), largeMatrices());
    const past = new Date(Date.now() - 60_000);
    await utimes(file.path, past, past);
    const cacheDir = await fresh();
    const first = await openOf(file, cacheDir);
    expect(await readdir(join(cacheDir, 'quantised', '.hashes'))).toHaveLength(1);
    const bytes = await readFile(file.path);
    bytes.writeFloatLE(0.75, bytes.length - 4);
    await writeFile(file.path, bytes);
    await utimes(file.path, past, past);
    expect((await openOf(file, cacheDir)).path).not.toBe(first.path);
  });

  test('a blob of the Hugging Face cache names its own hash; a remembered hash that is damaged is not used', async () => {
    const folder = await fresh();
    const hash = 'ab'.repeat(32);
    await mkdir(join(folder, 'blobs'));
    await mkdir(join(folder, 'snapshots'));
    await copyFile(model.path, join(folder, 'blobs', hash));
    await symlink(join('..', 'blobs', hash), join(folder, 'snapshots', 'model.safetensors'));
    const { openWeights } = await import('../weights.ts');
    const weights = await openWeights(join(folder, 'snapshots'));
    const matrices = model.matrices.map((matrix) => ({
      ...matrix,
      tensor: weights.tensor(matrix.name, matrix.tensor.dims),
    }));
    await weights.close();
    const cacheDir = await fresh();
    const seen: number[] = [];
    const blob = await openOf({ ...model, matrices }, cacheDir, { onProgress: (share) => seen.push(share) });
    // Nothing was read for a hash: two pieces, two steps.
    expect(seen).toEqual([0.5, 1]);
    expect((await openOf(model, cacheDir)).path).not.toBe(blob.path);
    const past = new Date(Date.now() - 60_000);
    await utimes(model.path, past, past);
    const own = (await openOf(model, cacheDir)).path;
    const hashes = join(cacheDir, 'quantised', '.hashes');
    const [name] = await readdir(hashes);
    for (const text of ['', '{', '[]', 'null', '{"sha256":3}']) {
      await writeFile(join(hashes, name!), text);
      expect((await openOf(model, cacheDir)).path).toBe(own);
    }
  });

  test('cut, lengthened, of another header, or a folder: made again, or said', async () => {
    const cacheDir = await fresh();
    const { path } = await openOf(model, cacheDir);
    const whole = await readFile(path);
    const damage: (() => Promise<void>)[] = [
      () => truncate(path, whole.length - 1),
      () => truncate(path, 3),
      () => writeFile(path, ''),
      () => writeFile(path, Buffer.concat([whole, Buffer.from([0])])),
      () => writeFile(path, Buffer.concat([whole.subarray(0, 40), Buffer.from('x'), whole.subarray(41)])),
    ];
    for (const spoil of damage) {
      await spoil();
      expect((await openOf(model, cacheDir)).made).toEqual({ made: 2, kept: 0 });
      expect((await readFile(path)).equals(whole)).toBe(true);
    }
    await rm(path);
    await mkdir(path);
    expect(await failureOf(openOf(model, cacheDir))).toMatchObject({
      kind: 'resource',
      message: expect.stringContaining('quantised weights cannot be kept there'),
    });
  });

  test('weights with NaN or an infinity are refused by name', async () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const [a, b] = largeMatrices();
      (b!.data as Float32Array)[2 ** 18 - 1] = value;
      const file = await writeMatrices(await fresh(), [a!, b!]);
      expect(await failureOf(openOf(file, await fresh()))).toMatchObject({
        kind: 'format',
        message: 'model.safetensors: b holds NaN or infinite values',
      });
    }
  });
});
