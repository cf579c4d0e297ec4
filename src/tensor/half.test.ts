import { describe, expect, test } from 'vitest';
import { halfToNumber } from './dtype.ts';
import { narrowToHalf } from './half.ts';

const narrow = (value: number): number => narrowToHalf(Float32Array.of(value))[0]!;

describe('narrowToHalf', () => {
  test('every binary16 that is a number comes back with its bits', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfToNumber(bits);
      if (Number.isNaN(value)) expect(halfToNumber(narrow(value))).toBeNaN();
      else if (narrow(value) !== bits) expect(narrow(value), `bits ${bits}`).toBe(bits);
    }
  });

  test('between two neighbours: the nearer one, and the even one in the middle', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [halfToNumber(bits), halfToNumber(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const off = (high - low) / 64;
      const found = [narrow(middle - off), narrow(middle), narrow(middle + off)];
      if (String(found) !== String([bits, even, bits + 1])) expect(found).toEqual([bits, even, bits + 1]);
    }
  });

  test('beyond the largest: infinity from the middle to the next on, and the sign stays', () => {
    expect(narrow(65_519.99)).toBe(0x7bff);
    expect(narrow(65_520)).toBe(0x7c00);
    expect(narrow(-1e30)).toBe(0xfc00);
    expect(narrow(-0)).toBe(0x8000);
    expect(narrow(2 ** -26)).toBe(0);
  });
});
