import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rowsOf, TOY_CONFIG, toyRows } from '../../../test/support/toy_language.ts';
import { type LanguageModelTraining, trainLanguageModel } from './train_language_model.ts';

const SETTINGS = { steps: 60, batchRows: 8, contextLength: 9, learningRate: 1e-2, warmupSteps: 10 };

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

describe('training on a toy language', () => {
  it('learns it', async () => {
    const parts = await training();
    const losses: number[] = [];
    const trained = await trainLanguageModel({ ...parts, onProgress: ({ loss }) => losses.push(loss) });
    expect(losses).toHaveLength(60);
    // 24 words at first; a thing is any of 7, what follows it is certain.
    expect(losses[0]!).toBeGreaterThan(3);
    expect(trained.heldOutLoss).toBeLessThan(1.6);
    expect(await readFile(join(parts.folder, 'loss.csv'), 'utf8')).toMatch(/^step,loss,learning_rate/);
  });
});
