import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateMatrix, cosine, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { FIGURES_PER_ROW, type PartFigures, type RowBoundOptions, rowBounds, scalesOf } from './bound.ts';
import { CONTROL_LENGTH } from './jobs.ts';
import { createKernelModule } from './kernel_module.ts';
import { quantiseRows } from './quantise.ts';
import { shareRows } from './shared_rows.ts';

const module = createKernelModule();

interface Part extends PartFigures {
  readonly values: Int16Array | Uint8Array;
  readonly padded: number;
  readonly zero: number;
}

function quantised(matrix: FeatureMatrix, from: number, to: number, levels: number): Part {
  const isBytes = levels <= 127;
  const padded = Math.ceil((to - from) / 16) * 16;
  const rows = shareRows(matrix);
  const size = rows.usable.length * padded;
  const values = isBytes
    ? new Uint8Array(new SharedArrayBuffer(size))
    : new Int16Array(new SharedArrayBuffer(2 * size));
  const figures = new Float64Array(new SharedArrayBuffer(rows.usable.length * FIGURES_PER_ROW * 8));
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
  const parts = [{ shape: { from, to, padded }, levels, out: values, figures }];
  quantiseRows({ kind: 'quantise', rows, d: matrix.cols, order: undefined, parts, control }, module);
  return { sides: [figures], values, padded, zero: isBytes ? 128 : 0 };
}

/** The estimate of cos(i, j), from integers alone. */
function estimate(parts: readonly Part[], i: number, j: number): number {
  let sum = 0;
  for (const { sides, values, padded, zero } of parts) {
    const scales = scalesOf(sides[0]!);
    let product = 0;
    for (let c = 0; c < padded; c++)
      product += (values[i * padded + c]! - zero) * (values[j * padded + c]! - zero);
    sum += product * scales[i]! * scales[j]!;
  }
  return sum;
}

/** Largest |cos - estimate| / (beta_i + beta_j) over all pairs, a row with itself included. */
function worst(
  matrix: FeatureMatrix,
  cuts: readonly [to: number, levels: number][],
  boundsOf: (options: RowBoundOptions) => Float32Array[] = rowBounds,
): number {
  let from = 0;
  const parts = cuts.map(([to, levels]) => {
    const part = quantised(matrix, from, to, levels);
    from = to;
    return part;
  });
  const bounds = boundsOf({ parts, isWhole: from === matrix.cols, d: matrix.cols })[0]!;
  const rows = shareRows(matrix).usable;
  let most = 0;
  rows.forEach((row, i) => {
    rows.forEach((other, j) => {
      const cos = cosine(matrix, row, matrix, other);
      most = Math.max(most, Math.abs(cos - estimate(parts, i, j)) / (bounds[i]! + bounds[j]!));
    });
  });
  return most;
}

function matrixOf(rows: readonly (readonly number[])[]): FeatureMatrix {
  const matrix = allocateMatrix(rows.length, rows[0]!.length);
  matrix.data.set(rows.flat());
  return toFeatureMatrix(matrix);
}

const D = 40;
const ways: [string, (row: readonly number[]) => readonly number[]][] = [
  ['as they are', (row) => row],
  ['one huge coordinate', (row) => row.map((x, c) => (c === 3 ? 1e6 : x))],
  ['the huge coordinate in the tail', (row) => row.map((x, c) => (c === D - 1 ? 1e6 : x))],
  ['alternating signs', (row) => row.map((x, c) => (c % 2 === 0 ? Math.abs(x) : -Math.abs(x)))],
  ['denormals', (row) => row.map((x) => x * 1e-42)],
  ['near the largest float32', (row) => row.map((x) => x * 1e37)],
  ['a vanishing head', (row) => row.map((x, c) => (c < 16 ? x * 1e-36 : x))],
  ['all alike', (row) => row.map(() => row[0]!)],
  ['few coordinates', (row) => row.map((x, c) => (c % 13 === 0 ? x : 0))],
];
const coordinate = fc.double({ min: -9, max: 9, noNaN: true }).map((x) => (Math.abs(x) < 1e-3 ? 1 : x));
const row = fc
  .tuple(
    fc.array(coordinate, { minLength: D, maxLength: D }),
    fc.constantFrom(...ways.map(([, change]) => change)),
  )
  .map(([values, change]) => change(values));
const matrices = fc
  .array(row, { minLength: 2, maxLength: 8 })
  .map(matrixOf)
  .filter(({ defects, rows }) => defects.length < rows - 1);

const CUTS: [string, [number, number][]][] = [
  ['bytes of all coordinates', [[D, 127]]],
  ['7-bit bytes', [[D, 63]]],
  ['bytes of a head', [[16, 127]]],
  [
    'bytes of a head and 13 bits behind it',
    [
      [16, 127],
      [32, 4095],
    ],
  ],
  ['13 bits of all coordinates', [[D, 4095]]],
];

describe('no cosine is further from its estimate than the bound says', () => {
  it.each(CUTS)('%s', (_, cuts) => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        expect(worst(matrix, cuts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each(ways)('rows with %s', (_, change) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(coordinate, { minLength: D, maxLength: D }), {
          minLength: 2,
          maxLength: 5,
        }),
        (rows) => {
          const matrix = matrixOf(rows.map(change));
          fc.pre(matrix.defects.length === 0);
          for (const [, cuts] of CUTS) expect(worst(matrix, cuts)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe('the bound is nearly reached, so that a smaller one is caught', () => {
  // Every coordinate is rounded down by almost half a step, in both rows alike.
  const rounded = matrixOf([0, 1].map(() => [127, ...Array.from({ length: D - 1 }, () => 100.49)]));
  // All that two rows share lies behind the head.
  const tailed = matrixOf([0, 1].map(() => Array.from({ length: D }, (_, c) => (c < 16 ? 1 : 3))));

  it('by what rounding loses', () => {
    const cuts: [number, number][] = [[D, 127]];
    expect(worst(rounded, cuts)).toBeGreaterThan(0.9);
    expect(worst(rounded, cuts)).toBeLessThanOrEqual(1);
    const withoutAlpha = (options: RowBoundOptions): Float32Array[] =>
      rowBounds(options).map((betas) => betas.map((beta) => beta / 2));
    expect(worst(rounded, cuts, withoutAlpha)).toBeGreaterThan(1);
  });

  it('by the tail', () => {
    const cuts: [number, number][] = [[16, 127]];
    expect(worst(tailed, cuts)).toBeGreaterThan(0.9);
    expect(worst(tailed, cuts)).toBeLessThanOrEqual(1);
    const withoutTail = (options: RowBoundOptions): Float32Array[] =>
      rowBounds({ ...options, isWhole: true });
    expect(worst(tailed, cuts, withoutTail)).toBeGreaterThan(1);
  });

  it('by finer integers', () => {
    const cuts: [number, number][] = [[D, 4095]];
    const fine = matrixOf([0, 1].map(() => [4095, ...Array.from({ length: D - 1 }, () => 3000.49)]));
    expect(worst(fine, cuts)).toBeGreaterThan(0.9);
    expect(worst(fine, cuts)).toBeLessThanOrEqual(1);
  });
});
