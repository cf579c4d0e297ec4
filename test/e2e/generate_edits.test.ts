/** @file `antipode generate --ablate` and `--clamp` on a small random Gemma 2, against the library with the same edits. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpz } from '../../src/formats/numpy/npz_writer.ts';
import { clampEdit } from '../../src/lm/clamp_edit.ts';
import { mergeEdits } from '../../src/lm/combine_edits.ts';
import { generate } from '../../src/lm/generate.ts';
import type { Edit, Steering } from '../../src/lm/language_model.ts';
import { projectionEdit } from '../../src/lm/projection_edit.ts';
import { openLanguageModel } from '../../src/lm/session.ts';
import { openTokenizer } from '../../src/lm/tokenizer/open_tokenizer.ts';
import { openSae } from '../../src/sae/open.ts';
import type { Sae } from '../../src/sae/sae.ts';
import { rowOf } from '../../src/tensor/matrix.ts';
import { makePlace, type Place, runHere } from '../support/run_command.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

const LAYER = 1;

let place: Place;
let sae: Sae;

beforeAll(async () => {
  place = makePlace();
  const { dModel } = await writeTinyModel(join(place.cwd, 'model'));
  await writeTinySae(join(place.cwd, 'dictionary.npz'), 12, dModel);
  const file = await openSae(join(place.cwd, 'dictionary.npz'), { env: {}, cwd: place.cwd });
  sae = await file.load();
  await file.close();
  const rows = (value: number): Float32Array => new Float32Array(3 * dModel).fill(value, dModel);
  await writeNpz(join(place.cwd, 'hollow.npz'), [
    { name: 'W_enc', shape: [dModel, 3], data: rows(1) },
    { name: 'W_dec', shape: [3, dModel], data: rows(1) },
    { name: 'b_enc', shape: [3], data: new Float32Array(3) },
    { name: 'b_dec', shape: [dModel], data: new Float32Array(dModel) },
    { name: 'threshold', shape: [3], data: new Float32Array(3) },
  ]);
});
afterAll(() => place.remove());

const BASE = [
  'generate',
  '-m',
  'model',
  '-p',
  'w5 w6 w7',
  '-n',
  '8',
  '--threads',
  '1',
  '--precision',
  'exact',
];
const WITH_SAE = [...BASE, '--sae', 'dictionary.npz'];

interface Document {
  readonly steering: unknown;
  readonly ablation: unknown;
  readonly clamp: unknown;
  readonly replies: {
    tokens: number[];
    log_probabilities: number[];
    unsteered_log_probabilities?: number[];
  }[];
}

async function document(args: readonly string[]): Promise<Document> {
  const { code, stdout, stderr } = await runHere(place, [...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Document;
}

async function fromLibrary(
  edit: readonly Edit[],
  steer: readonly Steering[] = [],
): Promise<readonly number[]> {
  const folder = join(place.cwd, 'model');
  const [model, tokenizer] = [await openLanguageModel(folder, { threads: 1 }), await openTokenizer(folder)];
  const [row] = await generate({
    model,
    tokenizer,
    rows: [{ prompt: [1, 5, 6, 7], seed: 0 }],
    maxNewTokens: 8,
    sampling: { temperature: 1 },
    edit,
    steer,
  });
  await model.close();
  return row!.tokens;
}

const ablated = (...features: number[]): Edit =>
  projectionEdit(
    LAYER,
    features.map((feature) => rowOf(sae.W_dec, feature)),
  );

describe('antipode generate --ablate', () => {
  it('takes the span of the decoder rows out behind the layer, at every position', async () => {
    const args = [...WITH_SAE, ...[3, 7, 5].flatMap((feature) => ['--ablate', `${LAYER}:${feature}`])];
    const { ablation, clamp, replies, steering } = await document(args);
    expect(replies[0]!.tokens).toEqual(await fromLibrary([ablated(3, 7, 5)]));
    expect([steering, clamp]).toEqual([null, null]);
    expect(ablation).toMatchObject({
      layer: LAYER,
      rank: 3,
      features: [3, 7, 5].map((feature) => ({ feature, decoder_norm: sae.W_dec.norms[feature] })),
    });
    const plain = await document(BASE);
    expect([plain.ablation, plain.clamp, plain.steering]).toEqual([null, null, null]);
    expect(plain.replies[0]!.tokens).not.toEqual(replies[0]!.tokens);
    expect(replies[0]!.unsteered_log_probabilities).toHaveLength(replies[0]!.tokens.length);
    expect(replies[0]!.unsteered_log_probabilities).not.toEqual(replies[0]!.log_probabilities);
  });
});

describe('antipode generate --clamp', () => {
  it('sets activations and keeps the rest of the stream; with the others, edits come before what is added', async () => {
    const clamps = [
      { feature: 2, to: 0 },
      { feature: 9, to: 12.5 },
    ];
    const flags = ['--clamp', `${LAYER}:2:0`, '--clamp', `${LAYER}:9:12.5`];
    const alone = await document([...WITH_SAE, ...flags]);
    expect(alone.replies[0]!.tokens).toEqual(await fromLibrary([clampEdit(LAYER, sae, clamps)]));
    expect(alone.clamp).toMatchObject({
      layer: LAYER,
      features: [
        { feature: 2, activation: 0 },
        { feature: 9, activation: 12.5 },
      ],
    });
    const all = await document([...WITH_SAE, ...flags, '--ablate', `${LAYER}:4`, '--steer', `${LAYER}:1:3`]);
    const steer = { at: LAYER, values: rowOf(sae.W_dec, 1).map((value) => 3 * value) };
    const merged = mergeEdits([ablated(4), clampEdit(LAYER, sae, clamps)]);
    expect(all.replies[0]!.tokens).toEqual(await fromLibrary([merged], [steer]));
    expect([all.steering, all.ablation, all.clamp]).not.toContain(null);
  });
});

describe('what is refused', () => {
  it.each([
    ['no SAE', [...BASE, '--ablate', '1:3'], '--ablate: no SAE is named'],
    ['no activation', [...WITH_SAE, '--clamp', '3'], '--clamp: got "3", expected FEATURE:ACTIVATION'],
    ['an activation that is none', [...WITH_SAE, '--clamp', '1:3:x'], 'expected FEATURE:ACTIVATION'],
    ['no feature', [...WITH_SAE, '--ablate', 'x y'], 'feature: not understood'],
    ['a feature that is not there', [...WITH_SAE, '--ablate', '1:99'], 'feature 99'],
    ['a clamped feature that is not there', [...WITH_SAE, '--clamp', '1:99:0'], 'feature 99'],
    ['one twice', [...WITH_SAE, '--ablate', '1:3', '--ablate', '1:3'], '--ablate: feature 3 was given twice'],
    [
      'two values',
      [...WITH_SAE, '--clamp', '1:3:0', '--clamp', '1:3:1'],
      '--clamp: feature 3 was given twice',
    ],
    ['two layers', [...WITH_SAE, '--ablate', '1:3', '--clamp', '0:3:1'], '--ablate: the layer is 1 and 0'],
    ['a layer that is not there', [...WITH_SAE, '--clamp', '40:3:1'], 'does not fit the model'],
    [
      'a row without a direction',
      [...BASE, '--sae', 'hollow.npz', '--ablate', '1:1', '--ablate', '1:0'],
      '--ablate: the decoder row of feature 0 is all zeros, so it has no direction',
    ],
    [
      'a clamped row without a direction',
      [...BASE, '--sae', 'hollow.npz', '--clamp', '1:0:2'],
      '--clamp: the decoder row of feature 0 is all zeros',
    ],
  ])('%s is one sentence', async (_, args, sentence) => {
    const result = await runHere(place, args);
    expect(result.stderr).toContain(sentence);
    expect([result.code, result.stdout]).toEqual([2, '']);
  });
});
