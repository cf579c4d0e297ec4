import { describe, expect, it } from 'vitest';
import { type ByteProduct, exactLevels } from './self_test.ts';

/** Products by the definition, with sums of two as the machine under test makes them. */
function machine(addTwo: (x: number, y: number) => number): ByteProduct {
  return async (a, b, { m, k, n }) => {
    const right = new Int8Array(b.buffer);
    const products = new Int32Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        let ones = 0;
        for (let c = 0; c < k; c += 2) {
          const [x, y] = [right[c * n + j]!, right[(c + 1) * n + j]!];
          sum += addTwo(a[i * k + c]! * x, a[i * k + c + 1]! * y);
          ones += x + y;
        }
        products[i * n + j] = sum - 128 * ones;
      }
    }
    return products;
  };
}

const saturate = (x: number): number => Math.max(-32768, Math.min(32767, x));

describe('exactLevels', () => {
  it('trusts exact products with all of a byte', async () => {
    expect(await exactLevels(machine((x, y) => x + y))).toBe(127);
  });

  it('falls back to 7 bits where sums of two products saturate at 16 bits, as vpmaddubsw does', async () => {
    expect(await exactLevels(machine((x, y) => saturate(x + y)))).toBe(63);
  });

  it('trusts nothing where even those are wrong', async () => {
    expect(await exactLevels(machine((x, y) => (x + y) & ~1))).toBe(0);
  });
});
