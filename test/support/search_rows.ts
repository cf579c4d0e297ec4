/**
 * @file The rows behind test/golden/search, made as its make.py makes them, to the last bit: every step rounds in one way only. A hash of the bytes stands beside the golden
 * indices, so that a difference here is not taken for one of the search.
 */

import { allocateMatrix, type FeatureMatrix, type Matrix, toFeatureMatrix } from '../../src/tensor/matrix.ts';

export type RowKind = 'gauss' | 'struct' | 'aniso';

/** The final mix of MurmurHash3, 32 bits. */
function scrambled(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Numbers by place: 32 random bits, and uniform in [0, 1). */
function numbers(seed: number): { word(at: number): number; uniform(at: number): number } {
  const start = scrambled(seed);
  const word = (at: number): number => scrambled((at + start) | 0);
  return { word, uniform: (at) => word(at) / 2 ** 32 };
}

/** Sums of four centred uniform numbers: exact in float64, bell-shaped, variance 1/3. */
function bells(seed: number, count: number): Float64Array {
  const { uniform } = numbers(seed);
  const centred = (at: number): number => uniform(at) - 0.5;
  return Float64Array.from({ length: count }, (_, i) => {
    const at = 4 * i;
    return centred(at) + centred(at + 1) + centred(at + 2) + centred(at + 3);
  });
}

/** float32 `[n, d]`, see make.py: no structure; mean, clusters and planted pairs; the same with spreads that fall over the coordinates. */
export function makeRows(kind: RowKind, n: number, d: number, seed: number): FeatureMatrix {
  const rows = bells(seed, n * d);
  if (kind === 'aniso') {
    for (let c = 0; c < d; c++) {
      const spread = 1 / Math.sqrt(((c * 37) % d) + 3);
      for (let i = 0; i < n; i++) rows[i * d + c]! *= spread;
    }
  }
  if (kind !== 'gauss') addStructure(rows, { n, d, seed, scale: kind === 'aniso' ? 0.125 : 1 });
  const { uniform } = numbers(seed + 5);
  const matrix = allocateMatrix(n, d);
  for (let i = 0; i < n; i++) {
    const length = 0.5 + uniform(i);
    for (let c = 0; c < d; c++) matrix.data[i * d + c] = rows[i * d + c]! * length;
  }
  return toFeatureMatrix(matrix);
}

function addStructure(
  rows: Float64Array,
  { n, d, seed, scale }: { n: number; d: number; seed: number; scale: number },
): void {
  const mean = bells(seed + 1, d);
  const clusters = Math.floor(n / 30) + 1;
  const centres = bells(seed + 2, clusters * d);
  const weights = numbers(seed + 3);
  for (let i = 0; i < n; i++) {
    const cluster = Math.floor(i / 30);
    const weight = 0.25 + 0.5 * weights.uniform(cluster);
    for (let c = 0; c < d; c++) {
      rows[i * d + c]! += 0.25 * (mean[c]! * scale);
      if (i % 3 === 0) rows[i * d + c]! += weight * (centres[cluster * d + c]! * scale);
    }
  }
  const shares = numbers(seed + 4);
  for (let pair = 0; pair < Math.floor(n / 16); pair++) {
    const share = 0.5 + 0.5 * shares.uniform(pair);
    const near = pair % 3 === 2 ? -share : share;
    const [kept, moved] = [3 * pair + 1, 3 * pair + 2];
    for (let c = 0; c < d; c++)
      rows[moved * d + c] = near * rows[kept * d + c]! + (1 - share) * rows[moved * d + c]!;
  }
}

/** float32 `[n, d]` of -2 to 2: thousands of equal cosines, 31 equal rows, opposites, zero rows. */
export function makeWholeNumbers(n: number, d: number, seed: number): FeatureMatrix {
  const { word } = numbers(seed);
  const matrix = allocateMatrix(n, d);
  const { data } = matrix;
  for (let i = 0; i < n * d; i++) data[i] = (word(i) % 5) - 2;
  for (let copy = 0; copy < 30; copy++) data.copyWithin((23 * copy + 5) * d, 3 * d, 4 * d);
  for (let c = 0; c < d; c++) {
    data[100 * d + c] = -data[3 * d + c]!;
    data[101 * d + c] = -2 * data[3 * d + c]!;
  }
  for (const row of [200, 433]) data.fill(0, row * d, (row + 1) * d);
  return toFeatureMatrix(matrix);
}

export function bytesOf({ data }: Matrix): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
