import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesOf, makeRows } from '../../test/support/search_rows.ts';
import { allocateMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { makeRowFile, openRowFile } from './row_file.ts';
import { identifyRows } from './row_identity.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-rows-'));
});
afterAll(() => rm(folder, { recursive: true }));

// Four pieces of a read, the last of them short.
const matrix = makeRows('gauss', 1100, 3000, 5);
const [rows, cols] = [matrix.rows, matrix.cols];

describe('rows of a file', () => {
  it('have the lengths, the defects and the identity of the same rows in memory', async () => {
    const copy = allocateMatrix(rows, cols);
    copy.data.set(matrix.data);
    copy.data.fill(0, 1099 * cols);
    copy.data[500 * cols + 7] = Number.POSITIVE_INFINITY;
    const held = toFeatureMatrix(copy);
    const path = join(folder, 'rows');
    await writeFile(path, [new Uint8Array(20), bytesOf(held)]);
    const seen: [number, number][] = [];
    const file = await openRowFile(
      { path, offset: 20, rows, cols },
      { onProgress: (done, total) => seen.push([done, total]) },
    );
    expect([file.norms, file.defects]).toEqual([held.norms, held.defects]);
    expect(file.defects.map(({ row }) => row)).toEqual([500, 1099]);
    expect(identifyRows(file)).toEqual(identifyRows(held));
    expect(identifyRows(file).usable).toBe(1098);
    expect(seen.at(-1)).toEqual([4 * rows * cols, 4 * rows * cols]);
    expect(seen.length).toBeGreaterThan(2);
    await file.close();
  });

  it('are told from others by a value, and by which of them take part', () => {
    const other = allocateMatrix(rows, cols);
    other.data.set(matrix.data);
    other.data[rows * cols - 1]! *= 1.5;
    const norms = matrix.norms.map((norm, row) => (row === 3 ? Number.NaN : norm));
    const names = [matrix, toFeatureMatrix(other), { ...matrix, norms }].map(
      (one) => identifyRows(one).sha256,
    );
    expect(new Set(names).size).toBe(3);
  });

  it('a checksum that does not match is damage, one that matches is not', async () => {
    const path = join(folder, 'checked');
    const bytes = bytesOf(matrix);
    await writeFile(path, bytes);
    const place = { path, offset: 0, rows, cols };
    const before = crc32(Buffer.from('header'));
    const file = await openRowFile({ ...place, checksum: { before, expected: crc32(bytes, before) } });
    await file.close();
    const checksum = { before, expected: crc32(bytes) };
    await expect(openRowFile({ ...place, checksum })).rejects.toMatchObject({
      kind: 'format',
      message: expect.stringContaining('damaged'),
    });
  });

  it('without a direction may be more than a call takes arguments', async () => {
    const path = join(folder, 'zeros');
    const many = 400_000;
    await writeFile(path, new Uint8Array(8 * many));
    const file = await openRowFile({ path, offset: 0, rows: many, cols: 2 });
    expect([file.defects.length, file.defects.at(-1)]).toEqual([
      many,
      { row: many - 1, defect: 'zero-norm' },
    ]);
    await file.close();
  });

  it.each([
    [{ rows: -1 }, 'usage', 'rows: got -1, expected an integer >= 0'],
    [{ rows: 1.5 }, 'usage', 'rows: got 1.5, expected an integer >= 0'],
    [{ cols: 0 }, 'usage', 'cols: got 0, expected an integer >= 1'],
    [{ offset: Number.NaN }, 'usage', 'offset: got NaN, expected an integer >= 0'],
    [{ cols: 2 ** 40 }, 'format', /ends before its last row \(got 80 bytes, expected 43980465111040\)$/],
  ])(
    'in sizes that are none, or that the file has not, are refused before memory is taken: %j',
    async (wrong, kind, message) => {
      const path = join(folder, 'small');
      await writeFile(path, new Uint8Array(80));
      await expect(openRowFile({ path, offset: 0, rows: 10, cols: 2, ...wrong })).rejects.toMatchObject({
        kind,
        message: expect.stringMatching(message),
      });
    },
  );

  it('a file that ends too early, one that is not there, and an interrupt are sentences', async () => {
    const path = join(folder, 'short');
    await writeFile(path, bytesOf(matrix).subarray(1));
    await expect(openRowFile({ path, offset: 0, rows, cols })).rejects.toMatchObject({ kind: 'format' });
    await expect(openRowFile({ path: join(folder, 'none'), offset: 0, rows, cols })).rejects.toMatchObject({
      kind: 'missing',
    });
    const signal = AbortSignal.abort();
    await expect(openRowFile({ path, offset: 0, rows, cols }, { signal })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });
});

describe('a copy of rows', () => {
  const scratch = {
    rows,
    cols,
    rowsPerRead: 300,
    read: async (from: number, to: number) => matrix.data.slice(from * cols, to * cols),
  };

  it('is the rows, in a file that has no name', async () => {
    const place = join(folder, 'new', 'folder');
    const file = await makeRowFile({ ...scratch, folder: place });
    expect(identifyRows(file)).toEqual(identifyRows(matrix));
    expect(await readdir(place)).toEqual([]);
    await file.close();
  });

  it('leaves nothing behind where reading fails', async () => {
    const failure = new Error('cannot be read');
    const read = (): Promise<Float32Array> => Promise.reject(failure);
    await expect(makeRowFile({ ...scratch, folder, read })).rejects.toBe(failure);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is refused before anything is written where there is no room', async () => {
    const read = (): never => expect.fail('was read');
    await expect(makeRowFile({ ...scratch, folder, read, rows: 1e12 })).rejects.toMatchObject({
      kind: 'resource',
      message: expect.stringMatching(
        /no room for the rows that do not fit into memory \(got .* GB, expected .* GB\)/,
      ),
    });
  });
});
