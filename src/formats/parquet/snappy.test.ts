import { describe, expect, test } from 'vitest';
import { unsnappy } from './snappy.ts';

/** Blocks by hand from google/snappy, format_description.txt. */
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);
const ascii = (s: string): number[] => [...s].map((c) => c.charCodeAt(0));

describe('elements', () => {
  test.each([
    ['a literal', [3, 2 << 2, ...ascii('abc')], 3, 'abc'],
    ['a copy with one byte of offset', [7, 2 << 2, ...ascii('abc'), 0b01, 3], 7, 'abcabca'],
    ['a copy with two bytes of offset', [6, 2 << 2, ...ascii('abc'), (2 << 2) | 2, 3, 0], 6, 'abcabc'],
    ['a copy with four bytes of offset', [6, 2 << 2, ...ascii('abc'), (2 << 2) | 3, 3, 0, 0, 0], 6, 'abcabc'],
    ['a copy into itself', [5, 0, ...ascii('a'), 0b01, 1], 5, 'aaaaa'],
    ['a literal with its length behind', [2, 60 << 2, 1, ...ascii('ab')], 2, 'ab'],
    ['nothing', [0], 0, ''],
  ])('%s', (_, bytes, length, expected) => {
    expect(text(unsnappy(Uint8Array.from(bytes), length))).toBe(expected);
  });

  test.each([
    ['another length than asked for', [3, 2 << 2, ...ascii('abc')], 4],
    ['no preamble', [], 0],
    ['an endless preamble', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], 0],
    ['a literal past the input', [3, 2 << 2, ...ascii('ab')], 3],
    ['a literal past the output', [1, 2 << 2, ...ascii('abc')], 1],
    ['a copy from before the start', [5, 0, ...ascii('a'), 0b01, 2], 5],
    ['a copy of offset 0', [5, 0, ...ascii('a'), 0b01, 0], 5],
    ['a copy past the output', [2, 0, ...ascii('a'), 0b01, 1], 2],
    ['a copy without its offset', [5, 0, ...ascii('a'), 0b10, 1], 5],
    ['too little output', [3, 1 << 2, ...ascii('ab')], 3],
    ['a literal length that is negative in 32 bits', [4, 63 << 2, 0xf0, 0xff, 0xff, 0xff, 0, 0], 4],
  ])('%s is refused', (_, bytes, length) => {
    expect(unsnappy(Uint8Array.from(bytes), length)).toBeUndefined();
  });
});
