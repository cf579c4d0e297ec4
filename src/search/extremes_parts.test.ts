import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { between, everyPair, firstOf, within } from '../../test/support/every_pair.ts';
import { bytesOf, makeRows, makeWholeNumbers } from '../../test/support/search_rows.ts';
import { AntipodeError } from '../errors.ts';
import { allocateMatrix, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { searchByColumns } from './by_columns.ts';
import { extremes, extremesBetween } from './extremes.ts';
import { type FoundPairs, type FoundSoFar, joinFound } from './found.ts';
import { openRowFile, type RowFile } from './row_file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-parts-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function inFile(name: string, matrix: FeatureMatrix, before = 128): Promise<RowFile> {
  const path = join(folder, name);
  await writeFile(path, [new Uint8Array(before), bytesOf(matrix)]);
  return openRowFile({ path, offset: before, rows: matrix.rows, cols: matrix.cols });
}

/** Every part by another number of workers, joined. */
async function inParts(
  count: number,
  k: number,
  search: (part: { index: number; count: number }, threads: number) => Promise<FoundPairs>,
): Promise<FoundPairs> {
  const parts: FoundPairs[] = [];
  for (let index = 1; index <= count; index++) parts.push(await search({ index, count }, 1 + (index % 3)));
  return joinFound(parts, k);
}

/** Rows with equal, opposite, zero and non-finite ones among them. */
function awkwardRows(): FeatureMatrix {
  const matrix = makeWholeNumbers(500, 24, 7);
  const copy = allocateMatrix(500, 24);
  copy.data.set(matrix.data);
  for (const row of [0, 77, 499]) copy.data.fill(0, row * 24, (row + 1) * 24);
  copy.data[130 * 24] = Number.NaN;
  for (let row = 200; row < 260; row++) copy.data.set(copy.data.subarray(24, 48), row * 24);
  for (let c = 0; c < 24; c++) copy.data[300 * 24 + c] = -copy.data[24 + c]!;
  return toFeatureMatrix(copy);
}

describe('parts on different numbers of workers, joined, are the whole to the last bit', () => {
  it.each<[string, () => FeatureMatrix, number]>([
    ['rows where leading coordinates are enough', () => makeRows('struct', 1500, 576, 10), 30],
    ['rows without structure', () => makeRows('gauss', 900, 96, 20), 120],
    ['ties, equal rows, opposites and rows without a direction', awkwardRows, 400],
    ['fewer rows than parts', () => makeRows('gauss', 5, 8, 30), 7],
  ])('%s', async (_, make, k) => {
    const matrix = make();
    const whole = await within(matrix, { k });
    expect(whole).toEqual(firstOf(everyPair(matrix), k));
    for (const count of [1, 2, 7])
      expect(await inParts(count, k, (shard, threads) => extremes(matrix, { k, shard, threads }))).toEqual(
        whole,
      );
  });

  it('between two dictionaries', async () => {
    const [a, b] = [makeRows('struct', 700, 160, 40), makeRows('aniso', 400, 160, 50)];
    const whole = await between(a, b, { k: 60 });
    const search = (shard: { index: number; count: number }, threads: number): Promise<FoundPairs> =>
      extremesBetween(a, b, { k: 60, shard, threads });
    expect(await inParts(5, 60, search)).toEqual(whole);
  });

  it('by an engine that knows of no parts', async () => {
    const [a, b] = [awkwardRows(), makeWholeNumbers(150, 24, 9)];
    const options = { a, k: 90 };
    expect(
      await inParts(3, 90, (shard) => searchByColumns({ ...options, shard }, (request) => plain(request))),
    ).toEqual(await within(a, { k: 90 }));
    expect(
      await inParts(3, 90, (shard) => searchByColumns({ ...options, b, shard }, (request) => plain(request))),
    ).toEqual(await between(a, b, { k: 90 }));
  });
});

/** By definition. */
function plain({ a, b, k }: { a: FeatureMatrix; b?: FeatureMatrix; k: number }): Promise<FoundPairs> {
  return Promise.resolve(firstOf(everyPair(a, b), k));
}

describe('a search that goes on', () => {
  const matrix = makeRows('struct', 1600, 48, 60);
  const [k, shard] = [200, { index: 2, count: 3 }];

  it('gives the same from wherever it was stopped, on other workers, and in parts', async () => {
    const whole = await within(matrix, { k });
    const states: FoundSoFar[] = [];
    const keep = (found: FoundSoFar): void => void states.push(structuredClone(found));
    expect(await within(matrix, { k, threads: 2, tellEvery: 0, onFound: keep })).toEqual(whole);
    expect(states.length).toBeGreaterThan(2);
    expect(states.at(-1)).toEqual({ done: [{ from: 0, to: 1600 }], ...whole });
    for (const from of states) expect(await within(matrix, { k, threads: 1, from })).toEqual(whole);

    const inShard: FoundSoFar[] = [];
    await extremes(matrix, { k, shard, tellEvery: 0, onFound: (found) => void inShard.push(found) });
    const others = [1, 3].map((index) => extremes(matrix, { k, shard: { index, count: 3 } }));
    for (const from of inShard) {
      const again = await extremes(matrix, { k, shard, from });
      expect(joinFound([again, ...(await Promise.all(others))], k)).toEqual(whole);
    }
  });

  it('says at its end that all is done, and does nothing where it was', async () => {
    let last: FoundSoFar | undefined;
    const onFound = (found: FoundSoFar): void => {
      last = found;
    };
    const found = await within(matrix, { k, onFound });
    const progress: number[] = [];
    const from = last!;
    expect(await within(matrix, { k, from, onProgress: (done) => progress.push(done) })).toEqual(found);
    expect(progress).toEqual([]);
  });

  it('counts in its progress what is left alone', async () => {
    const from = { done: [{ from: 0, to: 1590 }], top: [], bottom: [] };
    const totals = new Set<number>();
    await extremes(matrix, { k, from, onProgress: (_, total) => totals.add(total) });
    expect([...totals]).toEqual([(1600 * 1599 - 1590 * 1589) / 2]);
  });

  it('ends with what keeping it throws, and can be gone on with from the state before', async () => {
    const states: FoundSoFar[] = [];
    const full = new AntipodeError('resource', 'the disk is full');
    const stopped = extremes(matrix, {
      k,
      threads: 2,
      tellEvery: 0,
      onFound(found) {
        if (states.length === 2) throw full;
        states.push(found);
      },
    });
    await expect(stopped).rejects.toBe(full);
    expect(states).toHaveLength(2);
    expect(await within(matrix, { k, from: states[1]! })).toEqual(await within(matrix, { k }));
  });

  it('C19: after an interrupt', async () => {
    const controller = new AbortController();
    let state: FoundSoFar | undefined;
    const stopped = extremes(matrix, {
      k,
      threads: 1,
      tellEvery: 0,
      signal: controller.signal,
      onFound(found) {
        state ??= found;
        controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ kind: 'interrupted' });
    expect(state!.done).not.toEqual([{ from: 0, to: 1600 }]);
    expect(await within(matrix, { k, from: state! })).toEqual(await within(matrix, { k }));
  });
});

describe('rows that stay in their file', () => {
  it.each<[string, () => FeatureMatrix, number]>([
    ['rows where leading coordinates are enough', () => makeRows('struct', 1500, 576, 10), 30],
    ['rows in another order of coordinates', () => makeRows('aniso', 1300, 300, 20), 60],
    ['ties, equal rows, opposites and rows without a direction', awkwardRows, 400],
  ])('give the same pairs: %s', async (_, make, k) => {
    const matrix = make();
    const file = await inFile('rows', matrix);
    expect([file.norms, file.defects]).toEqual([matrix.norms, matrix.defects]);
    const { top, bottom } = await extremes(file, { k });
    expect({ top, bottom }).toEqual(await within(matrix, { k }));
    expect(await inParts(3, k, (shard, threads) => extremes(file, { k, shard, threads }))).toEqual({
      top,
      bottom,
    });
    await file.close();
  });

  it('of two dictionaries, one in a file and one in memory', async () => {
    const [a, b] = [makeRows('struct', 500, 64, 70), makeRows('gauss', 300, 64, 80)];
    const file = await inFile('one', a);
    for (const [first, second] of [
      [file, b],
      [b, file],
    ] as const) {
      const { top, bottom } = await extremesBetween(first, second, { k: 25 });
      const held = first === file ? between(a, b, { k: 25 }) : between(b, a, { k: 25 });
      expect({ top, bottom }).toEqual(await held);
    }
    await file.close();
  });

  it('a file that is cut while it is searched is a sentence', async () => {
    const file = await inFile('cut', makeRows('gauss', 1200, 64, 90));
    await truncate(join(folder, 'cut'), 9000);
    await expect(extremes(file, { k: 5 })).rejects.toThrow(/was cut while it was searched/);
    await file.close();
    const whole = makeRows('gauss', 1200, 64, 90);
    expect((await extremes(whole, { k: 1 })).top).toHaveLength(1);
  });

  it('are not for a device', async () => {
    const file = await inFile('device', makeRows('gauss', 20, 8, 1));
    await expect(extremes(file, { k: 1, device: 'webgpu' })).rejects.toMatchObject({ kind: 'resource' });
    await file.close();
  });
});
