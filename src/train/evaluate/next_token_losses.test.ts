import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { maxDifference } from '../../../test/support/lm_goldens.ts';
import type { ForwardRequest, ForwardResult, LanguageModel } from '../../lm/language_model.ts';
import { openLanguageModel } from '../../lm/session.ts';
import { createRng } from '../../tensor/rng.ts';
import { evaluationBatches, MAX_LOGITS } from './evaluation_batches.ts';
import { lossPass } from './next_token_losses.ts';

const options = { tokenizer: undefined, includesSpecial: false } as const;
const row = (length: number, first = 2): Int32Array =>
  Int32Array.from({ length }, (_, i) => first + (i % 50));

test('a row whose logits do not fit is looked at in pieces, with the same sum', async () => {
  const model = await openLanguageModel(
    fileURLToPath(new URL('../../../test/fixtures/lm/gemma2', import.meta.url)),
    { threads: 1 },
  );
  const rng = createRng(5, 'added');
  const values = Float32Array.from({ length: 17 * 20 }, () => rng.normal());
  const [batch] = evaluationBatches([row(17)], { config: model.config, ...options });
  const asked = { added: { at: 0, values }, capture: 'resid.1' } as const;
  const whole = await lossPass(model, batch!, asked);
  expect(whole.predictions).toBe(15);
  // One position, five positions, and all but one at a time.
  for (const maxLogits of [1, 5 * 61, 16 * 61]) {
    const pieces = await lossPass(model, batch!, { ...asked, maxLogits });
    expect(pieces.predictions).toBe(15);
    expect(pieces.sum).toBeCloseTo(whole.sum, 4);
    expect(maxDifference(pieces.captured!, whole.captured!)).toBeLessThan(1e-5);
  }
  const looked = await lossPass(model, batch!, { capture: 'resid.1', wantsLosses: false, maxLogits: 1 });
  expect([looked.sum, looked.predictions]).toEqual([0, 0]);
  await model.close();
});

test('a stop is heard while the losses of a run are summed up', async () => {
  const folder = fileURLToPath(new URL('../../../test/fixtures/lm/gemma2', import.meta.url));
  const model = await openLanguageModel(folder, { threads: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const stopping = {
    config: model.config,
    async forward(request: ForwardRequest): Promise<ForwardResult> {
      const result = await model.forward(request);
      // As a signal of the system comes: between two turns.
      setImmediate(() => controller.abort());
      return result;
    },
  } as LanguageModel;
  const [batch] = evaluationBatches([row(17)], { config: model.config, ...options });
  const { vocabSize } = model.config;
  await expect(lossPass(stopping, batch!, { signal, logitsPerTurn: 2 * vocabSize })).rejects.toMatchObject({
    kind: 'interrupted',
  });
  const whole = await lossPass(model, batch!, {});
  expect(await lossPass(model, batch!, { logitsPerTurn: 1 })).toEqual(whole);
  await model.close();
});

test('batches hold the longest rows first, and no more logits and tokens than fit', () => {
  const config = { vocabSize: 256_000, maxPositions: 8192 };
  const rows = [row(3), row(600), row(60), row(40), row(1), row(60)];
  const places = evaluationBatches(rows, { config, ...options }).map((batch) => batch.places);
  expect(MAX_LOGITS / 256_000).toBe(131.072);
  // 60 + 60 positions fit, 40 + 3 take 80; 600 do not fit and stand alone. One token alone predicts nothing that counts.
  expect(places).toEqual([[1], [2, 5], [3, 0]]);
  const small = { vocabSize: 10, maxPositions: 8192 };
  const batches = evaluationBatches(
    Array.from({ length: 20 }, () => row(100)),
    { config: small, ...options },
  );
  expect(batches.map(({ tokens }) => tokens.length)).toEqual([5, 5, 5, 5]);
});
