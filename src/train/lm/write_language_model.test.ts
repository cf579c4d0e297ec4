import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, TOY_CONFIG, toyRows } from '../../../test/support/toy_language.ts';
import { scoreTokens } from '../../lm/score.ts';
import { openLanguageModel } from '../../lm/session.ts';
import { type TrainedLanguageModel, trainLanguageModel } from './train_language_model.ts';
import { writeLanguageModel } from './write_language_model.ts';

const heldOut = rowsOf(toyRows(2), 0, 21);
let folder: string;
let trained: TrainedLanguageModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-export-'));
  trained = await trainLanguageModel({
    rows: toyRows(1),
    heldOut,
    config: TOY_CONFIG,
    settings: { steps: 20, batchRows: 8, contextLength: 9, learningRate: 1e-2, warmupSteps: 5 },
    folder,
    threads: 1,
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** Mean negative log-likelihood of all tokens but the first of each row, by the program that runs models. */
async function lossOf(path: string): Promise<number> {
  const model = await openLanguageModel(path, { threads: 1 });
  const rows = heldOut.map((row) => ({ context: [row[0]!], tokens: Array.from(row).slice(1) }));
  const scores = (await scoreTokens(model, rows)).flat();
  await model.close();
  return -scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

describe('an exported model', () => {
  // Below 1e-6: both sides compute in float32. Half precision moves weights by 2^-11 of their size.
  it.each([
    { dtype: 'float32' as const, tolerance: 1e-6 },
    { dtype: 'float16' as const, tolerance: 2e-3 },
  ])('$dtype: has the loss that the training graph has', async ({ dtype, tolerance }) => {
    const path = join(folder, dtype);
    await writeLanguageModel(path, { ...trained, dtype });
    expect(Math.abs((await lossOf(path)) - trained.heldOutLoss)).toBeLessThan(tolerance);
    const files = (await readdir(path)).sort();
    expect(files).toEqual(['config.json', 'generation_config.json', 'model.safetensors']);
  });

  it('says what transformers asks for, and sizes that it would fill in otherwise', async () => {
    await writeLanguageModel(folder, { ...trained, dtype: 'float16' });
    const text = await readFile(join(folder, 'config.json'), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      ...TOY_CONFIG,
      architectures: ['Gemma2ForCausalLM'],
      hidden_activation: 'gelu_pytorch_tanh',
      model_type: 'gemma2',
      rope_theta: 10_000,
      tie_word_embeddings: true,
      torch_dtype: 'float16',
    });
    expect(text).toContain('"attn_logit_softcapping": 3.0,');
    expect(JSON.parse(await readFile(join(folder, 'generation_config.json'), 'utf8'))).toMatchObject({
      bos_token_id: 2,
      eos_token_id: 1,
      pad_token_id: 0,
    });
  });

  it('is refused where a weight is no number, or too large for half precision', async () => {
    for (const [value, dtype] of [
      [Number.NaN, 'float32'],
      [1e6, 'float16'],
    ] as const) {
      const parameters = new Map(trained.parameters).set(
        'model.norm.weight',
        new Float32Array(12).fill(value),
      );
      const written = writeLanguageModel(join(folder, 'broken'), { ...trained, parameters, dtype });
      await expect(written).rejects.toThrow(`model.norm.weight: a weight cannot be stored as ${dtype}`);
    }
  });
});
