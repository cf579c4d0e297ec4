/** @file Sums of gradients per token id when ONNX Runtime has several threads: none may get lost. */

import { expect, it } from 'vitest';
import { loadOnnxRuntime } from '../runtime.ts';
import { multiply } from './elementwise.ts';
import { embedding } from './language.ts';
import { sum } from './reductions.ts';
import { Tape } from './tape.ts';

const [VOCABULARY, WIDTH, PLACES] = [8, 64, 6000];

it('the gradient of an embedding is exact where many places have one id, on 4 threads', async () => {
  const tape = new Tape();
  const ids = tape.indices('ids', [PLACES]);
  const looked = embedding(tape, tape.parameter('table', [VOCABULARY, WIDTH]), ids);
  const loss = sum(tape, multiply(tape, looked, tape.input('weights', [PLACES, WIDTH])));
  for (const [parameter, name] of tape.gradients(loss)) tape.expose('gradient', { ...parameter, name });
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const session = await InferenceSession.create(tape.encode(), { intraOpNumThreads: 4, logSeverityLevel: 3 });
  const feeds = {
    ids: new Tensor(
      'int64',
      BigInt64Array.from({ length: PLACES }, (_, i) => BigInt(i % 3)),
      [PLACES],
    ),
    table: new Tensor('float32', new Float32Array(VOCABULARY * WIDTH), [VOCABULARY, WIDTH]),
    // Ones: float32 adds them up without rounding.
    weights: new Tensor('float32', new Float32Array(PLACES * WIDTH).fill(1), [PLACES, WIDTH]),
  };
  const expected = Array.from({ length: VOCABULARY * WIDTH }, (_, i) => (i < 3 * WIDTH ? PLACES / 3 : 0));
  for (let run = 0; run < 20; run++) {
    const { gradient } = await session.run(feeds, ['gradient']);
    expect(Array.from(gradient!.data as Float32Array)).toEqual(expected);
  }
  await session.release();
});
