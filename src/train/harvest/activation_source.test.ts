import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTinyModel } from '../../../test/support/tiny_model.ts';
import { openSafetensors, writeSafetensors } from '../../formats/safetensors/safetensors.ts';
import { openFileSource } from '../../formats/source.ts';
import { readFloat32 } from '../../formats/tensor_file.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import { openLanguageModel } from '../../lm/session.ts';
import { openTokenizer } from '../../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { createRng } from '../../tensor/rng.ts';
import { type Corpus, memoryCorpus } from '../corpus/corpus.ts';
import { rowsOfText } from '../corpus/token_rows.ts';
import {
  type ActivationSourceOptions,
  type HarvestedSource,
  openActivationSource,
} from './activation_source.ts';
import { activationScale } from './activation_statistics.ts';
import { parseHookPoint } from './hook_name.ts';

let dir: string;
let model: LanguageModel;
let tokenizer: Tokenizer;
let dIn: number;

/** Documents of 1 to 20 words; each text as long as what one row of 12 tokens holds, or longer. */
const rng = createRng(5, 'texts');
const texts = Array.from({ length: 30 }, () =>
  Array.from({ length: 1 + rng.integer(20) }, () => `w${2 + rng.integer(50)}`).join(' '),
);
const corpus = memoryCorpus(texts);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-source-'));
  ({ dModel: dIn } = await writeTinyModel(dir));
  tokenizer = await openTokenizer(dir);
  model = await openLanguageModel(dir, { threads: 1 });
});
afterAll(async () => {
  await model.close();
  await rm(dir, { recursive: true });
});

function sourceOf(options: Partial<ActivationSourceOptions> = {}): HarvestedSource {
  const hook = parseHookPoint('blocks.1.hook_resid_post', model.config);
  return openActivationSource({ model, tokenizer, corpus, hook, contextLength: 12, seed: 1, ...options });
}

/** What one epoch holds, row of the model by row of the model. */
async function expectedOf(from: Corpus, capture: 'resid.1' | 'mlp_out.2', first = 1): Promise<string[]> {
  const all: string[] = [];
  for (let document = 0; document < from.documents; document++) {
    for (const tokens of rowsOfText(await from.read(document), { tokenizer, contextLength: 12 })) {
      const { captures } = await model.forward({ tokens: [tokens], capture: [capture], logits: 'none' });
      const { values } = captures.get(capture)!;
      for (let column = first; column < tokens.length; column++) {
        all.push(keyOf(values.subarray(column * dIn, (column + 1) * dIn)));
      }
    }
  }
  return all.sort();
}

/** Batches differ by float32 rounding. */
const keyOf = (values: Float32Array): string => Array.from(values, (x) => (x + 100).toFixed(3)).join(' ');

function keysOf(values: Float32Array): string[] {
  return Array.from({ length: values.length / dIn }, (_, row) =>
    keyOf(values.subarray(row * dIn, (row + 1) * dIn)),
  );
}

const TOKENS = texts.reduce((sum, text) => sum + text.split(' ').length, 0);

describe('the stream', () => {
  test.each([
    ['one block of a whole epoch', 2 ** 12],
    ['many blocks', 40],
  ])(
    'every epoch has the activation of every token once, in an order of its own: %s',
    async (_, bufferTokens) => {
      const source = sourceOf({ bufferTokens });
      const epochs = [keysOf(await source.next(TOKENS)), keysOf(await source.next(TOKENS))];
      const expected = await expectedOf(corpus, 'resid.1');
      for (const epoch of epochs) expect([...epoch].sort()).toEqual(expected);
      expect(epochs[0]).not.toEqual(epochs[1]);
      // A block is shuffled beyond its documents.
      expect(epochs[0]!.slice(0, 40)).not.toEqual([...epochs[0]!.slice(0, 40)].sort());
      expect(source.bufferBytes).toBe(4 * dIn * bufferTokens);
      await source.close();
    },
  );

  test('an epoch that fits the buffer is harvested once, and how far that is can be seen', async () => {
    const seen: number[][] = [];
    const documents = Uint32Array.from({ length: 90 }, (_, index) => index % 30);
    const source = sourceOf({ documents, onHarvest: (done, total) => seen.push([done, total]) });
    await source.next(5 * TOKENS);
    expect(source.harvested).toBe(3 * TOKENS);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual([3 * TOKENS, 3 * TOKENS]);
  });

  test('other hooks, some documents, and all tokens where they are asked for', async () => {
    const hook = parseHookPoint('blocks.2.hook_mlp_out', model.config);
    const few = memoryCorpus([texts[4]!, texts[9]!]);
    const expected = await expectedOf(few, 'mlp_out.2', 0);
    const source = sourceOf({ hook, documents: Uint32Array.of(4, 9), includesSpecial: true });
    expect(keysOf(await source.next(expected.length)).sort()).toEqual(expected);
  });

  test('texts are cut behind their first row where that is asked for', async () => {
    const source = sourceOf({ overflow: 'cut' });
    await source.next(1);
    const inFirstRows = texts.reduce((sum, text) => sum + Math.min(11, text.split(' ').length), 0);
    expect(source.harvested).toBe(inFirstRows);
  });
});

describe('positions', () => {
  test.each([
    ['one block', 2 ** 12],
    ['many blocks', 40],
  ])('going on from any place gives the same bytes, in pieces of any size: %s', async (_, bufferTokens) => {
    const whole = sourceOf({ bufferTokens });
    const places: { at: number; position: string }[] = [];
    const bytes: Float32Array[] = [];
    for (let at = 0; at < 3 * TOKENS; at += 83) {
      places.push({ at, position: JSON.stringify(whole.position()) });
      bytes.push(await whole.next(83));
    }
    const all = Float32Array.from(bytes.flatMap((piece) => [...piece]));
    const other = sourceOf({ bufferTokens });
    for (const { at, position } of [...places].reverse()) {
      await other.seek(JSON.parse(position));
      expect(other.position()).toEqual(JSON.parse(position));
      const length = Math.min(50, all.length / dIn - at);
      expect(Buffer.from((await other.next(length)).buffer)).toEqual(
        Buffer.from(all.slice(at * dIn, (at + length) * dIn).buffer),
      );
    }
  });

  test('what is none is refused', async () => {
    const source = sourceOf();
    const good = { epoch: 0, at: 0, part: 0, block: 0, row: 0 };
    for (const bad of [null, 7, {}, { ...good, row: -1 }, { ...good, at: 0.5 }, { ...good, epoch: 2 }]) {
      await expect(source.seek(bad)).rejects.toMatchObject({ kind: 'format' });
    }
    await expect(source.seek({ ...good, row: TOKENS + 1 })).rejects.toThrow(
      'expected the same corpus and settings',
    );
  });

  test('statistics are of the first block and leave the stream where it is', async () => {
    for (const bufferTokens of [40, 2 ** 12]) {
      const [source, other] = [sourceOf({ bufferTokens }), sourceOf({ bufferTokens })];
      const first = await other.statistics();
      await source.next(100);
      const place = source.position();
      const { mean, meanNorm, rows } = await source.statistics();
      expect({ mean, meanNorm, rows }).toEqual(first);
      expect(source.position()).toEqual(place);
      await other.next(100);
      expect(await source.next(60)).toEqual(await other.next(60));
      if (bufferTokens === 40) continue;
      const epoch = await sourceOf().next(TOKENS);
      const norms = Array.from({ length: TOKENS }, (_, row) =>
        Math.hypot(...epoch.subarray(row * dIn, (row + 1) * dIn)),
      );
      expect(meanNorm).toBeCloseTo(norms.reduce((a, b) => a + b) / TOKENS, 9);
      expect(activationScale({ mean, meanNorm, rows }) * meanNorm).toBeCloseTo(Math.sqrt(dIn), 9);
      expect(mean[3]).toBeCloseTo(
        Array.from({ length: TOKENS }, (_, row) => epoch[row * dIn + 3]!).reduce((a, b) => a + b) / TOKENS,
        6,
      );
    }
  });
});

describe('refused', () => {
  test('lengths that do not fit, a corpus without tokens', async () => {
    expect(() => sourceOf({ contextLength: 49 })).toThrow(
      "context: 49 tokens are too many (the model's context holds 48)",
    );
    expect(() => sourceOf({ bufferTokens: 11 })).toThrow('buffer: got 11 tokens, expected 12 (one row) to');
    expect(() => sourceOf({ bufferTokens: 1e12 })).toThrow('(16 GiB)');
    const nothing = sourceOf({ corpus: memoryCorpus([' ', '<bos>']) });
    await expect(nothing.next(1)).rejects.toThrow('corpus: no document has a token to train on');
  });

  test('NaN, with the token and the document', async () => {
    const folder = await mkdtemp(join(dir, 'broken-'));
    await writeTinyModel(folder);
    await spoilEmbedding(folder, 17);
    const broken = await openLanguageModel(folder, { threads: 1 });
    const source = sourceOf({
      model: broken,
      corpus: memoryCorpus(['w3 w4', `w5 w6 ${'w7 '.repeat(10)}w8 w17 w9`, 'w10']),
      where: (document) => `stories.txt:${document + 1}`,
    });
    await expect(source.next(1)).rejects.toThrow(
      /^stories\.txt:2, row 1, token 3 "w17": its activation at blocks\.1\.hook_resid_post is NaN or infinite \(.*embed_tokens.*\)$/,
    );
    await broken.close();
  });

  test('interrupted between forward passes', async () => {
    const controller = new AbortController();
    const source = sourceOf({ bufferTokens: 40, signal: controller.signal });
    await source.next(1);
    controller.abort();
    await expect(source.next(100)).rejects.toMatchObject({ kind: 'interrupted' });
  });
});

/** Row `token` of the embedding becomes NaN. */
async function spoilEmbedding(folder: string, token: number): Promise<void> {
  const index = JSON.parse(await readFile(join(folder, 'model.safetensors.index.json'), 'utf8')) as {
    weight_map: Record<string, string>;
  };
  const name = 'model.embed_tokens.weight';
  const path = join(folder, index.weight_map[name]!);
  const file = await openSafetensors(await openFileSource(path));
  const tensors = await Promise.all(
    Array.from(file.tensors, async ([key, tensor]) => {
      const data = await readFloat32(tensor);
      if (key === name) data.fill(Number.NaN, token * dIn, (token + 1) * dIn);
      return { name: key, dtype: 'F32' as const, shape: tensor.shape, data };
    }),
  );
  await file.close();
  await writeSafetensors(path, tensors);
}
