/** @file Every differentiable operation against central differences in float64. */

import { describe, expect, it } from 'vitest';
import { gradientError } from '../../../test/support/run_graph.ts';
import { createRng } from '../../tensor/rng.ts';
import * as elementwise from './elementwise.ts';
import { embedding, rotate } from './language.ts';
import { nextTokenLoss } from './next_token_loss.ts';
import { matMul, matMulTransposed, reshape, transpose } from './products.ts';
import { mean, rmsNorm, softmax, sum } from './reductions.ts';
import { elements, type Shape, Tape, type Value } from './tape.ts';

const rng = createRng(7, 'gradient checks');

function normals(shape: Shape, { positive = false } = {}): { shape: Shape; data: Float64Array } {
  const data = Float64Array.from({ length: elements(shape) }, () => rng.normal());
  return { shape, data: positive ? data.map((x) => Math.abs(x) + 0.5) : data };
}

/** A scalar in which every element of the value counts differently, so that no gradient is uniform by chance. */
function weighed(tape: Tape, value: Value): Value {
  const weights = tape.constant(
    value.shape,
    Float64Array.from({ length: elements(value.shape) }, (_, i) => Math.cos(1.7 * i + 0.3)),
  );
  return sum(tape, elementwise.multiply(tape, value, weights));
}

interface Case {
  readonly name: string;
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly isPositive?: boolean;
  readonly of: (tape: Tape, parameters: Readonly<Record<string, Value>>) => Value;
}

const CASES: readonly Case[] = [
  {
    name: 'add, broadcasting both ways',
    shapes: { a: [2, 1, 4], b: [3, 1] },
    of: (t, { a, b }) => elementwise.add(t, a!, b!),
  },
  { name: 'add a value to itself', shapes: { a: [3] }, of: (t, { a }) => elementwise.add(t, a!, a!) },
  {
    name: 'subtract a scalar',
    shapes: { a: [2, 3], b: [] },
    of: (t, { a, b }) => elementwise.subtract(t, a!, b!),
  },
  {
    name: 'multiply by a row',
    shapes: { a: [2, 3, 4], b: [4] },
    of: (t, { a, b }) => elementwise.multiply(t, a!, b!),
  },
  {
    name: 'divide',
    shapes: { a: [2, 3], b: [2, 1] },
    isPositive: true,
    of: (t, { a, b }) => elementwise.divide(t, a!, b!),
  },
  { name: 'relu', shapes: { a: [3, 5] }, of: (t, { a }) => elementwise.relu(t, a!) },
  { name: 'tanh', shapes: { a: [3, 5] }, of: (t, { a }) => elementwise.tanh(t, a!) },
  { name: 'sigmoid', shapes: { a: [3, 5] }, of: (t, { a }) => elementwise.sigmoid(t, a!) },
  { name: 'silu', shapes: { a: [3, 5] }, of: (t, { a }) => elementwise.silu(t, a!) },
  { name: 'geluTanh', shapes: { a: [3, 5] }, of: (t, { a }) => elementwise.geluTanh(t, a!) },
  { name: 'exp', shapes: { a: [3, 5] }, of: (t, { a }) => elementwise.exp(t, a!) },
  { name: 'log', shapes: { a: [3, 5] }, isPositive: true, of: (t, { a }) => elementwise.log(t, a!) },
  {
    name: 'squareRoot',
    shapes: { a: [3, 5] },
    isPositive: true,
    of: (t, { a }) => elementwise.squareRoot(t, a!),
  },
  { name: 'square', shapes: { a: [3, 5] }, of: (t, { a }) => elementwise.square(t, a!) },
  { name: 'matMul of matrices', shapes: { a: [3, 4], b: [4, 5] }, of: (t, { a, b }) => matMul(t, a!, b!) },
  {
    name: 'matMul with a shared matrix',
    shapes: { a: [2, 3, 4], b: [4, 5] },
    of: (t, { a, b }) => matMul(t, a!, b!),
  },
  {
    name: 'matMul of batches',
    shapes: { a: [2, 2, 3, 4], b: [2, 1, 4, 3] },
    of: (t, { a, b }) => matMul(t, a!, b!),
  },
  {
    name: 'matMulTransposed',
    shapes: { a: [3, 4], b: [5, 4] },
    of: (t, { a, b }) => matMulTransposed(t, a!, b!),
  },
  { name: 'transpose', shapes: { a: [2, 3, 4] }, of: (t, { a }) => transpose(t, a!, [2, 0, 1]) },
  { name: 'reshape', shapes: { a: [2, 6] }, of: (t, { a }) => reshape(t, a!, [3, 4]) },
  { name: 'sum over a middle axis', shapes: { a: [2, 3, 4] }, of: (t, { a }) => sum(t, a!, { axes: [1] }) },
  {
    name: 'mean, keeping the axes',
    shapes: { a: [2, 3, 4] },
    of: (t, { a }) => mean(t, a!, { axes: [0, 2], keepsAxes: true }),
  },
  { name: 'softmax', shapes: { a: [3, 5] }, of: (t, { a }) => softmax(t, a!) },
  {
    name: 'rmsNorm with one plus the weight',
    shapes: { a: [2, 3, 4], b: [4] },
    of: (t, { a, b }) => rmsNorm(t, a!, b!, { epsilon: 1e-2, weightForm: 'offset' }),
  },
  {
    name: 'rmsNorm with the weight',
    shapes: { a: [3, 4], b: [4] },
    of: (t, { a, b }) => rmsNorm(t, a!, b!, { epsilon: 1e-2, weightForm: 'plain' }),
  },
  {
    name: 'rotate',
    shapes: { a: [2, 3, 4] },
    of: (t, { a }) => {
      const angles = Array.from({ length: 12 }, (_, i) => i / 3);
      return rotate(
        t,
        a!,
        t.constant([3, 4], angles.map(Math.cos)),
        t.constant([3, 4], angles.map(Math.sin)),
      );
    },
  },
  {
    name: 'a value used twice on different ways',
    shapes: { a: [2, 2] },
    of: (t, { a }) => matMul(t, elementwise.tanh(t, a!), elementwise.add(t, a!, elementwise.square(t, a!))),
  },
];

// Central differences with a step of 1e-5 have an error of about 1e-10 themselves.
const TOLERANCE = 1e-7;

describe('gradients equal central differences in float64', () => {
  it.each(CASES)('$name', async ({ isPositive, of, shapes }) => {
    const build = (tape: Tape): Value => {
      const parameters = Object.entries(shapes).map(([name, shape]) => [name, tape.parameter(name, shape)]);
      return weighed(tape, of(tape, Object.fromEntries(parameters)));
    };
    const values = Object.entries(shapes).map(([name, shape]) => [
      name,
      normals(shape, { positive: isPositive ?? false }),
    ]);
    expect(await gradientError(build, () => new Tape('float64'), Object.fromEntries(values))).toBeLessThan(
      TOLERANCE,
    );
  });

  it('embedding: rows that are looked up several times, once and never', async () => {
    const build = (tape: Tape): Value =>
      weighed(tape, embedding(tape, tape.parameter('table', [4, 3]), tape.indices('ids', [2, 3])));
    const ids = { shape: [2, 3], data: BigInt64Array.from([1n, 3n, 1n, 0n, 1n, 3n]) };
    const error = await gradientError(build, () => new Tape('float64'), { table: normals([4, 3]), ids });
    expect(error).toBeLessThan(TOLERANCE);
  });

  it.each([
    { softCap: undefined, rowsAtOnce: 3 },
    { softCap: 2, rowsAtOnce: 3 },
    { softCap: 2, rowsAtOnce: 2 },
  ])('nextTokenLoss, soft cap $softCap, $rowsAtOnce rows at once, one row left out', async (options) => {
    const { rowsAtOnce, softCap } = options;
    const build = (tape: Tape): Value =>
      nextTokenLoss(
        tape,
        {
          hidden: tape.parameter('hidden', [3, 2]),
          table: tape.parameter('table', [4, 2]),
          targets: tape.indices('targets', [3]),
        },
        { rowsAtOnce, weights: tape.constant([3], [1, 0, 1]), ...(softCap === undefined ? {} : { softCap }) },
      );
    const targets = { shape: [3], data: BigInt64Array.from([2n, 0n, 3n]) };
    const values = { hidden: normals([3, 2]), table: normals([4, 2]), targets };
    expect(await gradientError(build, () => new Tape('float64'), values)).toBeLessThan(TOLERANCE);
  });
});

describe('a tape', () => {
  it('refuses a loss that is not a scalar, and shapes that do not go together', () => {
    const tape = new Tape();
    const a = tape.parameter('a', [2, 3]);
    expect(() => tape.gradients(a)).toThrow(/scalar/);
    expect(() => elementwise.add(tape, a, tape.input('b', [4]))).toThrow(/do not broadcast/);
    expect(() => matMul(tape, a, tape.input('c', [2, 3]))).toThrow(/not a product/);
    expect(() => reshape(tape, a, [4])).toThrow(/cannot take the shape/);
  });

  it('leaves out parameters that the loss does not depend on', () => {
    const tape = new Tape();
    const used = tape.parameter('used', [2]);
    tape.parameter('unused', [2]);
    expect([...tape.gradients(sum(tape, used)).keys()]).toEqual([used]);
  });
});
