import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCandidates } from './candidates.ts';
import { compareBottom, compareTop, type ScoredPair } from './pairs.ts';

/** Feeds pairs whose float32 values are off by up to `errorBound`, in a given order, respecting the bar as the scan does. */
function collect(
  truth: readonly number[],
  noise: readonly number[],
  k: number,
  errorBound: number,
  sign: 1 | -1,
): ScoredPair[] {
  const compare = sign === 1 ? compareTop : compareBottom;
  const candidates = createCandidates({ k, sign, errorBound, exactCosine: (i) => truth[i]!, compare });
  truth.forEach((cos, i) => {
    const value = sign * (cos + errorBound * noise[i % noise.length]!);
    if (value >= candidates.bar()) candidates.add(value, i, i + 1);
  });
  return candidates.finish();
}

function best(truth: readonly number[], k: number, sign: 1 | -1): ScoredPair[] {
  const pairs = truth.map((cos, i) => ({ i, j: i + 1, cos }));
  return pairs.sort(sign === 1 ? compareTop : compareBottom).slice(0, k);
}

describe('candidates', () => {
  it('keeps exactly the k best whatever the float32 errors within the bound', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.integer({ min: -20, max: 20 }).map((v) => v / 20),
          { minLength: 1, maxLength: 400 },
        ),
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom<1 | -1>(1, -1),
        (truth, noise, k, sign) => {
          expect(collect(truth, noise, k, 0.04, sign)).toEqual(best(truth, k, sign));
        },
      ),
    );
  });

  it('stays within its memory and exact under a hundred thousand near ties', () => {
    const truth = Array.from({ length: 100_000 }, (_, i) => 0.5 + ((i * 7919) % 13) * 1e-9);
    const noise = Array.from({ length: 997 }, (_, i) => Math.sin(i));
    expect(collect(truth, noise, 10, 1e-4, 1)).toEqual(best(truth, 10, 1));
    expect(collect(truth, noise, 10, 1e-4, -1)).toEqual(best(truth, 10, -1));
  });

  it('loses pairs when the bound is a lie, so the tests above can fail', () => {
    const truth = Array.from({ length: 20_000 }, (_, i) => ((i * 7919) % 20_011) / 20_011);
    const candidates = createCandidates({
      k: 10,
      sign: 1,
      errorBound: 1e-6,
      exactCosine: (i) => truth[i]!,
      compare: compareTop,
    });
    truth.forEach((cos, i) => {
      const value = cos - (cos > 0.999 ? 0.3 : 0);
      if (value >= candidates.bar()) candidates.add(value, i, i + 1);
    });
    expect(candidates.finish()).not.toEqual(best(truth, 10, 1));
  });
});
