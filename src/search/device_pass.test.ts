import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { everyPair, firstOf } from '../../test/support/every_pair.ts';
import { gaussianRows } from '../../test/support/search_devices.ts';
import { loadOnnxRuntime, type OnnxRuntime } from '../onnx/runtime.ts';
import { cosine, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { devicePass } from './device_pass.ts';
import { deviceErrorBound, openColumns } from './device_pass_graph.ts';
import { columnParts, mostRows, nextRows } from './device_pass_plan.ts';
import { searchPairs } from './search_pairs.ts';

let runtime: OnnxRuntime;
beforeAll(async () => {
  runtime = await loadOnnxRuntime();
});

/** The graph that devices run, on ONNX Runtime's CPU provider. */
async function expectExact(k: number, a: FeatureMatrix, b?: FeatureMatrix): Promise<void> {
  const seen: number[] = [];
  const truth = everyPair(a, b);
  const found = await devicePass({
    a,
    ...(b && { b }),
    k,
    runtime,
    device: 'cpu',
    onProgress: (done, total) => seen.push(done / total),
  });
  expect(found).toMatchObject(firstOf(truth, k));
  if (truth.length > 0 && k > 0) expect(seen.at(-1)).toBe(1);
  expect(seen).toEqual([...seen].sort((x, y) => x - y));
}

describe('the pass for devices equals brute force in float64', () => {
  const cases: [string, FeatureMatrix, number][] = [
    ['gaussian, last block partial', gaussianRows(520, 24, 1), 50],
    ['a whole number of blocks', gaussianRows(256, 10, 2), 7],
    ['one row more than a whole number of blocks', gaussianRows(257, 10, 3), 7],
    ['so few rows that no whole block is met', gaussianRows(64, 5, 4), 9],
    ['one block and one row', gaussianRows(65, 5, 5), 9],
    ['width 1: every cosine is exactly 1 or -1, thousands of ties', gaussianRows(300, 1, 6), 40],
    ['all pairs positive, so that filling up with zeros would show', gaussianRows(200, 6, 7, absolute), 30],
    ['k larger than the number of pairs', gaussianRows(90, 6, 8), 10_000],
    ['one row', gaussianRows(1, 6, 9), 3],
    ['two rows', gaussianRows(2, 3, 10), 1],
    ['no row with a direction', gaussianRows(70, 3, 11, (data) => data.fill(0)), 5],
    ['k = 0', gaussianRows(50, 5, 12), 0],
    [
      'identical rows, antipodes, zero rows, NaN rows, infinite rows',
      gaussianRows(360, 16, 13, (data) => {
        for (let row = 100; row < 160; row++) data.copyWithin(row * 16, 0, 16);
        for (let c = 0; c < 16; c++) data[200 * 16 + c] = -data[c]!;
        data.fill(0, 300 * 16, 301 * 16);
        data[310 * 16 + 3] = Number.NaN;
        data[311 * 16] = Number.POSITIVE_INFINITY;
      }),
      30,
    ],
    [
      'rows of very different lengths, denormals among them',
      gaussianRows(200, 8, 14, (data) => {
        for (let c = 0; c < 8; c++) {
          data[c]! *= 1e-42;
          data[8 + c]! *= 1e30;
        }
      }),
      25,
    ],
  ];
  it.each(cases)('%s', (_, matrix, k) => expectExact(k, matrix));

  it('between two matrices of different sizes, either way round, and with one that has no direction', async () => {
    const a = gaussianRows(330, 12, 15);
    const b = gaussianRows(70, 12, 16, (data) => data.fill(0, 24, 36));
    await expectExact(15, a, b);
    await expectExact(15, b, a);
    await expectExact(
      15,
      a,
      gaussianRows(3, 12, 17, (data) => data.fill(0)),
    );
    await expectExact(100, gaussianRows(9, 12, 18, absolute), gaussianRows(9, 12, 19, absolute));
  });

  it('any rows, copies and antipodes of rows, rows without a direction', async () => {
    const shapes = fc.record({
      n: fc.integer({ min: 1, max: 150 }),
      m: fc.option(fc.integer({ min: 1, max: 150 }), { nil: undefined }),
      d: fc.integer({ min: 1, max: 20 }),
      k: fc.integer({ min: 1, max: 60 }),
      seed: fc.nat(),
      /** Row, what becomes of it, and the row that it is made of. */
      edits: fc.array(fc.tuple(fc.nat(149), fc.constantFrom(0, 1, -1, Number.NaN), fc.nat(149)), {
        maxLength: 40,
      }),
    });
    const run = fc.asyncProperty(shapes, async ({ n, m, d, k, seed, edits }) => {
      const make = (count: number, from: number): FeatureMatrix =>
        gaussianRows(count, d, from, (data) => {
          for (const [row, factor, other] of edits) {
            const [to, source] = [(row % count) * d, (other % count) * d];
            for (let c = 0; c < d; c++) data[to + c] = factor * data[source + c]!;
          }
        });
      await expectExact(k, make(n, seed), m === undefined ? undefined : make(m, seed + 1));
    });
    await fc.assert(run, { numRuns: runs(40) });
  });

  it('over several blocks of columns and chunks of rows', async () => {
    const a = gaussianRows(8300, 24, 20);
    const b = gaussianRows(4200, 24, 21);
    expect([columnParts(8300, 24).length, columnParts(4200, 24).length]).toEqual([3, 2]);
    const within = await devicePass({ a, k: 200, runtime, device: 'cpu' });
    expect(within).toEqual(await searchPairs({ a, k: 200 }));
    const between = await devicePass({ a, b, k: 200, runtime, device: 'cpu' });
    expect(between).toEqual(await searchPairs({ a, b, k: 200 }));
  });
});

function absolute(data: Float32Array): void {
  data.forEach((value, at) => {
    data[at] = Math.abs(value);
  });
}

describe('what can go wrong', () => {
  it('an abort ends it between two chunks', async () => {
    const a = gaussianRows(900, 16, 21);
    const controller = new AbortController();
    let calls = 0;
    const search = devicePass({
      a,
      k: 5,
      runtime,
      device: 'cpu',
      signal: controller.signal,
      onProgress: () => {
        calls++;
        controller.abort();
      },
    });
    await expect(search).rejects.toMatchObject({ kind: 'interrupted' });
    expect(calls).toBe(1);
  });

  it('a device whose products leave their bound is found out, not believed', async () => {
    const { InferenceSession, Tensor } = runtime;
    const a = gaussianRows(200, 16, 22);
    const off: OnnxRuntime = {
      ...runtime,
      Tensor,
      InferenceSession: {
        ...InferenceSession,
        async create(...args: Parameters<typeof InferenceSession.create>) {
          const session = await InferenceSession.create(...args);
          const run = session.run.bind(session) as typeof session.run;
          session.run = async (feeds: Parameters<typeof run>[0]) => {
            const out = await run(feeds);
            const high = out['high']!.data as Float32Array;
            for (let at = 0; at < high.length; at++) high[at]! += 1e-3;
            return out;
          };
          return session;
        },
      } as typeof InferenceSession,
    };
    await expect(devicePass({ a, k: 5, runtime: off, device: 'cpu' })).rejects.toMatchObject({
      kind: 'check',
    });
  });
});

describe('the bound of device products', () => {
  /** One huge coordinate, alternating signs that cancel, denormals, and sums that round at every step. */
  const rows: [string, (c: number, d: number) => number][] = [
    ['huge', (c) => (c === 7 ? 1e20 : 1 + c / 3)],
    ['alternating', (c) => (c % 2 === 0 ? 1 : -1) * (1 + c * 1e-7)],
    ['denormal', (c) => (c % 3 === 0 ? 1 : 1e-41)],
    ['falling', (c) => 0.9 ** c],
    ['equal', () => 1 / 3],
  ];
  it.each([1, 17, 2304])('holds at width %i for rows made against it', async (d) => {
    const matrix = toFeatureMatrix({
      data: Float32Array.from({ length: rows.length * d }, (_, at) =>
        rows[Math.floor(at / d)]![1](at % d, d),
      ),
      rows: rows.length,
      cols: d,
    });
    const unit = Float32Array.from(matrix.data, (value, at) => value / matrix.norms[Math.floor(at / d)]!);
    for (let j = 0; j < rows.length; j++) {
      // Every column is row j, so that both ends of the block are its product.
      const data = Float32Array.from({ length: 64 * d }, (_, at) => unit[j * d + (at % d)]!);
      const session = await openColumns(runtime, 'cpu', { data, n: 64, d });
      const { high, low } = await session.run(unit);
      await session.close();
      for (let i = 0; i < rows.length; i++) {
        const exact = cosine(matrix, i, matrix, j);
        expect(Math.abs(high[i]! - exact), `${rows[i]![0]}, ${rows[j]![0]}`).toBeLessThan(
          deviceErrorBound(d),
        );
        expect(Math.abs(low[i]! - exact)).toBeLessThan(deviceErrorBound(d));
      }
    }
  });
});

describe('the plan', () => {
  it.each([
    [1, 4],
    [64, 4],
    [4097, 16],
    [16_384, 2304],
    [65_536, 2304],
    [500, 400_000],
  ])(
    '%i columns of width %i: every column once, whole blocks, tensors within what WebGPU binds',
    (count, d) => {
      const parts = columnParts(count, d);
      expect(parts[0]!.from).toBe(0);
      expect(parts.at(-1)!.to).toBe(count);
      for (const [at, { from, to }] of parts.entries()) {
        expect(from % 64).toBe(0);
        expect(to).toBeGreaterThan(from);
        if (at > 0) expect(from).toBe(parts[at - 1]!.to);
        const n = 64 * Math.ceil((to - from) / 64);
        const m = mostRows(n, d);
        expect(m % 64).toBe(0);
        const least = 64 * 4 * d;
        for (const bytes of [n * d * 4, m * d * 4, m * n * 4])
          expect(bytes).toBeLessThanOrEqual(Math.max(2 ** 26, least));
      }
    },
  );

  it('chunks grow while they are quick, shrink when they are slow, and never to nothing', () => {
    expect(nextRows(64, 1, 4096)).toBe(128);
    expect(nextRows(4096, 1, 4096)).toBe(4096);
    expect(nextRows(512, 70, 4096)).toBe(512);
    expect(nextRows(512, 5000, 4096)).toBe(256);
    expect(nextRows(64, 5000, 4096)).toBe(64);
  });
});
