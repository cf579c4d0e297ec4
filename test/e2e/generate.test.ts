/** @file `antipode generate` on a small random Gemma 2 with a tokenizer and an SAE of its width, as a user runs it. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '../../src/lm/generate.ts';
import { openLanguageModel } from '../../src/lm/session.ts';
import { openTokenizer } from '../../src/lm/tokenizer/open_tokenizer.ts';
import { encode } from '../../src/sae/encode.ts';
import { openSae } from '../../src/sae/open.ts';
import { makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

const LAYER = 1;
const FEATURES = 12;

let place: Place;
let dModel: number;
let decoder: Float32Array;

beforeAll(async () => {
  place = makePlace();
  ({ dModel } = await writeTinyModel(join(place.cwd, 'model')));
  decoder = await writeTinySae(join(place.cwd, 'dictionary.npz'), FEATURES, dModel);
});
afterAll(() => place.remove());

const BASE = ['generate', '-m', 'model', '-p', 'w5 w6 w7', '-n', '8'];
const STEERED = [
  ...BASE,
  '--sae',
  'dictionary.npz',
  '--steer',
  `${LAYER}:3:+4`,
  '--steer',
  `${LAYER}:7:-2.5`,
];

interface Document {
  steering: { layer: number; features: unknown[]; length: number } | null;
  replies: { seed: number; text: string; tokens: number[]; end: string }[];
}

async function document(args: readonly string[]): Promise<Document> {
  const { code, stdout, stderr } = await runHere(place, [...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Document;
}

describe('antipode generate', () => {
  it('adds the sum of strength times decoder row behind the layer, at every position', async () => {
    const { replies, steering } = await document([
      ...STEERED,
      '--replies',
      '3',
      '-s',
      '10',
      '--threads',
      '1',
    ]);
    const values = new Float32Array(dModel);
    for (const [feature, strength] of [
      [3, 4],
      [7, -2.5],
    ] as const) {
      for (let c = 0; c < dModel; c++) values[c]! += strength * decoder[feature * dModel + c]!;
    }
    expect(steering).toMatchObject({ layer: LAYER, length: expect.closeTo(Math.hypot(...values), 5) });
    const folder = join(place.cwd, 'model');
    const [model, tokenizer] = [await openLanguageModel(folder, { threads: 1 }), await openTokenizer(folder)];
    const expected = await generate({
      model,
      tokenizer,
      rows: [10, 11, 12].map((seed) => ({ prompt: [1, 5, 6, 7], seed })),
      maxNewTokens: 8,
      sampling: { temperature: 1 },
      steer: [{ at: LAYER, values }],
    });
    await model.close();
    expect(replies.map(({ seed, text, tokens, end }) => ({ seed, text, tokens, end }))).toEqual(
      expected.map(({ text, tokens, end }, r) => ({ seed: 10 + r, text, tokens, end })),
    );
  });

  it('C14: the same seed gives the same bytes, another seed another text; steering changes the text', async () => {
    const first = await runCommand(place, [...STEERED, '--json']);
    expect(await runHere(place, [...STEERED, '--json'])).toEqual(first);
    const [plain, steered, other] = [
      await document(BASE),
      await document(STEERED),
      await document([...BASE, '-s', '1']),
    ];
    expect(plain.replies[0]!.tokens).not.toEqual(steered.replies[0]!.tokens);
    expect(plain.replies[0]!.tokens).not.toEqual(other.replies[0]!.tokens);
    expect(plain.steering).toBeNull();
  });

  it('C20: - reads the prompt from stdin', async () => {
    const args = ['generate', '-m', 'model', '-p', '-', '-n', '8', '--json'];
    const { stdout } = await runCommand(place, args, { stdin: 'w5 w6 w7' });
    expect((JSON.parse(stdout) as Document).replies).toEqual(
      await document(BASE).then(({ replies }) => replies),
    );
  });

  it('prints prompt and reply; quiet prints the reply alone', async () => {
    const text = (await document(BASE)).replies[0]!.text;
    expect((await runHere(place, BASE)).stdout).toBe(`w5 w6 w7${text}\n`);
    expect((await runHere(place, [...BASE, '-q'])).stdout).toBe(`${text}\n`);
  });

  it.each([
    ['no model', ['generate', '-p', 'x'], 2, '--model is missing'],
    ['no prompt', ['generate', '-m', 'model'], 2, '--prompt is missing'],
    [
      'a model that is not here',
      ['generate', '-m', 'google/gemma-2-2b', '-p', 'x'],
      3,
      'hf download google/gemma-2-2b',
    ],
    ['a folder without a model', ['generate', '-m', '.', '-p', 'x'], 3, 'tokenizer.json'],
    ['steering without an SAE', [...BASE, '--steer', '1:3:4'], 2, 'no SAE is named'],
    ['a strength that is none', [...BASE, '--steer', '1:3:x'], 2, 'expected FEATURE:STRENGTH'],
    ['a feature that is not there', [...BASE, '--sae', 'dictionary.npz', '--steer', '1:99:4'], 2, '99'],
    [
      'a layer that is not there',
      [...BASE, '--sae', 'dictionary.npz', '--steer', '40:3:4'],
      2,
      'does not fit the model',
    ],
    [
      'an unknown layer',
      [...BASE, '--sae', 'dictionary.npz', '--steer', '3:+4'],
      2,
      'LAYER:FEATURE:STRENGTH',
    ],
    ['a temperature below zero', [...BASE, '--temp', '-1'], 2, '--temp'],
    ['no chat template', [...BASE, '--chat'], 2, 'template'],
  ])('%s is one sentence', async (_, args, code, sentence) => {
    const result = await runHere(place, args);
    expect(result.stderr).toContain(sentence);
    expect([result.code, result.stdout]).toEqual([code, '']);
  });
});

describe('antipode activations', () => {
  const args = [
    'activations',
    '-m',
    'model',
    '--sae',
    'dictionary.npz',
    '--layer',
    String(LAYER),
    '-p',
    'w5 w6 w7',
  ];

  it('gives the SAE’s activations of the residual stream behind the layer, per token', async () => {
    const { code, stdout } = await runHere(place, [...args, '--top', '100', '--json']);
    expect(code).toBe(0);
    const { tokens } = JSON.parse(stdout) as {
      tokens: { token: string; id: number; active: number; top: { feature: number; activation: number }[] }[];
    };
    expect(tokens.map(({ id }) => id)).toEqual([1, 5, 6, 7]);
    const model = await openLanguageModel(join(place.cwd, 'model'), { threads: 1 });
    const name = `resid.${LAYER}` as const;
    const { captures } = await model.forward({ tokens: [[1, 5, 6, 7]], capture: [name], logits: 'none' });
    await model.close();
    const file = await openSae(join(place.cwd, 'dictionary.npz'), { env: {}, cwd: place.cwd });
    const expected = await encode(await file.load(), {
      data: captures.get(name)!.values,
      rows: 4,
      cols: dModel,
    });
    await file.close();
    tokens.forEach(({ active, top }, position) => {
      const acts = Array.from(expected.data.subarray(position * FEATURES, (position + 1) * FEATURES));
      expect(active).toBe(acts.filter((value) => value > 0).length);
      expect(top).toHaveLength(active);
      for (const { feature, activation } of top) expect(activation).toBeCloseTo(acts[feature]!, 3);
      for (let r = 1; r < top.length; r++)
        expect(top[r]!.activation).toBeLessThanOrEqual(top[r - 1]!.activation);
    });
    expect(tokens.some(({ active }) => active > 0)).toBe(true);
  });

  it('prints a table; quiet prints the top feature of each token', async () => {
    const human = await runHere(place, args);
    expect(human.stdout).toContain('dictionary behind layer 1');
    expect(human.stdout).toContain('"<bos>"');
    const quiet = await runCommand(place, [...args, '-q']);
    expect(quiet.stdout.split('\n')).toHaveLength(5);
  });

  it.each([
    ['no SAE', ['activations', '-m', 'model', '-p', 'x'], 2, '--sae is missing'],
    [
      'a layer that nobody says',
      args.filter((word) => word !== '--layer' && word !== String(LAYER)),
      2,
      'say it with --layer',
    ],
    ['a layer that is not there', [...args, '--layer', '30'], 2, 'does not fit the model'],
  ])('%s is one sentence', async (_, words, code, sentence) => {
    const result = await runHere(place, words);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(sentence)]);
  });
});
