import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeTinyModel } from '../../test/support/tiny_model.ts';
import { createRng } from '../tensor/rng.ts';
import { editPerRow } from './combine_edits.ts';
import { type GenerateOptions, generate } from './generate.ts';
import type { Edit, LanguageModel } from './language_model.ts';
import { projectionEdit } from './projection_edit.ts';
import { logProbability } from './sampler.ts';
import { openLanguageModel } from './session.ts';
import { openTokenizer } from './tokenizer/open_tokenizer.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

let folder: string;
let model: LanguageModel;
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-generate-edits-'));
  await writeTinyModel(folder);
  tokenizer = await openTokenizer(folder);
  model = await openLanguageModel(folder, { threads: 1, editSites: [0] });
});
afterAll(async () => {
  await model?.close();
  await rm(folder, { recursive: true });
});

const run = (options: Pick<GenerateOptions, 'rows' | 'edit'> & Partial<GenerateOptions>) =>
  generate({ model, tokenizer, maxNewTokens: 8, sampling: { temperature: 0 }, ...options });

function ablation(seed: number, rank: number): Edit {
  const rng = createRng(seed, 'generate-edits');
  const draw = (): number[] => Array.from({ length: model.config.dModel }, () => rng.normal());
  return projectionEdit(0, Array.from({ length: rank }, draw));
}

test('edits are made at every position of prompt and reply', async () => {
  const prompt = [1, 5, 9];
  const edit = [ablation(1, 6)];
  const sampling = { temperature: 1 };
  const [row] = await run({ rows: [{ prompt, seed: 3 }], edit, sampling });
  const [plain] = await run({ rows: [{ prompt, seed: 3 }], sampling });
  expect(plain!.tokens).not.toEqual(row!.tokens);
  for (const [step, id] of row!.tokens.entries()) {
    const { logits } = await model.forward({ tokens: [[...prompt, ...row!.tokens.slice(0, step)]], edit });
    expect(row!.logProbabilities[step]).toBeCloseTo(logProbability(logits!.values, id), 4);
  }
});

test('rows keep edits of their own, also when one of them leaves at the end of its context', async () => {
  const long = Array.from({ length: model.config.maxPositions - 4 }, (_, i) => 2 + (i % 50));
  const rows = [
    { prompt: long, seed: 1 },
    { prompt: [1, 7], seed: 2 },
    { prompt: [1, 7], seed: 2 },
    { prompt: [1, 7], seed: 2 },
  ];
  const own = [ablation(2, 1), ablation(3, 7), undefined, ablation(4, 10)];
  const together = await run({
    rows,
    edit: [editPerRow(own)],
    maxNewTokens: 12,
    unsteeredLogProbabilities: true,
  });
  expect(together[0]!.end).toBe('context');
  for (const [r, row] of rows.entries()) {
    const edit = own[r];
    const [alone] = await run({ rows: [row], edit: edit ? [edit] : [], maxNewTokens: 12 });
    expect(together[r]!.tokens).toEqual(alone!.tokens);
    expect(together[r]!.unsteeredLogProbabilities).toHaveLength(alone!.tokens.length);
  }
  const texts = new Set(together.slice(1).map(({ tokens }) => tokens.join()));
  expect(texts.size).toBe(3);
  expect(together[2]!.unsteeredLogProbabilities![0]).toBeCloseTo(together[2]!.logProbabilities[0]!, 4);
  expect(
    Math.abs(together[1]!.unsteeredLogProbabilities![0]! - together[1]!.logProbabilities[0]!),
  ).toBeGreaterThan(1e-3);
});
