import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, type DType, halfToNumber, isFloat, widenToFloat32 } from './dtype.ts';

const DTYPES: DType[] = ['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'I16', 'I8', 'U8', 'BOOL'];

function widen(bytes: ArrayBufferView, dtype: DType): Float32Array {
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const target = new Float32Array(view.byteLength / bytesOf(dtype));
  widenToFloat32(view, dtype, target);
  return target;
}

const allWords = Uint16Array.from({ length: 65536 }, (_, i) => i);

describe('binary16', () => {
  test('all 65,536 values are numpy’s, bit for bit (NaNs as one)', () => {
    const bits = new Uint32Array(widen(allWords, 'F16').buffer).map((word) => {
      return (word & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : word;
    });
    const expected = readFileSync(new URL('../../test/golden/tensor/halves.sha256', import.meta.url), 'utf8');
    expect(createHash('sha256').update(new Uint8Array(bits.buffer)).digest('hex')).toBe(expected.trim());
  });

  test('landmarks of IEEE 754-2019, table 3.5', () => {
    expect(halfToNumber(0x0001)).toBe(2 ** -24);
    expect(halfToNumber(0x03ff)).toBe(2 ** -14 - 2 ** -24);
    expect(halfToNumber(0x0400)).toBe(2 ** -14);
    expect(halfToNumber(0x3c00)).toBe(1);
    expect(halfToNumber(0x7bff)).toBe(65504);
    expect(halfToNumber(0x8000)).toBe(-0);
    expect(halfToNumber(0xfc00)).toBe(-Infinity);
    expect(halfToNumber(0x7c01)).toBeNaN();
  });
});

test('bfloat16: all 65,536 values are the upper half of a float32', () => {
  const widened = new Uint32Array(widen(allWords, 'BF16').buffer);
  expect(widened.every((word, i) => word === (i << 16) >>> 0)).toBe(true);
});

test('float64 rounds to nearest, ties to even, and overflows to infinity', () => {
  const values = Float64Array.of(1 + 2 ** -24, 1 + 3 * 2 ** -24, 1e-46, 3.5e38, Number.NaN, -0);
  expect([...widen(values, 'F64')]).toEqual([1, 1 + 2 ** -22, 0, Infinity, Number.NaN, -0]);
});

test('integers and booleans widen to the nearest float32', () => {
  expect([...widen(BigInt64Array.of(-5n, 2n ** 40n), 'I64')]).toEqual([-5, 2 ** 40]);
  expect([...widen(Int32Array.of(-7, 2 ** 24 + 1), 'I32')]).toEqual([-7, 2 ** 24]);
  expect([...widen(Int16Array.of(-300), 'I16')]).toEqual([-300]);
  expect([...widen(Int8Array.of(-128), 'I8')]).toEqual([-128]);
  expect([...widen(Uint8Array.of(255, 0), 'U8')]).toEqual([255, 0]);
  expect([...widen(Uint8Array.of(1, 0), 'BOOL')]).toEqual([1, 0]);
});

test('float32 is copied, from and to any place, and nothing beside it is touched', () => {
  fc.assert(
    fc.property(fc.array(fc.float()), fc.nat(3), fc.nat(3), (values, skip, offset) => {
      const bytes = new Uint8Array(skip + values.length * 4);
      bytes.set(new Uint8Array(Float32Array.from(values).buffer), skip);
      const target = new Float32Array(offset + values.length + 1).fill(7);
      widenToFloat32(bytes.subarray(skip), 'F32', target, offset);
      expect([...target]).toEqual([...Array<number>(offset).fill(7), ...values, 7]);
    }),
  );
});

test('every type reads unaligned bytes the same as aligned ones', () => {
  for (const dtype of DTYPES) {
    const bytes = Uint8Array.from({ length: 48 }, (_, i) => (i * 37) % 256);
    const shifted = new Uint8Array(49);
    shifted.set(bytes, 1);
    expect(widen(shifted.subarray(1), dtype)).toEqual(widen(bytes, dtype));
  }
});

test('a target that is too short, or a part of an element, is an internal error', () => {
  expect(() => widenToFloat32(new Uint8Array(8), 'F32', new Float32Array(2), 1)).toThrow('past the end');
  expect(() => widenToFloat32(new Uint8Array(7), 'F32', new Float32Array(2))).toThrow('a part of an element');
});

test('weights come in four types', () => {
  expect(DTYPES.filter(isFloat)).toEqual(['F64', 'F32', 'F16', 'BF16']);
});
