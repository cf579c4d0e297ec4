/** @file How trainings end before their last step, what stays of them, and what is refused. */

import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type SparseActivations, sparseActivations } from '../../../test/support/sparse_activations.ts';
import { AntipodeError } from '../../errors.ts';
import type { SaeTrainingSettings } from './settings.ts';
import { type TrainingProgress, type TrainSaeOptions, trainSae } from './train_sae.ts';
import type { TrainedSae } from './trained_sae.ts';
import { CHECKPOINT_FILE } from './training_checkpoint.ts';

const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'antipode-train-ends-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

const source = (): SparseActivations => sparseActivations({ dIn: 16, directions: 24, active: 2 });

const SETTINGS: SaeTrainingSettings = {
  architecture: 'batchtopk',
  dSae: 48,
  k: 2,
  steps: 30,
  batch: 64,
  learningRate: 5e-3,
  calibrationRows: 128,
  checkpointEvery: 7,
  logEvery: 1,
  // Some latents are dead from step 5 on, so that both graphs take part.
  deadAfter: 256,
};

const OTHERS: readonly (readonly [SaeTrainingSettings['architecture'], Partial<SaeTrainingSettings>])[] = [
  ['topk', { k: 2 }],
  ['jumprelu', { sparsityCoefficient: 0.5 }],
  ['relu', { sparsityCoefficient: 1 }],
];

function train(folder: string, more: Partial<TrainSaeOptions> = {}): Promise<TrainedSae> {
  return trainSae({ source: source(), settings: SETTINGS, folder, threads: 1, ...more });
}

function checkpointOf(folder: string): Promise<Buffer> {
  return readFile(join(folder, CHECKPOINT_FILE));
}

/** A training that ends without any warning at that step, as a process does that is killed. */
async function crashAt(folder: string, step: number): Promise<void> {
  const crash = new Error('crashed');
  const onProgress = (progress: TrainingProgress): void => {
    if (progress.step === step) throw crash;
  };
  await expect(train(folder, { onProgress })).rejects.toBe(crash);
}

describe('a training that ends early', () => {
  it('and goes on from its last checkpoint gives the bytes of one that did not', async () => {
    const [straight, broken] = [await newFolder(), await newFolder()];
    const dead: number[] = [];
    const whole = await train(straight, { onProgress: (progress) => dead.push(progress.dead) });
    expect(dead.filter((count) => count > 0).length).toBeGreaterThan(3);
    await crashAt(broken, 15);
    const steps: number[] = [];
    const mended = await train(broken, { onProgress: ({ step }) => steps.push(step) });
    expect(steps[0]).toBe(15);
    expect(mended).toEqual(whole);
    expect((await checkpointOf(broken)).equals(await checkpointOf(straight))).toBe(true);
  });

  it.each(OTHERS)('as %s goes on to the same bytes', async (architecture, more) => {
    const settings = { ...without(SETTINGS, 'k'), architecture, ...more, steps: 20 };
    const [straight, broken] = [await newFolder(), await newFolder()];
    const whole = await train(straight, { settings });
    const abort = new AbortController();
    const onProgress = ({ step }: TrainingProgress): void => {
      if (step === 11) abort.abort();
    };
    await expect(train(broken, { settings, signal: abort.signal, onProgress })).rejects.toMatchObject({
      kind: 'interrupted',
      message: 'interrupted: the training stands at step 11 of 20',
    });
    expect(await train(broken, { settings })).toEqual(whole);
  });

  it('stops before the first step, or where the stream is interrupted, with what was done', async () => {
    const folder = await newFolder();
    await expect(train(folder, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'interrupted',
    });
    expect(await readdir(folder)).toEqual([]);
    const stream = source();
    let batches = 0;
    const next = (rows: number): Promise<Float32Array> => {
      if (batches++ === 10) throw new AntipodeError('interrupted', 'interrupted: while harvesting');
      return stream.next(rows);
    };
    await expect(train(folder, { source: { ...stream, next } })).rejects.toMatchObject({
      message: 'interrupted: the training stands at step 9 of 30',
    });
    const straight = await train(await newFolder());
    expect(await train(folder)).toEqual(straight);
  });

  it('that is done gives its result again without a step', async () => {
    const folder = await newFolder();
    const first = await train(folder);
    const again = await train(folder, {
      onProgress: () => {
        throw new Error('a step was made');
      },
    });
    expect(again).toEqual(first);
  });
});

describe('a training that cannot go on', () => {
  it('says that it diverged, and writes nothing of it', async () => {
    const settings = { ...SETTINGS, learningRate: 1e37, maxGradientNorm: 0, warmupSteps: 0 };
    const elsewhere = await newFolder();
    await expect(train(elsewhere, { settings })).rejects.toMatchObject({
      kind: 'check',
      message: expect.stringMatching(/^training: diverged at step \d, the loss is not a number any more$/),
      hint: 'lower --lr (it was 1e+37)',
    });
    expect(await readdir(elsewhere)).toEqual([]);
  });

  it('does not let a single activation per step divide by a variance of nothing', async () => {
    const settings = { ...SETTINGS, batch: 1, deadAfter: 2, steps: 12 };
    const dead: number[] = [];
    const sae = await train(await newFolder(), {
      settings,
      onProgress: (progress) => dead.push(progress.dead),
    });
    expect(Math.max(...dead)).toBeGreaterThan(30);
    expect(sae.W_dec.every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(sae.b_dec.every((value) => Math.abs(value) < 10)).toBe(true);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('says where activations hold %d', async (value) => {
    const stream = source();
    let batches = 0;
    const next = async (rows: number): Promise<Float32Array> => {
      const x = await stream.next(rows);
      if (batches++ === 9) x[77] = value;
      return x;
    };
    const folder = await newFolder();
    await expect(train(folder, { source: { ...stream, next } })).rejects.toMatchObject({
      kind: 'format',
      message: 'activations: the batch of step 9 holds a NaN or an infinity',
    });
    expect((await readdir(folder)).toSorted()).toEqual([CHECKPOINT_FILE, 'loss.csv']);
  });

  it('refuses a checkpoint of other settings, and one that is damaged', async () => {
    const folder = await newFolder();
    await crashAt(folder, 8);
    await expect(train(folder, { settings: { ...SETTINGS, k: 3 } })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('is of a training with other settings (k was 2, is 3)'),
    });
    const wider = sparseActivations({ dIn: 17, directions: 24, active: 2 });
    await expect(train(folder, { source: wider })).rejects.toMatchObject({
      message: expect.stringContaining('(dIn was 16, is 17)'),
    });
    const bytes = await checkpointOf(folder);
    for (const cut of [0, 7, 300, bytes.length - 1]) {
      await writeFile(join(folder, CHECKPOINT_FILE), bytes.subarray(0, cut));
      await expect(train(folder)).rejects.toMatchObject({ kind: 'format' });
    }
    const text = bytes.toString('latin1').replace('\\"step\\":7', '\\"step\\":-');
    await writeFile(join(folder, CHECKPOINT_FILE), Buffer.from(text, 'latin1'));
    await expect(train(folder)).rejects.toMatchObject({ kind: 'format' });
    await writeFile(join(folder, CHECKPOINT_FILE), bytes);
    await train(folder, { settings: { ...SETTINGS, checkpointEvery: 100 } });
  });

  const memory = totalmem() / 2 ** 30;
  it.skipIf(memory > 150)('says how much memory it would take (skipped where there is as much)', async () => {
    const settings = { ...SETTINGS, dSae: 2 ** 24, batch: 2, steps: 1 };
    const wide = sparseActivations({ dIn: 127, directions: 2, active: 1 });
    await expect(train(await newFolder(), { settings, source: wide })).rejects.toMatchObject({
      kind: 'resource',
      message: expect.stringMatching(
        /^training: not enough memory \(needs 1\d\d\.\d GiB, this machine has \d+\.\d GiB\)$/,
      ),
    });
  });

  it('is refused where its folder is a file, or may not be written', async () => {
    const folder = await newFolder();
    const file = join(folder, 'file');
    await writeFile(file, 'text');
    await expect(train(file)).rejects.toMatchObject({ kind: 'usage' });
    expect(await readFile(file, 'utf8')).toBe('text');
  });

  it.skipIf(process.getuid?.() === 0)(
    'is refused in a folder without rights (skipped for root)',
    async () => {
      const folder = await newFolder();
      await chmod(folder, 0o500);
      await expect(train(folder)).rejects.toMatchObject({ kind: 'resource' });
    },
  );
});

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value;
  return rest;
}
