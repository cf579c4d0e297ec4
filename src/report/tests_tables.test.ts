import { expect, it } from 'vitest';
import type { AntonymTests, Variant } from '../geometry/antonym_tests.ts';
import { noOutcome } from '../geometry/test_outcome.ts';
import { testRows } from './tests_tables.ts';

const none = noOutcome(Number.NaN);
const made = { ...noOutcome(0.1), p: 0.5 };

function variant(kind: Variant['kind'], concepts: number): Variant {
  const random = concepts > 0 ? made : none;
  const mean = { value: 0.1, interval: { low: 0, high: 0.2 } };
  const permutation = concepts > 1 ? made : none;
  return { kind, concepts, pairs: concepts, mean, permutation, matchedRandom: random };
}

it('every test that could not be made says why, also where a choice leaves too few concepts', () => {
  const variants = [variant('macro', 5), variant('without-dense', 1), variant('centred', 0)];
  const reasons = { matchedDensity: 'it is not known' };
  const rows = testRows({ sensitivity: { variants }, reasons } as unknown as AntonymTests);
  expect(rows.map(({ variant: { kind }, test, reason }) => [kind, test, reason])).toEqual([
    ['macro', 'permutation', undefined],
    ['macro', 'matched-random', undefined],
    ['macro', 'matched-density', 'it is not known'],
    ['without-dense', 'permutation', 'a single concept is left'],
    ['without-dense', 'matched-random', undefined],
    ['without-dense', 'matched-density', 'it is not known'],
    ['centred', 'permutation', 'no pair is left'],
    ['centred', 'matched-random', 'no pair is left'],
    ['centred', 'matched-density', 'it is not known'],
  ]);
});
