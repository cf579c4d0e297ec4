import { describe, expect, it } from 'vitest';
import { encodeModel } from './model.ts';
import { createProductEngine, productErrorBound } from './product.ts';
import { createMessage, finish } from './protobuf.ts';
import { loadOnnxRuntime } from './runtime.ts';

const { InferenceSession, Tensor } = await loadOnnxRuntime();

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

  it('C = A B^T for sizes that are no multiples of anything, within the stated bound', async () => {
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
      for (let r = 0; r < m; r++) {
        for (let q = 0; q < n; q++) {
          let exact = 0;
          for (let c = 0; c < d; c++) exact += a[r * d + c]! * b[q * d + c]!;
          expect(Math.abs(product[r * n + q]! - exact)).toBeLessThanOrEqual(productErrorBound(d));
        }
      }
    }
    await engine.close();
  });
});
