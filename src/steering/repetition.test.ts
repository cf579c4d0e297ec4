import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { distinctWords, repetition } from './repetition.ts';

test.each([
  ['', null, null],
  ['...', null, null],
  ['Happy', 1, null],
  ['happy Happy, HAPPY!', 1 / 3, 1 / 2],
  ["I don't. I don’t.", 3 / 4, 1],
  ['très été 東京 東京', 3 / 4, 1],
])('distinct words of %j: %f, of pairs: %f', (text, distinct1, distinct2) => {
  expect(distinctWords(text)).toEqual({ distinct1, distinct2 });
});

test('100 kB of one letter is one word', () => {
  expect(distinctWords('a'.repeat(100_000))).toEqual({ distinct1: 1, distinct2: null });
  expect(distinctWords("a'".repeat(50_000)).distinct1).toBe(1);
  expect(repetition(new Uint8Array(100_000))).toBe(1);
});

test.each([
  [[], 0],
  [[4], 0],
  [[1, 2, 3, 4], 0],
  [[1, 2, 1, 3], 0],
  [[5, 5, 1, 2], 2 / 4],
  [[1, 5, 5, 5, 2], 3 / 5],
  // a b a b a: the unit twice and half of a third.
  [[1, 2, 1, 2, 1, 9], 5 / 6],
  [[1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8], 1],
  // Nine tokens are too long a unit.
  [[1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9], 0],
])('repetition of %j: %f', (tokens, share) => {
  expect(repetition(tokens)).toBe(share);
});

test('repetition is what looking at every stretch finds', () => {
  const isRepeated = (stretch: readonly number[], unit: number): boolean =>
    stretch.length >= 2 * unit && stretch.every((token, at) => at < unit || token === stretch[at - unit]);
  const longest = (tokens: readonly number[]): number => {
    let most = 0;
    for (let from = 0; from < tokens.length; from++) {
      for (let to = from + 1; to <= tokens.length; to++) {
        for (let unit = 1; unit <= 8; unit++) {
          if (isRepeated(tokens.slice(from, to), unit)) most = Math.max(most, to - from);
        }
      }
    }
    return most;
  };
  fc.assert(
    fc.property(fc.array(fc.nat(2), { minLength: 1, maxLength: 24 }), (tokens) => {
      expect(repetition(tokens)).toBe(longest(tokens) / tokens.length);
    }),
    { numRuns: runs(60) },
  );
});
