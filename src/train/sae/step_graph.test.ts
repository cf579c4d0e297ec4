/**
 * @file Whole steps of every architecture, with and without the auxiliary loss, in float64: against central differences of plain loops, against
 * torch's autograd (numbers in test/golden/train), and what float32 keeps of them.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isFull, onlyInFull } from '../../../test/support/effort.ts';
import { type PlainProblem, plainForward, straightThrough } from '../../../test/support/plain_sae.ts';
import { type ArrayOf, runGraph } from '../../../test/support/run_graph.ts';
import type { FloatType } from '../../onnx/gradients/tape.ts';
import { createRng } from '../../tensor/rng.ts';
import { biasCorrection, nextName } from '../step/optimiser.ts';
import { buildStepGraph, type SaeArchitecture, type StepGraph } from './step_graph.ts';

type Values = Record<string, Float64Array>;

interface StepInputs {
  readonly x: Float64Array;
  readonly scale: number;
  readonly sparsity: number;
  readonly auxiliary: number;
  readonly dead: readonly number[];
  /** Where the search for the smallest kept value begins. */
  readonly floor?: number;
  /** Already corrected for Adam's beginnings. */
  readonly rate: number;
  readonly moments?: Values;
}

interface Shape {
  readonly architecture: SaeArchitecture;
  readonly dIn: number;
  readonly dSae: number;
  readonly batch: number;
  readonly k: number;
  readonly bandwidth: number;
  readonly auxK: number;
  readonly revives: boolean;
}

const ADAM = { beta1: 0.9, beta2: 0.99, epsilon: 1e-15, maxGradientNorm: 0.05 };

function build(shape: Shape, float: FloatType = 'float64'): StepGraph {
  const graph = buildStepGraph({ ...shape, adam: ADAM, float });
  for (const [parameter, name] of graph.gradients)
    graph.tape.expose(`d ${parameter.name}`, { ...parameter, name });
  return graph;
}

/** All results of one step. */
async function runStep(
  shape: Shape,
  parameters: Values,
  inputs: StepInputs,
  float: FloatType = 'float64',
): Promise<Record<string, Float64Array>> {
  const { tape, state } = build(shape, float);
  const scalar = (value: number): ArrayOf => ({ shape: [], data: [value] });
  const feeds: Record<string, ArrayOf> = {
    x: { shape: [shape.batch, shape.dIn], data: inputs.x },
    input_scale: scalar(inputs.scale),
    learning_rate: scalar(inputs.rate),
  };
  for (const { name, shape: dims } of state) {
    const size = dims.reduce((a, b) => a * b, 1);
    feeds[name] = { shape: dims, data: parameters[name] ?? inputs.moments?.[name] ?? new Float64Array(size) };
  }
  const { architecture, dSae, revives } = shape;
  if (architecture === 'batchtopk') feeds['candidate_floor'] = scalar(inputs.floor ?? 0);
  if (architecture === 'jumprelu' || architecture === 'relu') feeds['sparsity'] = scalar(inputs.sparsity);
  if (revives) {
    feeds['dead'] = {
      shape: [dSae],
      data: Array.from({ length: dSae }, (_, i) => Number(inputs.dead.includes(i))),
    };
    feeds['auxiliary'] = scalar(inputs.auxiliary);
  }
  return runGraph(tape, feeds);
}

/** Norm of the difference over the norm of what is expected. */
function relative(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (found[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  expect(found.length).toBe(expected.length);
  return Math.sqrt(difference) / Math.max(Math.sqrt(size), 1e-12);
}

function withoutRowPart(gradient: Float64Array, rows: Float64Array, dIn: number): Float64Array {
  return gradient.map((value, at) => {
    const from = at - (at % dIn);
    let along = 0;
    for (let c = 0; c < dIn; c++) along += gradient[from + c]! * rows[from + c]!;
    return value - along * rows[at]!;
  });
}

const ARCHITECTURES: readonly SaeArchitecture[] = ['batchtopk', 'topk', 'jumprelu', 'relu'];
const CASES = ARCHITECTURES.flatMap((architecture) => [
  { architecture, revives: false },
  { architecture, revives: true },
]);

/** A problem with unlike sizes everywhere, most latents active now and then. */
function problemOf({ architecture, revives }: (typeof CASES)[number]): {
  readonly problem: PlainProblem;
  readonly shape: Shape;
  readonly parameters: Values;
  readonly inputs: StepInputs;
} {
  const [batch, dIn, dSae, k, auxK, bandwidth] = [11, 5, 8, 3, 2, 0.5];
  const rng = createRng(17, `${architecture} step`);
  const normals = (count: number, scale: number): Float64Array =>
    Float64Array.from({ length: count }, () => scale * rng.normal());
  const W_dec = normals(dSae * dIn, 1);
  if (architecture !== 'relu') {
    for (let from = 0; from < W_dec.length; from += dIn) {
      const length = Math.hypot(...W_dec.subarray(from, from + dIn));
      for (let c = 0; c < dIn; c++) W_dec[from + c]! /= length;
    }
  }
  const parameters: Values = {
    W_enc: normals(dSae * dIn, 0.6),
    W_dec,
    b_enc: normals(dSae, 0.2),
    b_dec: normals(dIn, 0.3),
    ...(architecture === 'jumprelu' && { log_threshold: normals(dSae, 0.3).map((value) => value - 1) }),
  };
  const dead = [0, 3, 6, 7];
  const [scale, sparsity, auxiliary] = [1.5, 0.07, revives ? 0.4 : 0];
  const raw = normals(batch * dIn, 1);
  const x = raw.map((value) => value * scale);
  const shape = { architecture, batch, dIn, dSae, k, auxK, bandwidth, revives };
  return {
    shape,
    problem: { ...shape, sparsity, x, dead, auxiliary },
    parameters,
    inputs: { x: raw, scale, sparsity, auxiliary, dead, rate: 1e-3 },
  };
}

describe('a step in float64', () => {
  it.each(CASES)(
    '$architecture, auxiliary loss $revives: gradients are central differences',
    async (which) => {
      const { inputs, parameters, problem, shape } = problemOf(which);
      const found = await runStep(shape, parameters, inputs);
      const held = plainForward(problem, parameters);
      expect(found['loss']![0]).toBeCloseTo(held.loss, 12);
      expect(found['reconstruction']![0]).toBeCloseTo(held.reconstruction, 12);
      const step = 1e-6;
      for (const [name, base] of Object.entries(parameters)) {
        if (name === 'log_threshold') continue;
        const numeric = base.map((_, i) => {
          const at = (shift: number): number => {
            const moved = base.with(i, base[i]! + shift);
            return plainForward(problem, { ...parameters, [name]: moved }, held.residual).loss;
          };
          return (at(step) - at(-step)) / (2 * step);
        });
        const isProjected = name === 'W_dec' && which.architecture !== 'relu';
        const expected = isProjected ? withoutRowPart(numeric, base, shape.dIn) : numeric;
        // Central differences of a step of 1e-6 carry about 1e-9; the issue asks for 1e-5.
        expect(relative(found[`d ${name}`]!, expected), name).toBeLessThan(1e-7);
      }
    },
  );

  it('the thresholds of a JumpReLU get the straight-through gradient of the paper', async () => {
    const { inputs, parameters, problem, shape } = problemOf({ architecture: 'jumprelu', revives: false });
    const { batch, dIn, dSae } = shape;
    const found = await runStep(shape, parameters, inputs);
    const { pre, residual } = plainForward(problem, parameters);
    const byActs = pre.map((_, at) => {
      const [row, i] = [Math.trunc(at / dSae), at % dSae];
      let sum = 0;
      for (let c = 0; c < dIn; c++) sum += residual[row * dIn + c]! * parameters['W_dec']![i * dIn + c]!;
      return (-2 * sum) / (batch * dIn);
    });
    const logs = parameters['log_threshold']!;
    const expected = straightThrough(problem, logs, { pre, byActs });
    expect(expected.filter((value) => value !== 0).length).toBeGreaterThan(3);
    expect(relative(found['d log_threshold']!, expected)).toBeLessThan(1e-12);
  });

  it.each(ARCHITECTURES)('%s counts which latents fire, and keeps decoder rows', async (architecture) => {
    const { inputs, parameters, problem, shape } = problemOf({ architecture, revives: false });
    const found = await runStep(shape, parameters, inputs);
    const { acts } = plainForward(problem, parameters);
    const fired = new Float64Array(shape.dSae);
    for (const [at, value] of acts.entries()) if (value > 0) fired[at % shape.dSae]!++;
    expect(found['fired']).toEqual(fired);
    const rows = found[nextName('W_dec')]!;
    for (let from = 0; from < rows.length; from += shape.dIn) {
      const length = Math.hypot(...rows.subarray(from, from + shape.dIn));
      if (architecture === 'relu') expect(Math.abs(length - 1)).toBeGreaterThan(1e-3);
      else expect(length).toBeCloseTo(1, 14);
    }
  });

  it('BatchTopK finds the same values wherever it begins to search', async () => {
    const { inputs, parameters, problem, shape } = problemOf({ architecture: 'batchtopk', revives: false });
    const smallest = (await runStep(shape, parameters, { ...inputs, floor: 0 }))['smallest']![0]!;
    const { acts } = plainForward(problem, parameters);
    expect(smallest).toBeCloseTo(Math.min(...acts.filter((value) => value > 0)), 13);
    for (const floor of [0.5 * smallest, smallest * (1 - 1e-12), smallest, 2 * smallest, 1e9]) {
      const found = await runStep(shape, parameters, { ...inputs, floor });
      expect(found['smallest']![0]).toBe(smallest);
      expect(found['fired']!.reduce((a, b) => a + b)).toBe(33);
    }
  });

  it.each(['batchtopk', 'topk'] as const)('%s keeps nothing below zero', async (architecture) => {
    const { inputs, parameters, shape } = problemOf({ architecture, revives: false });
    const low = { ...parameters, b_enc: new Float64Array(shape.dSae).fill(-2.5) };
    const found = await runStep({ ...shape, k: shape.dSae }, low, inputs);
    const { pre } = plainForward(
      { ...problemOf({ architecture, revives: false }).problem, k: shape.dSae },
      low,
    );
    const positive = pre.filter((value) => value > 0).length;
    expect(positive).toBeGreaterThan(0);
    expect(positive).toBeLessThan(pre.length / 2);
    expect(found['fired']!.reduce((a, b) => a + b)).toBe(positive);
  });
});

interface Golden {
  readonly settings: Readonly<Record<string, number>> & { readonly dead: number[] };
  readonly batches: readonly number[][];
  readonly cases: readonly GoldenCase[];
}

interface GoldenCase {
  readonly architecture: SaeArchitecture;
  readonly revives: boolean;
  readonly start: Readonly<Record<string, number[]>>;
  readonly loss: number;
  readonly reconstruction: number;
  readonly fired: number[];
  readonly smallest: number | null;
  readonly gradients: Readonly<Record<string, number[]>>;
  readonly losses: readonly number[];
  readonly after: Readonly<Record<string, number[]>>;
}

const SCRIPT = fileURLToPath(new URL('../../../test/golden/train/sae_steps.py', import.meta.url));
const golden = JSON.parse(readFileSync(SCRIPT.replace(/py$/, 'json'), 'utf8')) as Golden;

/** Three steps of the graph; the gradients and the loss of the first, and what is left behind the last. */
async function followGolden(
  one: GoldenCase,
  float: FloatType,
): Promise<{ first: Values; after: Values; losses: number[] }> {
  const { settings, batches } = golden;
  const number = (name: string): number => settings[name] as number;
  const { architecture, revives } = one;
  const shape: Shape = {
    architecture,
    revives,
    dIn: number('d_in'),
    dSae: number('d_sae'),
    batch: number('batch'),
    k: number('k'),
    bandwidth: number('bandwidth'),
    auxK: number('aux_k'),
  };
  let parameters: Values = {};
  for (const [name, values] of Object.entries(one.start)) parameters[name] = Float64Array.from(values);
  const moments: Values = {};
  const losses: number[] = [];
  let first: Values = {};
  for (const [i, batch] of batches.entries()) {
    const inputs: StepInputs = {
      x: Float64Array.from(batch),
      scale: number('scale'),
      sparsity: number('sparsity'),
      auxiliary: number('auxiliary'),
      dead: settings.dead,
      rate: number('rate') * biasCorrection(i + 1, ADAM),
      moments,
    };
    const found = await runStep(shape, parameters, inputs, float);
    if (i === 0) first = found;
    losses.push(found['loss']![0]!);
    const next: Values = {};
    for (const name of Object.keys(parameters)) {
      next[name] = found[nextName(name)]!;
      for (const mean of [`adam_m.${name}`, `adam_v.${name}`]) moments[mean] = found[nextName(mean)]!;
    }
    parameters = next;
  }
  return { first, after: parameters, losses };
}

describe('torch', () => {
  it.each(golden.cases)('agrees on $architecture, auxiliary loss $revives', async (one) => {
    const { after, first, losses } = await followGolden(one, 'float64');
    expect(first['loss']![0]).toBeCloseTo(one.loss, 13);
    expect(first['reconstruction']![0]).toBeCloseTo(one.reconstruction, 13);
    expect([...first['fired']!]).toEqual(one.fired);
    if (one.smallest !== null) expect(first['smallest']![0]).toBeCloseTo(one.smallest, 13);
    for (const [name, expected] of Object.entries(one.gradients)) {
      expect(relative(first[`d ${name}`]!, expected), name).toBeLessThan(1e-10);
    }
    expect(relative(losses, one.losses)).toBeLessThan(1e-10);
    for (const [name, expected] of Object.entries(one.after))
      expect(relative(after[name]!, expected), name).toBeLessThan(1e-10);
  });

  it.each(golden.cases)('agrees with float32 on $architecture, auxiliary loss $revives', async (one) => {
    const { first, losses } = await followGolden(one, 'float32');
    for (const [name, expected] of Object.entries(one.gradients))
      expect(relative(first[`d ${name}`]!, expected), name).toBeLessThan(1e-5);
    expect(relative(losses, one.losses)).toBeLessThan(1e-5);
  });

  const python = '/usr/bin/python3';
  // To load torch takes seconds.
  const hasTorch = isFull && spawnSync(python, ['-c', 'import torch']).status === 0;
  const title = `gives the committed numbers again${onlyInFull('seconds; the committed ones are compared above')}`;
  it.skipIf(!hasTorch)(`${title} (skipped where ${python} has no torch)`, () => {
    const run = spawnSync(python, [SCRIPT], { encoding: 'utf8', maxBuffer: 2 ** 24 });
    expect(run.status, run.stderr).toBe(0);
    const again = JSON.parse(run.stdout) as Golden;
    expect(again.batches).toEqual(golden.batches);
    for (const [i, one] of again.cases.entries()) {
      for (const [name, values] of Object.entries(one.gradients))
        expect(relative(values, golden.cases[i]!.gradients[name]!)).toBeLessThan(1e-12);
    }
  });
});
