import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dequantise, type MatrixData, writeMatrices } from '../../../test/support/stored_matrices.ts';
import { openFileSource, readBytes } from '../../formats/source.ts';
import { encodeModel } from '../../onnx/model.ts';
import { loadOnnxRuntime } from '../../onnx/runtime.ts';
import { createRng } from '../../tensor/rng.ts';
import { openSidecar, type Sidecar } from '../quantised/sidecar.ts';
import { openWeights } from '../weights.ts';
import { exactProducts } from './exact_products.ts';
import { createGraph } from './graph.ts';
import { quantisedProducts } from './quantised_products.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-nbits-'));
});
afterAll(() => rm(dir, { recursive: true }));

const OUTPUTS = 37;

interface Product {
  /** x `[rows, inputs]` times the quantised matrix, by ONNX Runtime. */
  multiply(x: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
  /** `[outputs, inputs]`, read from the file by the definition. */
  readonly weights: Float64Array;
}

async function quantised(matrix: MatrixData, bits: 4 | 8): Promise<Product> {
  const { inputs, layout, outputs } = matrix;
  const folder = await mkdtemp(join(dir, 'x-'));
  const { matrices, root } = await writeMatrices(folder, [matrix]);
  const sidecar = await openSidecar(matrices, { bits, cacheDir: folder, root });
  const weights = await openWeights(folder);
  const graph = createGraph(weights, quantisedProducts(sidecar.matrix, exactProducts()));
  const x = graph.input('x', 'float32', ['r', inputs]);
  const linear = layout === 'in-out' ? graph.products.linearInOut : graph.products.linear;
  graph.output('y', linear(x, { name: matrix.name, outputs, inputs }), ['r', outputs]);
  const model = encodeModel(await graph.finish());
  await weights.close();
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: 1,
    extra: { session: { model_external_initializers_file_folder_path: root } },
  });
  return {
    async multiply(values) {
      const input = new Tensor('float32', values, [values.length / inputs, inputs]);
      return (await session.run({ x: input }, ['y']))['y']!.data as Float32Array;
    },
    close: () => session.release(),
    weights: await readWeights(sidecar, matrix, bits),
  };
}

async function readWeights(
  { matrix, path }: Sidecar,
  { name, outputs, inputs }: MatrixData,
  bits: number,
): Promise<Float64Array> {
  const { quants, scales } = matrix(name);
  const source = await openFileSource(path);
  const bytes = await readBytes(source, quants.data.offset, quants.data.length);
  const raw = await readBytes(source, scales.data.offset, scales.data.length);
  await source.close();
  return dequantise(bytes, new Float32Array(raw.buffer), { outputs, inputs, bits });
}

const random = (label: string, length: number, scale = 1): Float32Array => {
  const rng = createRng(11, label);
  return Float32Array.from({ length }, () => scale * rng.normal());
};

/** Below a block, a whole one, and with a rest. */
const WIDTHS = [20, 128, 140, 512] as const;
const cases = WIDTHS.flatMap((inputs) =>
  ([8, 4] as const).flatMap((bits) =>
    (['out-in', 'in-out'] as const).map((layout) => ({ inputs, bits, layout })),
  ),
);
const matrixOf = ({ inputs, layout }: (typeof cases)[number]): MatrixData => ({
  name: 'w',
  dtype: 'F32',
  outputs: OUTPUTS,
  inputs,
  layout,
  data: random(`w${inputs}`, OUTPUTS * inputs, 0.05),
});

describe.each(cases)('$bits bits, $inputs inputs, stored $layout', (one) => {
  const { bits, inputs } = one;

  test('the runtime reads the blocks as they are meant: unit vectors give back the weights', async () => {
    const product = await quantised(matrixOf(one), bits);
    const units = new Float32Array(inputs * inputs);
    for (let i = 0; i < inputs; i++) units[i * inputs + i] = 1;
    const columns = await product.multiply(units);
    const largest = Math.max(...product.weights.map(Math.abs));
    let worst = 0;
    for (let k = 0; k < inputs; k++) {
      for (let n = 0; n < OUTPUTS; n++) {
        const got = columns[k * OUTPUTS + n]!;
        worst = Math.max(worst, Math.abs(got - product.weights[n * inputs + k]!));
      }
    }
    // A unit is 127 steps of 1 / 127 exactly, so that what is left are float32 roundings.
    expect(worst).toBeLessThan(1e-6 * largest);
    await product.close();
  });

  test.each([1, 7])(
    '%i rows: off by what rounding activations to 8 bits allows, and no more',
    async (rows) => {
      const product = await quantised(matrixOf(one), bits);
      const x = random(`x${rows}`, rows * inputs);
      const y = await product.multiply(x);
      for (let r = 0; r < rows; r++) {
        for (let n = 0; n < OUTPUTS; n++) {
          const row = x.subarray(r * inputs, (r + 1) * inputs);
          const weights = product.weights.subarray(n * inputs, (n + 1) * inputs);
          const { exact, bound } = reference(row, weights, bits === 8 ? 64 : 128);
          expect(Math.abs(y[r * OUTPUTS + n]! - exact)).toBeLessThanOrEqual(bound);
        }
      }
      await product.close();
    },
  );
});

/**
 * The product in float64, and the most that it can be off: accuracy level 4 rounds each activation to one of 255 steps between plus and minus
 * the largest of its block, so by at most half a step, largest / 254. A thousandth of that and 1e-6 are left for float32 roundings.
 */
function reference(x: Float32Array, w: Float64Array, size: number): { exact: number; bound: number } {
  let [exact, bound] = [0, 1e-6];
  for (let from = 0; from < x.length; from += size) {
    const block = x.subarray(from, from + size);
    const largest = Math.max(...block.map(Math.abs));
    for (const [i, value] of block.entries()) {
      exact += value * w[from + i]!;
      bound += (largest / 254) * 1.001 * Math.abs(w[from + i]!);
    }
  }
  return { exact, bound };
}
