/** @file Whole trainings on activations whose truth is known: what they find, how they stop, go on, and say what is wrong. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sparseActivations } from '../../../test/support/sparse_activations.ts';
import type { SaeTrainingSettings } from './settings.ts';
import { type TrainingProgress, trainSae } from './train_sae.ts';
import { CHECKPOINT_FILE } from './training_checkpoint.ts';

const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'antipode-train-sae-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

const source = () => sparseActivations({ dIn: 16, directions: 24, active: 2 });

const SMALL: SaeTrainingSettings = {
  architecture: 'batchtopk',
  dSae: 48,
  k: 2,
  steps: 400,
  batch: 128,
  learningRate: 5e-3,
  calibrationRows: 512,
};

/** For each true direction the best cosine of a decoder row. */
function recovered(W_dec: Float32Array, truth: Float32Array, dIn: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < truth.length; i += dIn) {
    let most = -1;
    for (let j = 0; j < W_dec.length; j += dIn) {
      let cosine = 0;
      for (let c = 0; c < dIn; c++) cosine += truth[i + c]! * W_dec[j + c]!;
      most = Math.max(most, cosine);
    }
    best.push(most);
  }
  return best;
}

describe('training', () => {
  it.each([
    ['batchtopk', { k: 2 }],
    ['topk', { k: 2 }],
    ['jumprelu', { sparsityCoefficient: 0.5, steps: 1200 }],
    ['relu', { sparsityCoefficient: 1 }],
  ] as const)('%s finds the directions that activations are made of', async (architecture, more) => {
    const { k: _, ...rest } = SMALL;
    const settings = { ...rest, architecture, ...more };
    const data = source();
    const progress: TrainingProgress[] = [];
    const sae = await trainSae({
      source: data,
      settings,
      folder: await newFolder(),
      threads: 1,
      onProgress: (one) => progress.push(one),
    });
    const cosines = recovered(sae.W_dec, data.truth, 16);
    expect(cosines.filter((cosine) => cosine > 0.9).length).toBeGreaterThanOrEqual(23);
    const { steps } = settings;
    expect(progress.at(-1)).toMatchObject({ step: steps, steps, remainingSeconds: 0 });
    expect(sae.last.explainedVariance).toBeGreaterThan(0.85);
  });

  it('15 steps, an end, and 15 more give the bytes of 30 steps on one thread', async () => {
    const settings = { ...SMALL, steps: 30, logEvery: 4, checkpointEvery: 7, deadAfter: 640 };
    const [straight, broken] = [await newFolder(), await newFolder()];
    await trainSae({ source: source(), settings, folder: straight, threads: 1 });
    const abort = new AbortController();
    const stopped = trainSae({
      source: source(),
      settings: { ...settings, logEvery: 4 },
      folder: broken,
      threads: 1,
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step === 16) abort.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({
      kind: 'interrupted',
      message: expect.stringContaining('step 16 of 30'),
    });
    await trainSae({ source: source(), settings, folder: broken, threads: 1 });
    const [a, b] = [straight, broken].map((folder) => readFile(join(folder, CHECKPOINT_FILE)));
    expect((await a)!.equals((await b)!)).toBe(true);
    const curves = [straight, broken].map((folder) => readFile(join(folder, 'loss.csv'), 'utf8'));
    expect(await curves[1]).toBe(await curves[0]);
  });
});
