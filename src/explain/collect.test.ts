import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTinyModel, writeTinySae } from '../../test/support/tiny_model.ts';
import { failure } from '../../test/support/tokenizer_fixtures.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { openLanguageModel } from '../lm/session.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { encode } from '../sae/encode.ts';
import { openSae } from '../sae/open.ts';
import type { Sae, SaeFile } from '../sae/sae.ts';
import { createRng } from '../tensor/rng.ts';
import { type CollectOptions, type CorpusRow, collectFeatureStatistics } from './collect.ts';
import { effectiveWords, massShare } from './statistics.ts';

const FEATURES = 40;
const LAYER = 1;

let folder: string;
let model: LanguageModel;
let tokenizer: Tokenizer;
let file: SaeFile;
let sae: Sae;
let rows: CorpusRow[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-collect-'));
  const { dModel, vocabulary } = await writeTinyModel(folder);
  await writeTinySae(join(folder, 'sae.npz'), FEATURES, dModel);
  model = await openLanguageModel(folder);
  tokenizer = await openTokenizer(folder);
  file = await openSae(join(folder, 'sae.npz'), { env: {}, cwd: folder });
  sae = await file.load();
  const rng = createRng(7, 'collect-test');
  rows = Array.from({ length: 60 }, (_, document) => ({
    document,
    tokens: [1, ...Array.from({ length: 1 + rng.integer(12) }, () => 2 + rng.integer(vocabulary - 2))],
  }));
});

afterAll(async () => {
  await file.close();
  await model.close();
  await rm(folder, { recursive: true });
});

function options(more: Partial<CollectOptions> = {}): CollectOptions {
  return {
    model,
    tokenizer,
    capture: `resid.${LAYER}`,
    dSae: FEATURES,
    encode: (x) => encode(sae, x),
    rows,
    ...more,
  };
}

interface Fired {
  readonly document: number;
  readonly position: number;
  readonly word: string;
  readonly next: string | undefined;
  readonly activation: number;
}

/** One row at a time, without anything of what is tested: every firing of a feature. */
async function firingsOf(feature: number, from: readonly CorpusRow[] = rows): Promise<Fired[]> {
  const fired: Fired[] = [];
  for (const { document, tokens } of from) {
    const { captures } = await model.forward({
      tokens: [tokens],
      capture: [`resid.${LAYER}`],
      logits: 'none',
    });
    const { values, shape } = captures.get(`resid.${LAYER}`)!;
    const acts = await encode(sae, { data: values, rows: tokens.length, cols: shape[2]! });
    for (let position = 1; position < tokens.length; position++) {
      const activation = acts.data[position * FEATURES + feature]!;
      if (activation === 0) continue;
      const next = tokens[position + 1];
      fired.push({
        document,
        position,
        activation,
        word: `w${tokens[position]}`,
        next: next === undefined ? undefined : `w${next}`,
      });
    }
  }
  return fired;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('collectFeatureStatistics', () => {
  test('gathers what a loop over single rows finds', async () => {
    const statistics = await collectFeatureStatistics(options({ top: 5, window: 6 }));
    const tokens = sum(rows.map((row) => row.tokens.length - 1));
    expect(statistics).toMatchObject({ dSae: FEATURES, documents: 60, tokens, skippedTokens: 60 });
    let alive = 0;
    for (const feature of [0, 7, 13, 39]) {
      const fired = await firingsOf(feature);
      alive += fired.length > 0 ? 1 : 0;
      const mass = sum(fired.map(({ activation }) => activation));
      expect(statistics.firings(feature)).toBe(fired.length);
      expect(statistics.density(feature)).toBe(fired.length / tokens);
      expect(statistics.mass(feature)).toBeCloseTo(mass, 3);
      expect(statistics.maxActivation(feature)).toBeCloseTo(
        Math.max(0, ...fired.map((one) => one.activation)),
        4,
      );
      const masses = statistics.wordMass(feature);
      for (const word of new Set(fired.map((one) => one.word))) {
        const there = fired.filter((one) => one.word === word);
        expect(masses.get(word)).toBeCloseTo(sum(there.map((one) => one.activation)), 3);
        const ahead = fired.filter((one) => one.next === word);
        const found = statistics.nextWords(feature).words.find((one) => one.word === word);
        expect(found?.firings ?? 0).toBe(ahead.length);
      }
      expect(sum([...masses.values()])).toBeCloseTo(mass, 3);
      expect(statistics.words(feature).maxError).toBe(0);
      expect(sum(statistics.histogram(feature).counts)).toBe(fired.length);
      expect(sum([...statistics.positionMass(feature)])).toBeCloseTo(mass, 3);
    }
    expect(alive).toBeGreaterThan(1);
    expect(statistics.wordTokens('w5')).toBe(
      sum(rows.map((row) => Array.from(row.tokens).filter((id) => id === 5).length)),
    );
  });

  test('contexts are the largest activations of distinct documents, with what fires around them', async () => {
    const statistics = await collectFeatureStatistics(options({ top: 5, window: 6 }));
    for (const feature of [0, 7, 13]) {
      const fired = await firingsOf(feature);
      const best = new Map<number, Fired>();
      for (const one of fired) {
        const before = best.get(one.document);
        if (!before || one.activation > before.activation) best.set(one.document, one);
      }
      const expected = [...best.values()].sort((a, b) => b.activation - a.activation).slice(0, 5);
      const contexts = statistics.contexts(feature);
      expect(contexts.map(({ document, peak }) => [document, peak])).toEqual(
        expected.map(({ document, position }) => [document, position]),
      );
      for (const { document, row, from, to, peak, activation, activations } of contexts) {
        expect(Array.from(row)).toEqual(rows[document]!.tokens);
        expect(to - from).toBe(Math.min(6, row.length));
        expect(peak >= from && peak < to).toBe(true);
        expect(activations[peak - from]).toBe(activation);
        for (let position = from; position < to; position++) {
          const there = fired.find((one) => one.document === document && one.position === position);
          expect(activations[position - from]).toBeCloseTo(there?.activation ?? 0, 4);
        }
      }
    }
  });

  test('chosen features, gathered from all or encoded alone, say the same', async () => {
    const features = [3, 7, 20];
    const all = await collectFeatureStatistics(options());
    const chosen = await collectFeatureStatistics(options({ features }));
    const part = await file.loadFeatures(features);
    const alone = await collectFeatureStatistics(options({ features, encode: (x) => encode(part, x) }));
    for (const statistics of [chosen, alone]) {
      expect(statistics.features).toEqual(features);
      for (const feature of features) {
        expect(statistics.wordMass(feature)).toEqual(all.wordMass(feature));
        expect(statistics.contexts(feature)).toEqual(all.contexts(feature));
      }
      expect(() => statistics.mass(4)).toThrow('feature 4: is not among those that were looked at');
    }
  });

  test('a limit on tokens is kept exactly', async () => {
    const statistics = await collectFeatureStatistics(options({ maxTokens: 100 }));
    expect(statistics.tokens).toBe(100);
    const all = await collectFeatureStatistics(options({ maxTokens: 1e9 }));
    expect(all.tokens).toBe(sum(rows.map((row) => row.tokens.length - 1)));
  });

  test('refuses an SAE that gives NaN, a corpus without words, and features that are not there', async () => {
    const nan = Promise.resolve({
      data: new Float32Array(FEATURES * 512).fill(Number.NaN),
      rows: 1,
      cols: FEATURES,
    });
    expect((await failure(() => collectFeatureStatistics(options({ encode: () => nan })))).message).toContain(
      'feature 0: its activation is not a number (document 0, token 1)',
    );
    expect(await failure(() => collectFeatureStatistics(options({ rows: [] })))).toMatchObject({
      kind: 'missing',
    });
    const only = [{ document: 0, tokens: [1] }];
    expect(await failure(() => collectFeatureStatistics(options({ rows: only })))).toMatchObject({
      kind: 'missing',
    });
    for (const features of [[40], [-1], [2, 2], [3, 1]]) {
      expect(await failure(() => collectFeatureStatistics(options({ features })))).toMatchObject({
        kind: 'usage',
      });
    }
  });

  test('stops between batches', async () => {
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    expect(
      await failure(() => collectFeatureStatistics(options({ signal: stop.signal, onProgress }))),
    ).toMatchObject({ kind: 'interrupted' });
  });
});

describe('shares and effective words', () => {
  const words = {
    words: [
      { word: 'a', mass: 4, firings: 1 },
      { word: 'b', mass: 4, firings: 1 },
      { word: 'c', mass: 2, firings: 1 },
    ],
    total: 10,
    maxError: 0,
  };

  test('share of the mass, and exp of the entropy', () => {
    expect(massShare(words, new Set(['a', 'c', 'z']))).toBeCloseTo(0.6);
    expect(massShare({ words: [], total: 0, maxError: 0 }, new Set(['a']))).toBe(0);
    expect(effectiveWords(words, new Set(['a', 'b']))).toBeCloseTo(2);
    expect(effectiveWords(words, new Set(['z']))).toBe(0);
    expect(effectiveWords(words)).toBeCloseTo(Math.exp(-(0.8 * Math.log(0.4) + 0.2 * Math.log(0.2))));
  });

  test('what is not listed counts as rare words', () => {
    const part = { ...words, total: 14, maxError: 1 };
    const four = {
      ...words,
      total: 14,
      words: [...words.words, ...Array(4).fill({ word: 'r', mass: 1, firings: 1 })],
    };
    expect(effectiveWords(part)).toBeCloseTo(effectiveWords(four));
  });
});
