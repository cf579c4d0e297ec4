import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateMatrix, cosine, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { compareBottom, compareTop, type ScoredPair } from './pairs.ts';
import { createEndList, exactCosine, TALLY_LENGTH } from './verify.ts';

describe('exactCosine', () => {
  it.each([1, 3, 4, 7, 64, 301])('has the bits of cosine() at width %i', (d) => {
    const matrix = allocateMatrix(20, d);
    const rng = createRng(d, 'verify-test');
    for (let at = 0; at < 20 * d; at++) matrix.data[at] = rng.normal();
    const rows = toFeatureMatrix(matrix);
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 20; j++) {
        expect(Object.is(exactCosine(rows, i, rows, j, d), cosine(rows, i, rows, j))).toBe(true);
      }
    }
  });
});

const cosines = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.constantFrom(-1, -0.5, 0.5, 1, 1 - 2 ** -53),
);

describe('createEndList', () => {
  it('holds the k best of what several workers visit, in order, whatever was known before', () => {
    fc.assert(
      fc.property(
        fc.array(cosines, { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom('top' as const, 'bottom' as const),
        fc.boolean(),
        (values, wanted, workers, end, isSeeded) => {
          const k = Math.min(wanted, values.length);
          const compare = end === 'top' ? compareTop : compareBottom;
          const pairs = values.map((cos, at): ScoredPair => ({ i: at >> 3, j: 50 + (at & 7), cos }));
          const truth = [...pairs].sort(compare).slice(0, k);
          const sign = end === 'top' ? 1 : -1;
          const seed = isSeeded ? sign * truth[k - 1]!.cos : Number.NEGATIVE_INFINITY;
          const tally = new Int32Array(TALLY_LENGTH);
          const lists = Array.from({ length: workers }, () => createEndList({ k, end, seed, tally }));
          pairs.forEach(({ i, j, cos }, at) => {
            const list = lists[at % workers]!;
            if (sign * cos >= list.limit() && !list.isClosedTo(i, j)) list.add(i, j, cos);
          });
          const found = lists.flatMap((list) => list.finish());
          expect(found.sort(compare).slice(0, k)).toEqual(truth);
        },
      ),
    );
  });
});
