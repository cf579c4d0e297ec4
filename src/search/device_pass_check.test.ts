import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadOnnxRuntime, type OnnxRuntime } from '../onnx/runtime.ts';
import { checkColumns, checkProducts } from './device_pass_check.ts';
import { type ColumnSession, openColumns } from './device_pass_graph.ts';

/** float32 with fewer bits behind the point, rounded to nearest: what tensor cores make of a factor. */
function rounded(values: Float32Array, bits: number): Float32Array {
  const words = new Uint32Array(values.slice().buffer);
  const dropped = 23 - bits;
  for (let at = 0; at < words.length; at++) {
    words[at] = ((words[at]! + 2 ** (dropped - 1)) >>> dropped) << dropped;
  }
  return new Float32Array(words.buffer);
}

const WIDTHS = [1, 2, 3, 64, 1000, 1024, 2304, 16_384];

describe('whether a device multiplies in float32', () => {
  let runtime: OnnxRuntime;
  const open: ColumnSession[] = [];
  beforeAll(async () => {
    runtime = await loadOnnxRuntime();
  });
  afterAll(async () => {
    for (const session of open) await session.close();
  });

  async function sessionOf(d: number, bits = 23): Promise<ColumnSession> {
    const columns = checkColumns(d);
    const data = rounded(columns.data, bits);
    const session = await openColumns(runtime, 'cpu', { ...columns, data });
    open.push(session);
    return session;
  }

  test.each(WIDTHS)('float32 passes at width %i', async (d) => {
    await expect(checkProducts(await sessionOf(d), d, 'cpu')).resolves.toBeUndefined();
  });

  test.each(WIDTHS.flatMap((d) => [10, 7].map((bits) => [d, bits] as const)))(
    'at width %i factors of %i bits are refused, in both or in one operand',
    async (d, bits) => {
      for (const columnBits of [bits, 23]) {
        const session = await sessionOf(d, columnBits);
        const coarse: ColumnSession = { ...session, run: (rows) => session.run(rounded(rows, bits)) };
        await expect(checkProducts(coarse, d, 'cuda')).rejects.toMatchObject({
          kind: 'check',
          message: expect.stringMatching(/^device cuda: its products are not float32 \(relative error /),
        });
      }
    },
  );

  test('a device that mixes up blocks, or ends, or drops a column is refused', async () => {
    const session = await sessionOf(8);
    const swap = (values: Float32Array): Float32Array => values.map((_, at) => values[at ^ 1]!);
    const lies: ColumnSession['run'][] = [
      async (rows) => {
        const { high, low } = await session.run(rows);
        return { high: swap(high), low: swap(low) };
      },
      async (rows) => {
        const { high, low } = await session.run(rows);
        return { high: low, low: high };
      },
      async (rows) => {
        const { high, low } = await session.run(rows);
        return { high, low: low.fill(Number.NaN, 3, 4) };
      },
      async (rows) => {
        const { high, low } = await session.run(rows);
        return { high: high.map((value) => value / 8), low };
      },
    ];
    for (const run of lies) {
      await expect(checkProducts({ ...session, run }, 8, 'webgpu')).rejects.toMatchObject({ kind: 'check' });
    }
  });
});
