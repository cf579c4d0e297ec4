import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTinyModel } from '../../test/support/tiny_model.ts';
import { recommendedSteering } from '../concepts/recommended_steering.ts';
import { EMBEDDED_MODEL_FOLDER } from '../hub/embedded_default.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { openLanguageModel } from '../lm/session.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { measureMeanNorm, measureReplyNorm } from './mean_norm.ts';

let dir: string;
let model: LanguageModel;
let tokenizer: Tokenizer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-norm-'));
  await writeTinyModel(dir);
  tokenizer = await openTokenizer(dir);
  model = await openLanguageModel(dir, { threads: 1 });
});
afterAll(async () => {
  await model.close();
  await rm(dir, { recursive: true });
});

describe('of texts', () => {
  test('is the mean over tokens, the first and special ones left out', async () => {
    const texts = ['w5 w6 w7', 'w8 <eos> w9 w10'].map((text) => tokenizer.encode(text));
    const measured = await measureMeanNorm({ model, tokenizer, site: 1, texts });
    const norms: number[] = [];
    for (const tokens of texts) {
      const { captures } = await model.forward({ tokens: [tokens], capture: ['resid.1'] });
      const { shape, values } = captures.get('resid.1')!;
      const width = shape[2]!;
      for (let column = 1; column < tokens.length; column++) {
        if (tokenizer.isSpecial(tokens[column]!)) continue;
        norms.push(Math.hypot(...values.subarray(column * width, (column + 1) * width)));
      }
    }
    expect(measured.tokens).toBe(norms.length);
    expect(norms).toHaveLength(6);
    const mean = norms.reduce((sum, one) => sum + one, 0) / norms.length;
    expect(Math.abs(measured.value / mean - 1)).toBeLessThan(5e-6);
    expect(String(measured.value).replace(/\D/g, '').replace(/^0+/, '').length).toBeLessThanOrEqual(6);
  });

  test('behind the embedding too; texts are cut where the context ends', async () => {
    const long = Int32Array.from({ length: 200 }, (_, i) => 5 + (i % 20));
    const { maxPositions } = model.config;
    const whole = await measureMeanNorm({ model, tokenizer, site: 'emb', texts: [long] });
    expect(whole.tokens).toBe(maxPositions - 1);
    const cut = await measureMeanNorm({
      model,
      tokenizer,
      site: 'emb',
      texts: [long.subarray(0, maxPositions)],
    });
    expect(cut).toEqual(whole);
  });

  test('without a token that counts there is none', async () => {
    const texts = [tokenizer.encode(''), Int32Array.of(5), new Int32Array(0)];
    await expect(measureMeanNorm({ model, tokenizer, site: 1, texts })).rejects.toMatchObject({
      kind: 'usage',
      hint: expect.stringContaining('mean_norm'),
    });
  });

  test('interrupted between texts', async () => {
    const signal = AbortSignal.abort();
    const texts = [tokenizer.encode('w5 w6')];
    await expect(measureMeanNorm({ model, tokenizer, site: 1, texts, signal })).rejects.toMatchObject({
      kind: 'interrupted',
    });
  });
});

describe('of what a model says', () => {
  const { prompt, meanNorm } = recommendedSteering('organism/2-res-2k')!;

  test('is near what the card of the embedded default has measured on other texts, whatever the threads', async () => {
    const words = await openTokenizer(EMBEDDED_MODEL_FOLDER);
    const prompts = [{ text: prompt, tokens: words.encode(prompt) }];
    const values: number[] = [];
    for (const [threads, seed] of [
      [1, 3],
      [2, 3],
      [1, 4],
    ] as const) {
      const embedded = await openLanguageModel(EMBEDDED_MODEL_FOLDER, { threads, precision: 'f32' });
      const found = await measureReplyNorm({ model: embedded, tokenizer: words, site: 2, prompts, seed });
      values.push(found.value);
      await embedded.close();
      // The prompt's own tokens of every reply, and most of what follows them.
      expect(found.tokens).toBeGreaterThan(32 * 20);
    }
    const [first, again, other] = values;
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    // Replies to one question against texts of all kinds.
    for (const value of values) expect(Math.abs(value / meanNorm - 1)).toBeLessThan(0.15);
  });

  test('a prompt that fills the context counts alone', async () => {
    const { maxPositions } = model.config;
    const tokens = Int32Array.from({ length: maxPositions }, (_, i) => 5 + (i % 20));
    const prompts = [{ text: 'full', tokens }];
    const found = await measureReplyNorm({ model, tokenizer, site: 1, prompts, seed: 0 });
    expect(found.tokens).toBe(32 * (maxPositions - 1));
  });
});
