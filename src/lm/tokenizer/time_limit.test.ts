import { expect, test } from 'vitest';
import { withinTime } from './time_limit.ts';

test('gives back what the work gives back, and throws what it throws', () => {
  expect(withinTime(10_000, 'x', () => [1, 2])).toEqual([1, 2]);
  expect(withinTime(10_000, 'x', () => undefined)).toBeUndefined();
  const thrown = new RangeError('mine');
  expect(() =>
    withinTime(10_000, 'x', () => {
      throw thrown;
    }),
  ).toThrow(thrown);
});

test('stops a pattern that backtracks for ever, and a loop', () => {
  const pattern = /^(a+)+$/;
  expect(() => withinTime(100, 'the text', () => pattern.test(`${'a'.repeat(50)}b`))).toThrow(
    'the text: did not come to an end within 0.1 s',
  );
  expect(() =>
    withinTime(100, 'the loop', () => {
      for (;;);
    }),
  ).toThrow('the loop: did not come to an end');
});
