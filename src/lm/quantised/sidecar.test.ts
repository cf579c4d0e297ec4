import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  blocksOf,
  largeMatrices,
  makeSidecarPlace,
  openOf,
  type SidecarPlace,
  SMALL_PIECES,
} from '../../../test/support/sidecars.ts';
import { dequantise, type MatrixFile, writeMatrices } from '../../../test/support/stored_matrices.ts';

const golden = fileURLToPath(new URL('../../../test/golden/lm/blocks.json', import.meta.url));

let place: SidecarPlace;
let model: MatrixFile;
const fresh = (): Promise<string> => place.fresh();
beforeAll(async () => {
  place = await makeSidecarPlace();
  model = place.model;
});
afterAll(() => place.remove());

describe('what is in it', () => {
  interface Golden {
    outputs: number;
    inputs: number;
    [dtype: string]: unknown;
  }
  interface Stored {
    stored: string;
    q8: { quants: string; scales: string };
    q4: { quants: string; scales: string };
  }
  const hex = (view: ArrayBufferView): string =>
    Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
  const cases = (['F32', 'F16', 'BF16'] as const).flatMap((dtype) =>
    ([8, 4] as const).flatMap((bits) =>
      (['out-in', 'in-out'] as const).flatMap((layout) =>
        [undefined, 268].map((pieceWeights) => [dtype, bits, layout, pieceWeights] as const),
      ),
    ),
  );

  test.each(cases)('%s to %i bits, stored %s, pieces of %s: as numpy says', async (...given) => {
    const [dtype, bits, layout, pieceWeights] = given;
    const expected = JSON.parse(await readFile(golden, 'utf8')) as Golden;
    const { outputs, inputs } = expected;
    const { stored, q4, q8 } = expected[dtype] as Stored;
    const bytes = Buffer.from(stored, 'hex');
    const width = bytes.length / (outputs * inputs);
    const turned = Buffer.alloc(bytes.length);
    for (let i = 0; i < outputs * inputs; i++) {
      const to = (i % inputs) * outputs + Math.floor(i / inputs);
      bytes.copy(turned, to * width, i * width, (i + 1) * width);
    }
    const data = layout === 'out-in' ? bytes : turned;
    const file = await writeMatrices(await fresh(), [{ name: 'w', dtype, outputs, inputs, layout, data }]);
    const sidecar = await openOf(file, await fresh(), { bits, pieceWeights });
    const { quants, scales } = await blocksOf(sidecar, 'w');
    expect({ quants: hex(quants), scales: hex(scales) }).toEqual(bits === 8 ? q8 : q4);
    const { quants: range, scales: scaleRange } = sidecar.matrix('w');
    const whole = await readFile(sidecar.path);
    expect(whole.subarray(range.data.offset, range.data.offset + range.data.length).toString('hex')).toBe(
      hex(quants),
    );
    expect(scaleRange.data.length).toBe(4 * scaleRange.dims.reduce((a, b) => a * b));
  });

  test('both layouts of one matrix give the same blocks, within half a scale of the weights', async () => {
    const [a] = largeMatrices();
    const values = a!.data as Float32Array;
    const turned = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) turned[(i % 512) * 512 + Math.floor(i / 512)] = values[i]!;
    const shape = { dtype: 'F32', outputs: 512, inputs: 512 } as const;
    const file = await writeMatrices(await fresh(), [
      { name: 'a', ...shape, data: values },
      { name: 't', ...shape, layout: 'in-out', data: turned },
    ]);
    const sidecar = await openOf(file, await fresh(), { pieceWeights: 100 * 512 });
    const [plain, transposed] = [await blocksOf(sidecar, 'a'), await blocksOf(sidecar, 't')];
    expect(transposed).toEqual(plain);
    const back = dequantise(plain.quants, plain.scales, { outputs: 512, inputs: 512, bits: 8 });
    let worst = 0;
    for (const [i, value] of values.entries()) {
      const scale = plain.scales[Math.floor(i / 64)]!;
      worst = Math.max(worst, Math.abs(back[i]! - value) / scale);
    }
    expect(worst).toBeGreaterThan(0.49);
    expect(worst).toBeLessThan(0.5001);
  });

  test('the bytes do not depend on workers and pieces', async () => {
    const one = await openOf(model, await fresh(), { threads: 1 });
    const many = await openOf(model, await fresh(), { threads: 3, pieceWeights: SMALL_PIECES });
    expect([one.made, many.made]).toEqual([
      { made: 2, kept: 0 },
      { made: 512, kept: 0 },
    ]);
    expect((await readFile(one.path)).equals(await readFile(many.path))).toBe(true);
    expect(await readdir(join(many.path, '..'))).toEqual(['q8.safetensors']);
  });
});
