import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeModel, type InitialiserSpec, type ValueSpec } from './model.ts';
import { createFixedProduct, createProductEngine, productErrorBound } from './product.ts';
import { createMessage, finish } from './protobuf.ts';
import { loadOnnxRuntime } from './runtime.ts';
import type { ElementType } from './tensor_proto.ts';

const { InferenceSession, Tensor } = await loadOnnxRuntime();

/** A constant's values as the runtime sees them, cast to float32. */
async function constantsOf(
  initialisers: readonly InitialiserSpec[],
  name: string,
  rank: number,
  folder?: string,
): Promise<number[]> {
  const model = encodeModel({
    nodes: [{ op: 'Cast', inputs: [name], outputs: ['out'], attributes: { to: { int: 1 } } }],
    inputs: [],
    outputs: [{ name: 'out', type: 'float32', dims: Array.from({ length: rank }, (_, i) => `n${i}`) }],
    initialisers,
  });
  const session = await InferenceSession.create(
    model,
    folder === undefined
      ? {}
      : { extra: { session: { model_external_initializers_file_folder_path: folder } } },
  );
  const { out } = await session.run({});
  await session.release();
  return Array.from(out!.data as Float32Array);
}

describe('protobuf wire format', () => {
  it('writes the examples of the encoding guide', () => {
    expect(finish(createMessage().integer(1, 150))).toEqual(Uint8Array.of(0x08, 0x96, 0x01));
    expect(finish(createMessage().text(2, 'testing'))).toEqual(
      Uint8Array.of(0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67),
    );
    expect(finish(createMessage().message(3, createMessage().integer(1, 150)))).toEqual(
      Uint8Array.of(0x1a, 0x03, 0x08, 0x96, 0x01),
    );
  });

  it('writes negative integers in ten bytes and floats in little-endian', () => {
    expect(finish(createMessage().integer(1, -1))).toEqual(Uint8Array.of(0x08, ...Array(9).fill(0xff), 0x01));
    expect(finish(createMessage().float(1, 1))).toEqual(Uint8Array.of(0x0d, 0, 0, 0x80, 0x3f));
  });
});

describe('models run on ONNX Runtime', () => {
  it('a node with float and int attributes and a symbolic dimension', async () => {
    const model = encodeModel({
      nodes: [
        {
          op: 'Gemm',
          inputs: ['a', 'b'],
          outputs: ['c'],
          attributes: { alpha: { float: 0.5 }, transA: { int: 1 } },
        },
      ],
      inputs: [
        { name: 'a', type: 'float32', dims: ['k', 2] },
        { name: 'b', type: 'float32', dims: ['k', 1] },
      ],
      outputs: [{ name: 'c', type: 'float32', dims: [2, 1] }],
    });
    const session = await InferenceSession.create(model);
    const { c } = await session.run({
      a: new Tensor('float32', [1, 2, 3, 4, 5, 6], [3, 2]),
      b: new Tensor('float32', [1, 10, 100], [3, 1]),
    });
    expect(Array.from(c!.data as Float32Array)).toEqual([265.5, 321]);
    await session.release();
  });

  it('constants inside the model, of every element type', async () => {
    const cast = (type: ElementType, data: ArrayBufferView, dims: number[]): Promise<number[]> =>
      constantsOf([{ name: 'w', type, dims, data }], 'w', dims.length);
    expect(await cast('float32', Float32Array.of(1.5, -2), [2])).toEqual([1.5, -2]);
    expect(await cast('int64', BigInt64Array.of(-3n, 2n ** 20n), [2, 1])).toEqual([-3, 2 ** 20]);
    expect(await cast('int32', Int32Array.of(-7), [1])).toEqual([-7]);
    expect(await cast('uint8', Uint8Array.of(0, 255), [2])).toEqual([0, 255]);
    expect(await cast('bool', Uint8Array.of(0, 1), [2])).toEqual([0, 1]);
    expect(await cast('float16', Uint16Array.of(0x3c00, 0xc100), [2])).toEqual([1, -2.5]);
    expect(await cast('bfloat16', Uint16Array.of(0x3f80, 0xc020), [2])).toEqual([1, -2.5]);
  });

  it('constants in a range of another file that begins at any byte', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'antipode-onnx-'));
    const bytes = new Uint8Array(3 + 8);
    bytes.set(new Uint8Array(Float32Array.of(0.5, -4).buffer), 3);
    await writeFile(join(dir, 'weights.bin'), bytes);
    const data = { location: 'weights.bin', offset: 3, length: 8 };
    expect(await constantsOf([{ name: 'w', type: 'float32', dims: [2], data }], 'w', 1, dir)).toEqual([
      0.5, -4,
    ]);
    await rm(dir, { recursive: true });
  });

  it('attributes of strings, lists and tensors, and an operator of com.microsoft', async () => {
    const model = encodeModel({
      nodes: [
        {
          name: 'half',
          op: 'Constant',
          inputs: [],
          outputs: ['half'],
          attributes: { value: { tensor: { type: 'float32', dims: [1, 2], data: Float32Array.of(0.5, 2) } } },
        },
        {
          op: 'Transpose',
          inputs: ['half'],
          outputs: ['column'],
          attributes: { perm: { ints: [1, 0] } },
        },
        { op: 'Gelu', inputs: ['column'], outputs: ['g'], attributes: { approximate: { string: 'tanh' } } },
        {
          op: 'FusedMatMul',
          domain: 'com.microsoft',
          inputs: ['a', 'g'],
          outputs: ['c'],
          attributes: { transB: { int: 1 } },
        },
      ],
      inputs: [{ name: 'a', type: 'float32', dims: [1, 1] }],
      outputs: [{ name: 'c', type: 'float32', dims: [1, 2] }],
    });
    const session = await InferenceSession.create(model);
    const { c } = await session.run({ a: new Tensor('float32', [1], [1, 1]) });
    const gelu = (x: number): number =>
      0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    expect(c!.dims).toEqual([1, 2]);
    expect(c!.data[0]).toBeCloseTo(gelu(0.5), 6);
    expect(c!.data[1]).toBeCloseTo(gelu(2), 6);
    await session.release();
  });

  it('branches, of which only the one that is chosen is computed, with values and operators of their own', async () => {
    const output = (name: string): ValueSpec => ({ name, type: 'float32', dims: ['n'] });
    const model = encodeModel({
      nodes: [
        {
          op: 'If',
          inputs: ['is_reshaped'],
          outputs: ['y'],
          attributes: {
            // Six numbers do not fit four places: computing it would fail.
            then_branch: {
              graph: {
                nodes: [{ op: 'Reshape', inputs: ['x', 'four'], outputs: ['a'] }],
                outputs: [output('a')],
              },
            },
            else_branch: {
              graph: {
                nodes: [{ op: 'QuickGelu', domain: 'com.microsoft', inputs: ['x'], outputs: ['b'] }],
                outputs: [output('b')],
              },
            },
          },
        },
      ],
      inputs: [
        { name: 'is_reshaped', type: 'bool', dims: [] },
        { name: 'x', type: 'float32', dims: ['n'] },
      ],
      outputs: [output('y')],
      initialisers: [{ name: 'four', type: 'int64', dims: [1], data: BigInt64Array.of(4n) }],
    });
    const session = await InferenceSession.create(model, { logSeverityLevel: 4 });
    const x = new Tensor('float32', [0, 1, 2, 3, 4, 5], [6]);
    const choose = (value: boolean): Promise<unknown> =>
      session.run({ x, is_reshaped: new Tensor('bool', [value], []) });
    const { y } = (await choose(false)) as { y: { data: Float32Array } };
    expect(y.data[0]).toBe(0);
    expect(y.data[5]).toBeCloseTo(5 / (1 + Math.exp(-1.702 * 5)), 5);
    await expect(choose(true)).rejects.toThrow(/Reshape/);
    await session.release();
  });

  it('data that does not fit its dims is a mistake of the program', () => {
    const initialiser: InitialiserSpec = { name: 'w', type: 'float32', dims: [3], data: Float32Array.of(1) };
    expect(() => encodeModel({ nodes: [], inputs: [], outputs: [], initialisers: [initialiser] })).toThrow(
      'internal: tensor w has 4 bytes, expected 12',
    );
  });

  it('C = A B^T, with B given anew and fixed, for sizes that are no multiples of anything, within the stated bound', async () => {
    const engine = await createProductEngine();
    for (const [m, n, d] of [
      [1, 1, 1],
      [3, 5, 7],
      [65, 33, 129],
    ] as const) {
      const unit = (rows: number, shift: number): Float32Array => {
        const values = Float32Array.from({ length: rows * d }, (_, i) => Math.sin(i * 1.7 + shift + 0.5));
        for (let r = 0; r < rows; r++) {
          const norm = Math.hypot(...values.subarray(r * d, (r + 1) * d));
          for (let c = 0; c < d; c++) values[r * d + c]! /= norm;
        }
        return values;
      };
      const a = unit(m, 0);
      const b = unit(n, 1);
      const product = await engine.multiply(a, b, { m, n, d }, new Float32Array(m * n));
      const fixed = await createFixedProduct(b, n, d);
      // The session holds a copy.
      b.slice().forEach((value, at) => {
        b[at] = 2 * value;
      });
      const byFixed = new Float32Array(m * n);
      await fixed.multiply(a, m, byFixed);
      await fixed.close();
      b.slice().forEach((value, at) => {
        b[at] = value / 2;
      });
      for (let r = 0; r < m; r++) {
        for (let q = 0; q < n; q++) {
          let exact = 0;
          for (let c = 0; c < d; c++) exact += a[r * d + c]! * b[q * d + c]!;
          expect(Math.abs(product[r * n + q]! - exact)).toBeLessThanOrEqual(productErrorBound(d));
          expect(Math.abs(byFixed[r * n + q]! - exact)).toBeLessThanOrEqual(productErrorBound(d));
        }
      }
    }
    await engine.close();
  });
});
