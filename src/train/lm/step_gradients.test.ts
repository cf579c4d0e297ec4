/** @file The gradient of a whole step: against central differences in float64, against torch in float64, and what float32 makes of it. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { isFull, onlyInFull } from '../../../test/support/effort.ts';
import { TOY_CONFIG } from '../../../test/support/toy_language.ts';
import { elements, Tape } from '../../onnx/gradients/tape.ts';
import { loadOnnxRuntime } from '../../onnx/runtime.ts';
import { biasCorrection } from '../step/optimiser.ts';
import { type Feed, openStepSession } from '../step/step_session.ts';
import { type ParameterSpec, parameterSpecs } from './parameters.ts';
import { buildStep, gemma2Loss } from './step_graphs.ts';
import { readTrainableConfig } from './trainable_config.ts';

const { model: CONFIG } = readTrainableConfig(TOY_CONFIG);
const SPECS = parameterSpecs(CONFIG);
const BATCH = { rows: 4, columns: 9 };
const REQUEST = { config: CONFIG, batch: BATCH };
const [CLIP, RATE, EPSILON] = [0.5, 0.02, 1e-12];

const golden = fileURLToPath(new URL('../../../test/golden/train/language_model', import.meta.url));

interface Golden {
  readonly loss: number;
  readonly gradients: Readonly<Record<string, { norm: number; along: number; first: number[] }>>;
  readonly steps: readonly { loss: number; gradient_norm: number }[];
}

/** The formulas of language_model.py. */
const start = (index: number, { shape }: ParameterSpec): Float64Array =>
  Float64Array.from(
    { length: elements(shape) },
    (_, i) => (shape.length === 2 ? 0.8 : 0.4) * (((0.618 * i * i + 0.755 * i + 0.3 * index) % 1) - 0.5),
  );
const START = new Map(SPECS.map((spec, index) => [spec.name, start(index, spec)]));
const token = (row: number, column: number): bigint => BigInt((7 * row + 5 * column * column + 3) % 24);
const places = Array.from(
  { length: BATCH.rows * BATCH.columns },
  (_, i) => [Math.trunc(i / 9), i % 9] as const,
);
const BATCH_FEEDS = {
  ids: { shape: [4, 9], data: BigInt64Array.from(places, ([row, column]) => token(row, column)) },
  targets: { shape: [36], data: BigInt64Array.from(places, ([row, column]) => token(row, column + 1)) },
  counted: { shape: [36], data: Float32Array.from(places, ([row, column]) => (column < 9 - row ? 1 : 0)) },
} satisfies Record<string, Feed>;

type Arrays = ReadonlyMap<string, Float64Array>;

/** A function from weights to the loss and, where asked for, all gradients. */
async function openLoss(
  float: 'float32' | 'float64',
  withGradients: boolean,
): Promise<(weights: Arrays) => Promise<Arrays>> {
  const tape = new Tape(float);
  const loss = gemma2Loss(tape, REQUEST);
  tape.expose('loss', loss);
  const gradients = withGradients ? tape.gradients(loss) : [];
  for (const [parameter, name] of gradients) tape.expose(`d ${parameter.name}`, { ...parameter, name });
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const session = await InferenceSession.create(tape.encode(), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    // Higher levels fold scales into attributes of products, which are float32.
    graphOptimizationLevel: float === 'float64' ? 'basic' : 'all',
  });
  const floats = (data: ArrayLike<number>, shape: readonly number[]) =>
    float === 'float32'
      ? new Tensor('float32', Float32Array.from(data), shape)
      : new Tensor('float64', Float64Array.from(data), shape);
  return async (weights) => {
    const results = await session.run({
      ids: new Tensor('int64', BATCH_FEEDS.ids.data, BATCH_FEEDS.ids.shape),
      targets: new Tensor('int64', BATCH_FEEDS.targets.data, BATCH_FEEDS.targets.shape),
      counted: floats(BATCH_FEEDS.counted.data, BATCH_FEEDS.counted.shape),
      ...Object.fromEntries(SPECS.map(({ name, shape }) => [name, floats(weights.get(name)!, shape)])),
    });
    return new Map(
      Object.entries(results).map(([name, { data }]) => [name, Float64Array.from(data as Float64Array)]),
    );
  };
}

const norm = (values: Float64Array): number => Math.hypot(...values);
const dot = (a: Float64Array, b: ArrayLike<number>): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe('the gradient of a step', () => {
  let loss: (weights: Arrays) => Promise<Arrays>;
  let exact: Arrays;
  beforeAll(async () => {
    loss = await openLoss('float64', false);
    exact = await (await openLoss('float64', true))(START);
  });

  const lossAt = async (name: string, change: (values: Float64Array) => void): Promise<number> => {
    const values = START.get(name)!.slice();
    change(values);
    return (await loss(new Map(START).set(name, values))).get('loss')![0]!;
  };

  it('equals central differences along a direction in which every entry counts, and at single entries', async () => {
    const step = 1e-5;
    for (const { name } of SPECS) {
      const gradient = exact.get(`d ${name}`)!;
      const direction = gradient.map((_, i) => Math.sin(2.1 * i + 0.4));
      const slope = async (along: (values: Float64Array, by: number) => void): Promise<number> => {
        const [up, down] = [
          await lossAt(name, (v) => along(v, step)),
          await lossAt(name, (v) => along(v, -step)),
        ];
        return (up - down) / (2 * step);
      };
      const whole = await slope((values, by) => {
        for (let i = 0; i < values.length; i++) values[i]! += by * direction[i]!;
      });
      const size = norm(gradient);
      expect(Math.abs(whole - dot(gradient, direction)), name).toBeLessThan(1e-6 * size * norm(direction));
      for (const at of [0, gradient.length >> 1, gradient.length - 1]) {
        const one = await slope((values, by) => {
          values[at]! += by;
        });
        expect(Math.abs(one - gradient[at]!), `${name}[${at}]`).toBeLessThan(1e-6 * size);
      }
    }
  });

  it('in float32 is that of float64 but for rounding', async () => {
    const rounded = await (await openLoss('float32', true))(START);
    for (const { name } of SPECS) {
      const reference = exact.get(`d ${name}`)!;
      const difference = rounded.get(`d ${name}`)!.map((value, i) => value - reference[i]!);
      // Some tens of roundings of 6e-8 on the way through three layers and back.
      expect(norm(difference) / norm(reference), name).toBeLessThan(1e-5);
    }
  });

  const agree = ({ gradients, loss: expected }: Golden): void => {
    expect(exact.get('loss')![0]).toBeCloseTo(expected, 11);
    expect(Object.keys(gradients)).toEqual(SPECS.map(({ name }) => name));
    for (const [name, { along, first, norm: size }] of Object.entries(gradients)) {
      const found = exact.get(`d ${name}`)!;
      const direction = found.map((_, i) => Math.cos(0.7 * i + 1));
      const errors = [norm(found) - size, (dot(found, direction) - along) / norm(direction)];
      errors.push(...first.map((value, i) => value - found[i]!));
      for (const error of errors) expect(Math.abs(error), name).toBeLessThan(1e-10 * size);
    }
  };

  it("equals torch's, recorded", () => agree(JSON.parse(readFileSync(`${golden}.json`, 'utf8')) as Golden));

  // To load torch takes seconds.
  const python = isFull
    ? ['python3', '/usr/bin/python3'].find(
        (command) => spawnSync(command, ['-c', 'import torch, numpy']).status === 0,
      )
    : undefined;
  const missing = isFull && python === undefined;
  it.skipIf(python === undefined)(
    `equals torch's, asked now${onlyInFull('seconds; what it said is recorded')}${missing ? ' (needs python3 with torch and numpy, absent: skipped)' : ''}`,
    () => {
      const asked = spawnSync(python!, ['-B', `${golden}.py`], { encoding: 'utf8' });
      expect(asked.status, asked.stderr).toBe(0);
      agree(JSON.parse(asked.stdout) as Golden);
    },
  );
});

describe('some steps', () => {
  it('have the losses and gradient norms that torch has with its AdamW', async () => {
    const { steps } = JSON.parse(readFileSync(`${golden}.json`, 'utf8')) as Golden;
    const adam = { beta1: 0.9, beta2: 0.99, epsilon: EPSILON, maxGradientNorm: CLIP };
    const { model, state } = buildStep(REQUEST, adam);
    const session = await openStepSession(model, { state, threads: 1 });
    for (const [name, values] of START) session.write(name, Float32Array.from(values));
    for (const [index, expected] of steps.entries()) {
      const learning_rate = { shape: [], data: Float32Array.of(RATE * biasCorrection(index + 1, adam)) };
      const found = await session.run({ ...BATCH_FEEDS, learning_rate }, ['loss', 'gradient_norm']);
      // float32 here, float64 there, and steps that are large on purpose.
      expect(Math.abs(found['loss']![0]! / expected.loss - 1)).toBeLessThan(2e-6);
      expect(Math.abs(found['gradient_norm']![0]! / expected.gradient_norm - 1)).toBeLessThan(2e-5);
    }
    await session.close();
  });
});
