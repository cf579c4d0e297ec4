import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, TOY_CONFIG, toyRows } from '../../../test/support/toy_language.ts';
import {
  type LanguageModelProgress,
  type LanguageModelTraining,
  type TrainedLanguageModel,
  trainLanguageModel,
} from './train_language_model.ts';
import type { TrainingRows } from './training_rows.ts';
import { CHECKPOINT_FILE } from './training_state.ts';

const SETTINGS = {
  steps: 60,
  batchRows: 8,
  contextLength: 9,
  learningRate: 1e-2,
  warmupSteps: 10,
  heldOutEvery: 25,
  checkpointEvery: 20,
};

async function training(more: Partial<LanguageModelTraining> = {}): Promise<LanguageModelTraining> {
  return {
    rows: toyRows(1),
    heldOut: rowsOf(toyRows(2), 0, 20),
    config: TOY_CONFIG,
    settings: SETTINGS,
    folder: await mkdtemp(join(tmpdir(), 'antipode-train-')),
    threads: 1,
    ...more,
  };
}

/** The same rows, but the supplier fails when it is asked for one of this index: what a crash leaves is the last checkpoint. */
function failingAt(index: number): TrainingRows {
  const rows = toyRows(1);
  return {
    identity: rows.identity,
    row(at) {
      if (at >= index) throw new Error('the corpus went away');
      return rows.row(at);
    },
  };
}

const filesOf = async (folder: string): Promise<Record<string, string>> => {
  const names = (await readdir(folder)).sort();
  const contents = await Promise.all(names.map((name) => readFile(join(folder, name), 'base64')));
  return Object.fromEntries(names.map((name, i) => [name, contents[i]!]));
};

describe('training on a toy language', () => {
  let straight: LanguageModelTraining;
  let whole: TrainedLanguageModel;
  const seen: LanguageModelProgress[] = [];
  beforeAll(async () => {
    straight = await training({ onProgress: (progress) => seen.push(progress) });
    whole = await trainLanguageModel(straight);
  });

  it('learns it, and writes down how', async () => {
    expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(seen.at(-1)!.secondsLeft).toBe(0);
    // All 24 words are alike at first; words of the language without their order would leave 2.4.
    expect(seen[0]!.loss).toBeGreaterThan(3);
    expect(whole.heldOutLoss).toBeLessThan(2);
    const [head, ...rows] = (await readFile(join(straight.folder, 'loss.csv'), 'utf8')).trim().split('\n');
    expect(head).toBe('step,loss,learning_rate,gradient_norm,held_out_loss');
    expect(rows.map((row) => Number(row.split(',')[0]))).toEqual([10, 20, 25, 30, 40, 50, 60]);
    expect(Number(rows.at(-1)!.split(',')[4])).toBe(whole.heldOutLoss);
  });

  it.each([1, 2])(
    'stopped, failed and gone on, on %i threads: the bytes of a straight run on one',
    async (threads) => {
      const parts = await training({ threads });
      const controller = new AbortController();
      const stopped = trainLanguageModel({
        ...parts,
        signal: controller.signal,
        onProgress: ({ step }) => step === 33 && controller.abort(),
      });
      await expect(stopped).rejects.toMatchObject({
        kind: 'interrupted',
        message: expect.stringContaining('after step 33 of 60'),
      });
      const failed = trainLanguageModel({ ...parts, rows: failingAt(8 * 47) });
      await expect(failed).rejects.toThrow('corpus went away');
      const steps: number[] = [];
      const again = await trainLanguageModel({ ...parts, onProgress: ({ step }) => steps.push(step) });
      // Behind the checkpoint at 40, not behind 46.
      expect(steps[0]).toBe(41);
      expect(again.parameters).toEqual(whole.parameters);
      expect(await filesOf(parts.folder)).toEqual(await filesOf(straight.folder));
    },
  );

  it('a finished training is only read', async () => {
    expect(await trainLanguageModel({ ...straight, rows: failingAt(0) })).toEqual(whole);
  });

  it('does not go on with other settings, another model or other rows', async () => {
    const cases: [Partial<LanguageModelTraining>, string][] = [
      [{ settings: { ...SETTINGS, steps: 80 } }, 'other settings: steps (got 60, expected 80)'],
      [
        { config: { ...TOY_CONFIG, intermediate_size: 8 } },
        'other config: intermediate_size (got 20, expected 8)',
      ],
      [{ rows: toyRows(9) }, 'other rows'],
    ];
    for (const [more, message] of cases) {
      await expect(trainLanguageModel({ ...straight, ...more })).rejects.toThrow(message);
    }
  });
});

describe('what goes wrong in training is a sentence', () => {
  it('numbers that run away: the checkpoint before stays', async () => {
    const parts = await training();
    const settings = { ...SETTINGS, learningRate: 1e30, checkpointEvery: 1 };
    const run = trainLanguageModel({ ...parts, settings });
    await expect(run).rejects.toMatchObject({
      kind: 'check',
      message: expect.stringMatching(
        /^training: (the loss|the gradient's norm) is (NaN|Infinity) at step \d+$/,
      ),
    });
    const before = await filesOf(parts.folder);
    await expect(trainLanguageModel({ ...parts, settings })).rejects.toMatchObject({ kind: 'check' });
    expect(await filesOf(parts.folder)).toEqual(before);
  });

  it.each([
    [{ steps: 0 }, 'training settings: steps (got 0, expected a whole number from 1 on)'],
    [{ contextLength: 33 }, 'contextLength (got 33, expected 1 to max_position_embeddings, 32)'],
    [{ learningRate: Number.NaN }, 'learningRate (got NaN, expected a number above 0)'],
    [{ beta2: 1 }, 'beta2 (got 1, expected 0 to below 1)'],
    [{ finalRate: 2 }, 'finalRate (got 2, expected 0 to 1)'],
    [{ batchRows: 2 ** 24 }, 'are 3623878656 logits, the limit is 268435456'],
  ])('settings with %j', async (more, message) => {
    const parts = await training({ settings: { ...SETTINGS, ...more } });
    await expect(trainLanguageModel(parts)).rejects.toThrow(message);
  });

  it.each([
    [{ model_type: 'llama' }, 'model configuration: model_type is not gemma2'],
    [{ tie_word_embeddings: false }, 'tie_word_embeddings is false'],
    [{ head_dim: 5 }, 'head_dim is odd'],
    [{ hidden_size: undefined }, 'hidden_size is missing'],
    [{ vocab_size: 2 ** 24, hidden_size: 2 ** 10 }, 'parameters, the limit for training is 268435456'],
  ])('a configuration with %j', async (more, message) => {
    const settings = { ...SETTINGS, batchRows: 1, contextLength: 1 };
    const parts = await training({ config: { ...TOY_CONFIG, ...more }, settings });
    await expect(trainLanguageModel(parts)).rejects.toThrow(message);
  });

  it('a checkpoint that is cut, or is something else', async () => {
    const parts = await training();
    const path = join(parts.folder, CHECKPOINT_FILE);
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode('no checkpoint')]) {
      await writeFile(path, bytes);
      await expect(trainLanguageModel(parts)).rejects.toMatchObject({ kind: 'format' });
    }
  });
});
