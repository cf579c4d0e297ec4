import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import type { StoredTensor } from '../../formats/tensor_file.ts';
import { bytesOf, type DType } from '../../tensor/dtype.ts';
import type { FeatureMatrix } from '../../tensor/matrix.ts';
import type { MatrixLayout } from '../layout.ts';
import { readMatrix } from './read_matrix.ts';
import { readRows } from './read_rows.ts';

interface Stored {
  readonly dSae: number;
  readonly dIn: number;
  readonly featureAxis: 0 | 1;
  readonly order: 'C' | 'F';
  readonly dtype: 'F32' | 'F64' | 'BF16';
  readonly isRandomAccess: boolean;
  /** Bytes that one piece of the stream has, before it is rounded to whole elements. */
  readonly piece: number;
}

/** Small whole numbers, which every float type holds exactly: feature f, coordinate d is 128 f' + d' folded into 256 values. */
function valueAt(feature: number, coordinate: number): number {
  return ((feature * 37 + coordinate * 5) % 255) - 127;
}

function encodeElements(values: readonly number[], dtype: Stored['dtype']): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(Float32Array.from(values).buffer);
  if (dtype === 'F64') return new Uint8Array(Float64Array.from(values).buffer);
  const words = new Uint32Array(Float32Array.from(values).buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

/** Matrices of a million elements are read in many ways; their bytes are made once. */
const stores = new Map<string, Uint8Array>();

function bytesAsStored({ dSae, dIn, featureAxis, order, dtype }: Stored): Uint8Array {
  const featuresAreRows = (order === 'C') === (featureAxis === 0);
  const name = [dSae, dIn, featuresAreRows, dtype].join();
  const known = stores.get(name);
  if (known) return known;
  const [rows, cols] = featuresAreRows ? [dSae, dIn] : [dIn, dSae];
  const values = Array.from({ length: rows * cols }, (_, i) => {
    const [row, col] = [Math.floor(i / cols), i % cols];
    return featuresAreRows ? valueAt(row, col) : valueAt(col, row);
  });
  const bytes = encodeElements(values, dtype);
  if (values.length > 1e5) stores.set(name, bytes);
  return bytes;
}

interface Probe {
  readonly layout: MatrixLayout;
  /** Positional reads so far, as [offset, length]. */
  readonly reads: (readonly [number, number])[];
}

function stored(options: Stored, checksum?: { before: number; expected: number }): Probe {
  const { dSae, dIn, featureAxis, order, dtype, isRandomAccess, piece } = options;
  const shape = featureAxis === 0 ? [dSae, dIn] : [dIn, dSae];
  const bytes = bytesAsStored(options);
  const width = bytesOf(dtype as DType);
  const reads: [number, number][] = [];
  const tensor: StoredTensor = {
    name: 'W',
    dtype,
    shape,
    order,
    isRandomAccess,
    ...(checksum && { checksum }),
    async readBytes(offset, target) {
      reads.push([offset, target.byteLength]);
      target.set(bytes.subarray(offset, offset + target.byteLength));
    },
    async *stream() {
      const step = Math.max(width, piece - (piece % width));
      for (let at = 0; at < bytes.byteLength; at += step) yield bytes.slice(at, at + step);
    },
  };
  return { layout: { tensor, featureAxis }, reads };
}

const anyStored: fc.Arbitrary<Stored> = fc.record({
  dSae: fc.integer({ min: 1, max: 70 }),
  dIn: fc.integer({ min: 1, max: 70 }),
  featureAxis: fc.constantFrom(0 as const, 1 as const),
  order: fc.constantFrom('C' as const, 'F' as const),
  dtype: fc.constantFrom('F32' as const, 'F64' as const, 'BF16' as const),
  isRandomAccess: fc.boolean(),
  piece: fc.integer({ min: 1, max: 3000 }),
});

function expectRows(matrix: FeatureMatrix, features: readonly number[], scale = 1): void {
  features.forEach((feature, place) => {
    for (let d = 0; d < matrix.cols; d++) {
      const [got, wanted] = [matrix.data[place * matrix.cols + d], Math.fround(valueAt(feature, d) * scale)];
      // An `expect` for each of a hundred thousand values takes seconds.
      if (!Object.is(got, wanted)) expect(got, `feature ${feature}, ${d}`).toBe(wanted);
    }
  });
}

describe('any orientation, order, type and access', () => {
  it('reads the whole matrix feature-major', async () => {
    await fc.assert(
      fc.asyncProperty(anyStored, async (options) => {
        const matrix = await readMatrix(stored(options).layout);
        expect([matrix.rows, matrix.cols]).toEqual([options.dSae, options.dIn]);
        expectRows(
          matrix,
          Array.from({ length: options.dSae }, (_, i) => i),
        );
      }),
      { numRuns: runs(150) },
    );
  });

  it('reads chosen rows, in order and with duplicates', async () => {
    const cases = anyStored.chain((options) =>
      fc.tuple(fc.constant(options), fc.array(fc.nat(options.dSae - 1), { maxLength: 20 })),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([options, features]) => {
        const matrix = await readRows(stored(options).layout, features);
        expect(matrix.rows).toBe(features.length);
        expectRows(matrix, features);
      }),
      { numRuns: runs(150) },
    );
  });
});

const LARGE: Stored = {
  dSae: 1037,
  dIn: 1301,
  featureAxis: 1,
  order: 'C',
  dtype: 'F32',
  isRandomAccess: true,
  piece: 100_000,
};

describe('matrices of several blocks', () => {
  it.each<Partial<Stored>>([
    {},
    { isRandomAccess: false },
    { dtype: 'F64' },
    { dtype: 'BF16', isRandomAccess: false },
    { featureAxis: 0, dtype: 'BF16' },
    { featureAxis: 0, isRandomAccess: false },
    { featureAxis: 0, dSae: 3001, dIn: 801 },
  ])('%j', async (change) => {
    const options = { ...LARGE, ...change };
    const matrix = await readMatrix(stored(options).layout);
    for (let f = 0; f < options.dSae; f += 7) {
      for (let d = 0; d < options.dIn; d += 3) {
        if (matrix.data[f * options.dIn + d] !== valueAt(f, d)) expect.unreachable(`feature ${f}, ${d}`);
      }
    }
    const rows = await readRows(stored(options).layout, [1036, 5, 6, 7]);
    expectRows(rows, [1036, 5, 6, 7]);
  });

  it('reads only the rows asked for, neighbours in one go', async () => {
    const { layout, reads } = stored({ ...LARGE, featureAxis: 0 });
    await readRows(layout, [700, 12, 11, 10, 700]);
    const row = 1301 * 4;
    expect(reads.sort(([a], [b]) => a - b)).toEqual([
      [10 * row, 3 * row],
      [700 * row, row],
    ]);
  });

  it('holds two blocks of 2 MB at most while it transposes', async () => {
    const { layout, reads } = stored(LARGE);
    await readMatrix(layout);
    expect(reads.length).toBeGreaterThan(2);
    expect(Math.max(...reads.map(([, length]) => length))).toBeLessThanOrEqual(2 * 2 ** 20);
  });
});

describe('checksums on positional reads', () => {
  it.each([0, 1] as const)('are checked with features on axis %i', async (featureAxis) => {
    const options = { ...LARGE, featureAxis };
    const { layout } = stored(options);
    const bytes = new Uint8Array(1037 * 1301 * 4);
    await layout.tensor.readBytes(0, bytes);
    const before = crc32('a header');
    const checksum = { before, expected: crc32(bytes, before) };
    await expect(readMatrix(stored(options, checksum).layout)).resolves.toMatchObject({ rows: 1037 });
    const wrong = { before, expected: checksum.expected ^ 1 };
    await expect(readMatrix(stored(options, wrong).layout)).rejects.toThrow(/checksum does not match/);
  });
});

it('multiplies by one number, or by one per feature', async () => {
  const { layout } = stored({ ...LARGE, dSae: 3, dIn: 4 });
  expectRows(await readMatrix(layout, 2), [0, 1, 2], 2);
  const scaled = await readRows(layout, [2, 0], Float32Array.of(1, 1, 3));
  expectRows({ ...scaled, data: scaled.data.subarray(0, 4) }, [2], 3);
  expectRows({ ...scaled, data: scaled.data.subarray(4) }, [0], 1);
});

it('throws what a read throws, with no read left under way', async () => {
  let under = 0;
  const { layout } = stored(LARGE);
  for (const featureAxis of [0, 1] as const) {
    const tensor: StoredTensor = {
      ...layout.tensor,
      shape: featureAxis === 0 ? [1037 * 4, 1301] : [1301 * 4, 1037],
      async readBytes(offset) {
        under += 1;
        await new Promise((done) => setTimeout(done, 5));
        under -= 1;
        if (offset === 0) throw new Error('the disk is gone');
      },
    };
    await expect(readMatrix({ tensor, featureAxis })).rejects.toThrow('the disk is gone');
    expect(under).toBe(0);
    await expect(readRows({ tensor, featureAxis }, [0, 500])).rejects.toThrow('the disk is gone');
    expect(under).toBe(0);
  }
});

it('refuses a stored row past the limit on a block, before it reads', async () => {
  const { layout, reads } = stored({ ...LARGE, dSae: 2, dIn: 2 });
  const tensor = { ...layout.tensor, shape: [2, 2 ** 23] };
  await expect(readMatrix({ tensor, featureAxis: 1 })).rejects.toMatchObject({
    kind: 'resource',
    message: 'W: one stored row has 33554432 bytes, the limit is 16777216',
  });
  expect(reads).toEqual([]);
});
