import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKernelModule } from './kernel_module.ts';
import { TILE_VIEW_BYTES, viewTile } from './tile_view.ts';

describe('the committed kernels', () => {
  it('are what their sources compile to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'antipode-kernels-'));
    try {
      const out = join(folder, 'kernels.wasm');
      const script = fileURLToPath(new URL('../../scripts/build_kernels.mjs', import.meta.url));
      execFileSync(process.execPath, [script, out]);
      const committed = new URL('./kernels/kernels.wasm', import.meta.url);
      expect(readFileSync(out).equals(readFileSync(committed))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('packColumns', () => {
  it('transposes bytes and takes 128 off', () => {
    const [columns, k] = [48, 32];
    const module = createKernelModule();
    const rows = module.allocate(columns * k);
    const out = module.allocate(columns * k);
    const scratch = module.allocate(512);
    const bytes = new Uint8Array(module.buffer, rows, columns * k);
    bytes.forEach((_, at) => {
      bytes[at] = (at * 37 + (at >> 5)) & 255;
    });
    module.kernels.packColumns(rows, columns, k, out, scratch);
    const packed = new Int8Array(module.buffer, out, columns * k);
    for (let j = 0; j < columns; j++) {
      for (let c = 0; c < k; c++) expect(packed[c * columns + j]).toBe(bytes[j * k + c]! - 128);
    }
  });
});

interface Record {
  readonly row: number;
  readonly column: number;
  readonly ends: number;
}

interface ScanCase {
  readonly products: readonly number[];
  readonly columns: number;
  readonly rowScales: readonly number[];
  readonly columnScales: readonly number[];
  readonly bounds: readonly number[];
  readonly over: number;
  readonly under: number;
  readonly first: number;
  readonly left: number;
  readonly isTriangle: boolean;
}

const ROWS = 3;
const PADDED = 32;
/** Room for less than one tile, so that scanning has to be taken up again. */
const CAPACITY = PADDED + 5;

/** What the kernel writes down, piece by piece. */
function scanned(test: ScanCase): Record[] {
  const module = createKernelModule();
  const floats = (values: readonly number[], length: number): number => {
    const at = module.allocate(length * 4);
    new Float32Array(module.buffer, at, length).set(values);
    return at;
  };
  const products = module.allocate(ROWS * PADDED * 4);
  new Int32Array(module.buffer, products, ROWS * PADDED).set(test.products);
  const places = {
    products,
    rowScales: floats(test.rowScales, ROWS),
    rowBounds: floats(test.bounds.slice(0, ROWS), ROWS),
    columnScales: floats(test.columnScales.slice(0, test.columns), PADDED),
    columnBounds: floats(test.bounds.slice(ROWS, ROWS + test.columns), PADDED),
    records: module.allocate(CAPACITY * 24),
  };
  const { buffer } = module;
  const view = viewTile(buffer, module.allocate(TILE_VIEW_BYTES));
  view.set({ ...places, m: ROWS, n: PADDED, columns: test.columns, capacity: CAPACITY });
  view.set({ first: test.first, left: test.left, isTriangle: test.isTriangle ? 1 : 0 });
  view.setLargestColumnBound(Math.max(...new Float32Array(buffer, places.columnBounds, test.columns)));
  const words = new Int32Array(buffer, places.records, CAPACITY * 6);
  const found: Record[] = [];
  for (let row = 0; row < ROWS; ) {
    view.set({ found: 0 });
    row = module.kernels.scanTile(view.at, row, test.over, test.under);
    for (let r = 0; r < view.get('found'); r++)
      found.push({ row: words[r * 6]!, column: words[r * 6 + 1]!, ends: words[r * 6 + 3]! });
  }
  return found;
}

/** The definition, pair by pair. */
function defined(test: ScanCase): Record[] {
  const found: Record[] = [];
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < test.columns; column++) {
      if (test.isTriangle && test.left + column <= test.first + row) continue;
      const scales = Math.fround(test.columnScales[column]!) * Math.fround(test.rowScales[row]!);
      const estimate = test.products[row * PADDED + column]! * scales;
      const bound = Math.fround(test.bounds[row]!) + Math.fround(test.bounds[ROWS + column]!);
      const ends = (estimate + bound >= test.over ? 1 : 0) | (estimate - bound <= test.under ? 2 : 0);
      if (ends !== 0) found.push({ row, column, ends });
    }
  }
  return found;
}

const scale = fc.oneof(fc.constant(0), fc.double({ min: 1e-20, max: 1e-2, noNaN: true }), fc.constant(1e-4));
const threshold = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(Number.NEGATIVE_INFINITY, 0),
);

describe('scanTile', () => {
  it('writes down exactly the pairs that bounds leave in question, in order', () => {
    fc.assert(
      fc.property(
        fc.record<ScanCase>({
          products: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), {
            minLength: ROWS * PADDED,
            maxLength: ROWS * PADDED,
          }),
          columns: fc.integer({ min: 1, max: PADDED }),
          rowScales: fc.array(scale, { minLength: ROWS, maxLength: ROWS }),
          columnScales: fc.array(scale, { minLength: PADDED, maxLength: PADDED }),
          bounds: fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), {
            minLength: ROWS + PADDED,
            maxLength: ROWS + PADDED,
          }),
          over: threshold,
          under: threshold.map((value) => -value),
          first: fc.integer({ min: 0, max: 40 }),
          left: fc.integer({ min: 0, max: 40 }),
          isTriangle: fc.boolean(),
        }),
        (test) => {
          expect(scanned(test)).toEqual(defined(test));
        },
      ),
    );
  });
});

describe('peaksOfUnknown', () => {
  it('names the largest and the smallest estimate of each row of which nothing is known, of the columns that count', () => {
    const module = createKernelModule();
    const [m, n, columns] = [4, 16, 11];
    const floats = (values: readonly number[]): number => {
      const at = module.allocate(values.length * 4);
      new Float32Array(module.buffer, at, values.length).set(values);
      return at;
    };
    const scales = Array.from({ length: n }, (_, c) => (c < columns ? 1 + (c % 3) : 0));
    const places = {
      products: module.allocate(m * n * 4),
      rowScales: floats([0.5, 0.5, 0.5, 0.5]),
      columnScales: floats(scales),
      // Of the second row something is known.
      rowHighs: floats([-2, 0.1, -2, -2]),
      records: module.allocate(2 * m * 24),
    };
    const { buffer } = module;
    const products = Int32Array.from({ length: m * n }, (_, at) => ((at * 37) % 101) - 50);
    new Int32Array(buffer, places.products, m * n).set(products);
    const view = viewTile(buffer, module.allocate(TILE_VIEW_BYTES));
    // Row r stands for 6 + r and column c for c: row 0 counts from column 7 on.
    view.set({ ...places, m, n, columns, first: 6, left: 0, isTriangle: 1, capacity: 2 * m });
    module.kernels.peaksOfUnknown(view.at);
    const found = Array.from({ length: view.get('found') }, (_, r) => {
      const [row, column] = new Int32Array(buffer, places.records + r * 24, 2);
      return { row, column, estimate: new Float64Array(buffer, places.records + r * 24 + 16, 1)[0]! };
    });
    const expected = [0, 2, 3].flatMap((row) => {
      const counted = scales.flatMap((scale, column) =>
        column > 6 + row && column < columns
          ? [{ row, column, estimate: products[row * n + column]! * scale * 0.5 }]
          : [],
      );
      counted.sort((a, b) => b.estimate - a.estimate);
      return [counted[0], counted.at(-1)];
    });
    expect(found).toEqual(expected);
    expect(found.length).toBe(6);
  });
});
