import { expect, it } from 'vitest';
import { forRunsInPlace, runInPlace } from './in_place.ts';
import { encodeModel, type ModelSpec } from './model.ts';
import { loadOnnxRuntime } from './runtime.ts';

const { InferenceSession, Tensor } = await loadOnnxRuntime();

const product: ModelSpec = {
  nodes: [
    { op: 'MatMul', inputs: ['a', 'b'], outputs: ['c'] },
    { op: 'Neg', inputs: ['c'], outputs: ['e'] },
  ],
  inputs: [
    { name: 'a', type: 'float32', dims: ['m', 512] },
    { name: 'b', type: 'float32', dims: [512, 512] },
  ],
  outputs: [
    { name: 'c', type: 'float32', dims: ['m', 512] },
    { name: 'e', type: 'float32', dims: ['m', 512] },
  ],
};
const filled = (rows: number): Float32Array =>
  Float32Array.from({ length: rows * 512 }, (_, at) => ((at * 7919) % 1009) / 1009 - 0.5);
const feeds = {
  a: new Tensor('float32', filled(512), [512, 512]),
  b: new Tensor('float32', filled(512).reverse(), [512, 512]),
};

it('fills every output as an ordinary run does, and makes no array for it', async () => {
  const ordinary = await InferenceSession.create(encodeModel(product));
  const expected = await ordinary.run(feeds);
  await ordinary.release();
  const session = await InferenceSession.create(encodeModel(forRunsInPlace(product)), {
    logSeverityLevel: 4,
  });
  const c = new Float32Array(512 * 512);
  const e = new Float32Array(512 * 512);
  const outputs = {
    c: new Tensor('float32', c, [512, 512]),
    e: new Tensor('float32', e, [512, 512]),
  };
  const before = process.memoryUsage().arrayBuffers;
  await runInPlace(session, feeds, outputs);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(c.byteLength / 2);
  expect(c).toEqual(expected['c']!.data);
  expect(e).toEqual(expected['e']!.data);
  await session.release();
});

it('does not take failures for the mark', async () => {
  const session = await InferenceSession.create(encodeModel(forRunsInPlace(product)), {
    logSeverityLevel: 4,
  });
  const c = new Tensor('float32', new Float32Array(512), [1, 512]);
  const e = new Tensor('float32', new Float32Array(512), [1, 512]);
  const narrow = new Tensor('float32', new Float32Array(511), [1, 511]);
  await expect(runInPlace(session, { a: narrow, b: feeds.b }, { c, e })).rejects.toThrow(/dimension/i);
  await expect(runInPlace(session, feeds, { c, e })).rejects.toThrow();
  await session.release();
});
