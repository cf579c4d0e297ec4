/** @file The optimiser against plain loops, the double-buffered session, checkpoints, schedules and the loss curve. */

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { multiply, subtract } from '../../onnx/gradients/elementwise.ts';
import { sum } from '../../onnx/gradients/reductions.ts';
import { Tape } from '../../onnx/gradients/tape.ts';
import { createRng } from '../../tensor/rng.ts';
import { checkpointTensor, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { createLossCurve } from './loss_curve.ts';
import { type AdamSettings, biasCorrection, emitAdam } from './optimiser.ts';
import { learningRate } from './schedule.ts';
import { openStepSession, type StepSession } from './step_session.ts';

const ADAM = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };

/** Minimises sum(w * (x - target)^2) over a matrix and a vector. */
async function openToy(settings: AdamSettings): Promise<StepSession> {
  const tape = new Tape();
  const matrix = tape.parameter('matrix', [2, 3]);
  const vector = tape.parameter('vector', [3]);
  const difference = subtract(tape, multiply(tape, matrix, vector), tape.input('target', [2, 3]));
  const loss = sum(tape, multiply(tape, difference, difference));
  const state = emitAdam(tape, tape.gradients(loss), settings);
  tape.expose('loss', loss);
  return openStepSession(tape.encodeInPlace(), { state, threads: 1 });
}

function normals(count: number): Float32Array {
  const rng = createRng(3, 'step test');
  return Float32Array.from({ length: count }, () => rng.normal());
}

interface Plain {
  readonly matrix: Float64Array;
  readonly vector: Float64Array;
  readonly moments: Record<'matrix' | 'vector', { m: Float64Array; v: Float64Array }>;
}

/** The same step in loops, from the papers. */
function plainStep(state: Plain, target: Float32Array, rate: number, settings: AdamSettings): void {
  const gradients = { matrix: new Float64Array(6), vector: new Float64Array(3) };
  for (let i = 0; i < 6; i++) {
    const error = 2 * (state.matrix[i]! * state.vector[i % 3]! - target[i]!);
    gradients.matrix[i] = error * state.vector[i % 3]!;
    gradients.vector[i % 3]! += error * state.matrix[i]!;
  }
  const norm = Math.hypot(...gradients.matrix, ...gradients.vector);
  const limit = settings.maxGradientNorm;
  const clip = limit !== undefined && norm > limit ? limit / norm : 1;
  for (const name of ['matrix', 'vector'] as const) {
    const { m, v } = state.moments[name];
    const values = state[name];
    for (let i = 0; i < values.length; i++) {
      const g = gradients[name][i]! * clip;
      m[i] = settings.beta1 * m[i]! + (1 - settings.beta1) * g;
      v[i] = settings.beta2 * v[i]! + (1 - settings.beta2) * g * g;
      if (name === 'matrix') values[i]! *= 1 - rate * (settings.weightDecay ?? 0);
      values[i]! -= (rate * m[i]!) / (Math.sqrt(v[i]!) + settings.epsilon);
    }
  }
}

describe('AdamW as nodes', () => {
  it.each([
    { name: 'plain', settings: ADAM },
    { name: 'with weight decay', settings: { ...ADAM, weightDecay: 0.5 } },
    { name: 'with clipping', settings: { ...ADAM, maxGradientNorm: 0.3 } },
  ])('$name: ten steps as in loops', async ({ settings }) => {
    const session = await openToy(settings);
    const [start, target] = [normals(9), normals(20).subarray(9, 15)];
    session.write('matrix', start.subarray(0, 6));
    session.write('vector', start.subarray(6));
    const zeros = (n: number): { m: Float64Array; v: Float64Array } => ({
      m: new Float64Array(n),
      v: new Float64Array(n),
    });
    const plain: Plain = {
      matrix: Float64Array.from(start.subarray(0, 6)),
      vector: Float64Array.from(start.subarray(6)),
      moments: { matrix: zeros(6), vector: zeros(3) },
    };
    for (let step = 1; step <= 10; step++) {
      const rate = 0.05 * biasCorrection(step, settings);
      const learning_rate = { shape: [], data: Float32Array.of(rate) };
      await session.run({ target: { shape: [2, 3], data: target }, learning_rate }, ['loss']);
      plainStep(plain, target, rate, settings);
    }
    for (const name of ['matrix', 'vector'] as const) {
      const worst = Math.max(...session.read(name).map((value, i) => Math.abs(value - plain[name][i]!)));
      // Ten steps of float32 roundings of values around 1.
      expect(worst, name).toBeLessThan(2e-6);
    }
    await session.close();
  });
});

it('weights decay by the bias-corrected rate, less than in torch at first, and the same later', () => {
  const shareOfTorchs = (step: number): number => biasCorrection(step, { ...ADAM, beta1: 0.9, beta2: 0.99 });
  const shares = [1, 13, 100, 500].map((step) => Number(shareOfTorchs(step).toFixed(3)));
  expect(shares).toEqual([1, 0.469, 0.796, 0.997]);
  const steps = Array.from({ length: 600 }, (_, i) => i + 1);
  const least = steps.reduce((best, step) => (shareOfTorchs(step) < shareOfTorchs(best) ? step : best));
  expect(least).toBe(13);
});

describe('a step session', () => {
  it('keeps the state when it only looks, and moves on when it runs', async () => {
    const session = await openToy(ADAM);
    session.write('matrix', normals(6));
    session.write('vector', Float32Array.of(1, 2, 3));
    const feeds = {
      target: { shape: [2, 3], data: new Float32Array(6) },
      learning_rate: { shape: [], data: Float32Array.of(0.1) },
    };
    const first = await session.look(feeds, ['loss']);
    expect((await session.look(feeds, ['loss']))['loss']).toEqual(first['loss']);
    expect((await session.run(feeds, ['loss']))['loss']).toEqual(first['loss']);
    expect((await session.look(feeds, ['loss']))['loss']![0]!).toBeLessThan(first['loss']![0]!);
    await session.close();
  });

  it('refuses unknown state and wrong lengths', async () => {
    const session = await openToy(ADAM);
    expect(() => session.read('loss')).toThrow(/not part of the state/);
    expect(() => session.write('vector', new Float32Array(2))).toThrow(/has 3 values, got 2/);
    await session.close();
  });
});

describe('learningRate', () => {
  const base = { peak: 1, steps: 100, warmupSteps: 10 };
  it.each([
    { decay: 'cosine' as const, at: [0.1, 1, 0.5, 0] },
    { decay: 'linear' as const, at: [0.1, 1, 0.5, 0] },
    { decay: 'constant' as const, at: [0.1, 1, 1, 1] },
  ])('$decay: up over the warm-up, then down to the end', ({ at, decay }) => {
    const rates = [1, 10, 55, 100].map((step) => learningRate(step, { ...base, decay }));
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(at[i]!, 12);
  });

  it('falls over the last share only, and stops at the floor', () => {
    const schedule = { ...base, decay: 'linear' as const, decayShare: 0.2, floor: 0.1 };
    expect(learningRate(80, schedule)).toBe(1);
    expect(learningRate(90, schedule)).toBeCloseTo(0.55, 12);
    expect(learningRate(100, schedule)).toBeCloseTo(0.1, 12);
  });
});

describe('checkpoints', () => {
  const tensor = { name: 'w', shape: [2, 2], data: Float32Array.of(1, -0, 3, Number.MIN_VALUE) };

  it('come back as they were, and the same state gives the same bytes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-checkpoint-'));
    const facts = { step: 3, position: { epoch: 1 } };
    const paths = ['a', 'b'].map((name) => join(folder, name));
    for (const path of paths) await writeCheckpoint(path, [tensor], facts);
    const found = await readCheckpoint(paths[0]!);
    expect(found.facts).toEqual(facts);
    expect(checkpointTensor(paths[0]!, found, tensor)).toEqual(tensor.data);
    expect(await readFile(paths[0]!)).toEqual(await readFile(paths[1]!));
  });

  it('say what is wrong with them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-checkpoint-'));
    const path = join(folder, 'c');
    await expect(readCheckpoint(path)).rejects.toMatchObject({ kind: 'missing' });
    await writeCheckpoint(path, [tensor], {});
    const found = await readCheckpoint(path);
    expect(() => checkpointTensor(path, found, { name: 'w', shape: [4] })).toThrow(
      /got \[2, 2\], expected \[4\]/,
    );
    expect(() => checkpointTensor(path, found, { name: 'v', shape: [4] })).toThrow(/got nothing/);
    const bytes = await readFile(path);
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readCheckpoint(path), `cut at ${length}`).rejects.toMatchObject({ name: 'AntipodeError' });
    }
  });
});

describe('the loss curve', () => {
  it('goes on from a checkpoint, and writes a table', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-curve-'));
    const curve = createLossCurve(['step', 'loss']);
    curve.add([1, 0.5]);
    curve.add([2, Number.NaN]);
    const again = createLossCurve(['step', 'loss'], JSON.parse(JSON.stringify(curve.toJson())));
    again.add([3, 0.25]);
    await again.write(folder);
    expect(await readFile(join(folder, 'loss.csv'), 'utf8')).toBe('step,loss\n1,0.5\n2,\n3,0.25\n');
    expect(() => createLossCurve(['step'], [[1, 2]])).toThrow(/rows of 1 numbers/);
  });
});
