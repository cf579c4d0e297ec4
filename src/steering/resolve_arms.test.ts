import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Edit } from '../lm/language_model.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile } from '../sae/sae.ts';
import type { Arm, PolePair, SteerMethod, StrengthUnit } from './arm.ts';
import { articleArms } from './article_arms.ts';
import { dualBasis } from './dual_basis.ts';
import { type ArmIntervention, type ResolveArmsOptions, resolveArms } from './resolve_arms.ts';

/** Of `arms.py`, which computes METHOD's formulas with numpy. */
interface Golden {
  readonly x: readonly number[];
  readonly mean_norm: number;
  readonly add: Readonly<Record<StrengthUnit, Vectors>>;
  readonly clamp: Readonly<Record<'absolute' | 'mean-norm', Vectors>>;
  readonly 'project-out': Vectors;
  readonly orthogonal: Vectors;
  readonly matched: readonly number[];
}
type Vectors = Readonly<Record<string, readonly number[]>>;

const golden = JSON.parse(
  readFileSync(new URL('../../test/golden/steering/arms.json', import.meta.url), 'utf8'),
) as Golden;

const poles: PolePair = {
  a: { name: 'Happy', features: [642] },
  b: { name: 'Sad', features: [229, 1124, 1514] },
};
const maxActivations = new Map([642, 229, 1124, 1514].map((feature) => [feature, 3 + feature / 1000]));
let sae: SaeFile;
beforeAll(async () => {
  sae = await openSae('organism/2-res-2k', { env: process.env, cwd: process.cwd() });
});
afterAll(() => sae.close());

type Asked = Partial<ResolveArmsOptions> & { readonly strength?: number; readonly matched?: boolean };

async function resolved({ strength = 1, matched = false, ...options }: Asked): Promise<ArmIntervention[]> {
  const arms = articleArms(poles, { strength, random: 2, matched });
  return resolveArms({
    sae,
    site: 2,
    arms,
    unit: 'absolute',
    method: 'add',
    meanNorm: golden.mean_norm,
    maxActivations,
    seed: 1,
    ...options,
  });
}

const steered = (all: readonly ArmIntervention[]): ArmIntervention[] =>
  all.filter(({ arm }) => arm.kind === 'steered');
const named = (all: readonly ArmIntervention[], name: string): ArmIntervention =>
  all.find(({ arm }) => arm.name === name)!;

/** What `Edit` says it does, in float64. */
function applied(edit: Edit, x: readonly number[]): number[] {
  const after = [...x];
  for (let lane = 0; lane < edit.lanes; lane++) {
    const from = lane * x.length;
    let v = edit.offset?.[lane] ?? 0;
    for (let c = 0; c < x.length; c++) v += x[c]! * edit.read[from + c]!;
    const act = v > (edit.threshold?.[lane] ?? Number.NEGATIVE_INFINITY) ? v : 0;
    const change = (edit.target?.[lane] ?? 0) + ((edit.keep?.[lane] ?? 0) - 1) * act;
    for (let c = 0; c < x.length; c++) after[c]! += change * edit.write[from + c]!;
  }
  return after;
}

function lengthOf(vector: ArrayLike<number>): number {
  return Math.hypot(...Array.from(vector));
}

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(expected.length);
  const difference = Array.from(got).map((value, c) => value - expected[c]!);
  expect(lengthOf(difference)).toBeLessThan(tolerance * Math.max(1, lengthOf(expected)));
}

/** Of a float32: what one rounding of every number makes. */
const ROUNDING = 2e-7;

describe('against numpy', () => {
  test.each([
    ['absolute', 12.5],
    ['max-activation', 1.5],
    ['mean-norm', 0.6],
  ] as const)('add, %s', async (unit, strength) => {
    const all = steered(await resolved({ unit, strength }));
    expect(all).toHaveLength(7);
    for (const { arm, steering, length, edit } of all) {
      expectClose(steering!, golden.add[unit][arm.name]!, ROUNDING);
      expect(length).toBeCloseTo(lengthOf(golden.add[unit][arm.name]!), 5);
      expect(edit).toBeUndefined();
    }
  });

  test.each([
    ['absolute', 12.5],
    ['mean-norm', 0.6],
  ] as const)('clamp, %s', async (unit, strength) => {
    for (const { arm, edit, steering } of steered(await resolved({ method: 'clamp', unit, strength }))) {
      // The folded detector is rounded to float32: activations of 50 move by 1e-5.
      expectClose(applied(edit!, golden.x), golden.clamp[unit][arm.name]!, 1e-6);
      expect(steering).toBeUndefined();
    }
  });

  test.each([
    ['project-out', 1],
    ['orthogonal', 2.5],
  ] as const)('%s', async (method, strength) => {
    for (const { arm, edit, length } of steered(await resolved({ method, strength }))) {
      expectClose(applied(edit!, golden.x), golden[method][arm.name]!, 1e-6);
      expect(length).toBe(0);
    }
  });

  test('the sum of both at the length of one', async () => {
    const all = await resolved({ unit: 'mean-norm', strength: 0.6, matched: true });
    const { length, steering } = named(all, '+Happy+Sad (matched)');
    expectClose(steering!, golden.matched, ROUNDING);
    expect(length).toBeCloseTo(0.6 * golden.mean_norm, 9);
  });
});

describe('controls', () => {
  test('nothing is steered in control and examples', async () => {
    for (const method of ['add', 'clamp', 'project-out', 'orthogonal'] as const) {
      for (const { arm, coefficients, edit, length, steering } of (await resolved({ method })).slice(0, 2)) {
        expect([arm.kind, coefficients, edit, length, steering]).toEqual([
          arm.name,
          [],
          undefined,
          0,
          undefined,
        ]);
      }
    }
  });

  test('random directions have the mean length of the arms of one pole, and depend on the seed and their number only', async () => {
    const [first, second] = (await resolved({ strength: 10 })).slice(-2);
    const again = (await resolved({ strength: 20 })).slice(-2);
    const other = (await resolved({ strength: 10, seed: 2 })).at(-2)!;
    const singles = ['+Happy', '-Happy', '+Sad', '-Sad'];
    const all = await resolved({ strength: 10 });
    const mean = singles.reduce((sum, name) => sum + named(all, name).length, 0) / 4;
    expect(first!.length).toBeCloseTo(mean, 9);
    expect(lengthOf(first!.steering!)).toBeCloseTo(mean, 4);
    expectClose(
      again[0]!.steering!,
      first!.steering!.map((value) => 2 * value),
      ROUNDING,
    );
    for (const one of [second!, other]) {
      const cos =
        one.steering!.reduce((sum, value, c) => sum + value * first!.steering![c]!, 0) / mean / mean;
      // Standard error of a cosine in 128 dimensions: 0.09.
      expect(Math.abs(cos)).toBeLessThan(0.4);
    }
  });

  test('in a sweep each has the length of its own step, in one direction', async () => {
    const arms = articleArms(poles, { strength: 10, factors: [0.5, 2], random: 1, matched: true });
    const all = await resolved({ arms, unit: 'mean-norm' });
    const [weak, strong] = [named(all, 'random 1 x0.5'), named(all, 'random 1 x2')];
    expect(strong.length).toBeCloseTo(4 * weak.length, 6);
    expect(weak.length).toBeCloseTo(named(all, '+Happy x0.5').length, 6);
    expect(named(all, '+Happy+Sad (matched) x2').length).toBeCloseTo(strong.length, 6);
    expectClose(
      strong.steering!,
      weak.steering!.map((value) => 4 * value),
      ROUNDING,
    );
  });

  test('clamp takes random features, as many as the poles have, none of theirs, of the same length', async () => {
    const all = await resolved({ method: 'clamp', strength: 10 });
    const { coefficients, edit, length } = all.at(-1)!;
    // One and three features: two in the mean.
    expect(coefficients).toHaveLength(2);
    expect(edit!.lanes).toBe(2);
    expect(coefficients.every(({ feature }) => ![642, 229, 1124, 1514].includes(feature))).toBe(true);
    const singles = ['+Happy', '-Happy', '+Sad', '-Sad'].map((name) => named(all, name).length);
    expect(length).toBeCloseTo(singles.reduce((sum, one) => sum + one, 0) / 4, 5);
  });

  test.each(['project-out', 'orthogonal'] as const)(
    '%s takes random subspaces of the mean rank, with the same factor',
    async (method) => {
      const { edit } = (await resolved({ method, strength: 2.5 })).at(-1)!;
      expect(edit!.lanes).toBe(2);
      const after = applied(edit!, golden.x);
      const change = after.map((value, c) => value - golden.x[c]!);
      expect(lengthOf(change)).toBeGreaterThan(0.01);
      // What is left along the changed plane is the factor times what was there: a second pass multiplies it again.
      const twice = applied(edit!, after).map((value, c) => value - after[c]!);
      const factor = method === 'project-out' ? 0 : 2.5;
      expectClose(
        twice,
        change.map((value) => factor * value),
        1e-5,
      );
    },
  );
});

describe('refused', () => {
  const arm = (parts: Arm['parts'], name = 'x'): Arm => ({ name, kind: 'steered', parts, factor: 1 });
  const random: Arm = { name: 'random 1', kind: 'random', parts: [], factor: 1 };

  test.each<[string, Asked, string | RegExp]>([
    [
      'no largest activation',
      { unit: 'max-activation', maxActivations: new Map() },
      'activation is not known',
    ],
    ['a mean norm of nothing', { unit: 'mean-norm', meanNorm: 0 }, 'mean norm: got 0'],
    ['nothing to be compared with', { arms: [random] }, 'arm random 1: there is no steered arm'],
    [
      'a feature that is not there',
      { arms: [arm([{ features: [2048], strength: 1 }])] },
      /feature|row.*2048|2047/,
    ],
    [
      'parts that cancel out, matched',
      {
        arms: [
          arm([{ features: [5], strength: 1 }]),
          {
            name: 'both',
            kind: 'matched',
            parts: [
              { features: [5], strength: 1 },
              { features: [5], strength: -1 },
            ],
            factor: 1,
          },
        ],
      },
      'arm both: its parts cancel out',
    ],
    [
      'parts that cancel out',
      {
        arms: [
          arm([
            { features: [5, 6], strength: 1 },
            { features: [6, 5], strength: -1 },
          ]),
        ],
      },
      /its parts cancel out, so that it would steer nothing/,
    ],
    ['strengths of 0', { arms: [arm([{ features: [5], strength: 0 }])] }, /its strengths are 0/],
    ['a length where there is none', { method: 'project-out', matched: true }, 'could be matched'],
    [
      'two factors for one feature',
      {
        method: 'orthogonal',
        arms: [
          arm([
            { features: [5], strength: 1 },
            { features: [5, 6], strength: 2 },
          ]),
        ],
      },
      'feature 5 would be multiplied with 1 and with 2',
    ],
    ['a strength beyond float32', { strength: 1e39 }, 'what it adds is too large'],
  ])('%s', async (_, options, message) => {
    const error = await resolved(options).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'AntipodeError', kind: 'usage' });
    expect((error as Error).message).toMatch(message);
  });
});

describe('each method’s formula, for any features and strengths', () => {
  const parts = fc
    .uniqueArray(fc.integer({ min: 0, max: 2047 }), { minLength: 2, maxLength: 6 })
    .chain((features) =>
      fc.record({
        first: fc.constant(features.slice(0, 1 + (features.length >> 1))),
        second: fc.constant(features.slice(1 + (features.length >> 1))),
        strengths: fc.tuple(
          fc.double({ min: -9, max: 9, noNaN: true }),
          fc.double({ min: -9, max: 9, noNaN: true }),
        ),
      }),
    );

  test.each<SteerMethod>(['add', 'project-out', 'orthogonal', 'clamp'])('%s', async (method) => {
    const part = await sae.load();
    const row = (feature: number): number[] =>
      Array.from(part.W_dec.data.subarray(feature * part.dIn, (feature + 1) * part.dIn));
    const run = fc.asyncProperty(parts, async ({ first, second, strengths: [c, d] }) => {
      // An arm that adds nothing is refused.
      fc.pre(method !== 'add' || Math.abs(c) > 1e-6);
      const arm: Arm = {
        name: 'x',
        kind: 'steered',
        parts: [
          { features: first, strength: c },
          ...(second.length > 0 ? [{ features: second, strength: d }] : []),
        ],
        factor: 1,
      };
      const factors = new Map([
        ...first.map((feature) => [feature, c] as const),
        ...second.map((feature) => [feature, d] as const),
      ]);
      const [{ edit, steering } = {}] = await resolveArms({
        sae,
        site: 2,
        arms: [arm],
        unit: 'absolute',
        method,
        seed: 0,
      });
      const { x } = golden;
      const after = steering ? x.map((value, i) => value + steering[i]!) : applied(edit!, x);
      const moved = after.map((value, i) => value - x[i]!);
      if (method === 'add') {
        const sum = x.map((_, i) => [...factors].reduce((total, [f, k]) => total + k * row(f)[i]!, 0));
        expectClose(moved, sum, 1e-6);
      } else if (method === 'clamp') {
        const sum = x.map((_, i) =>
          [...factors].reduce((total, [f, k]) => total + (k - activation(part, f, x)) * row(f)[i]!, 0),
        );
        expectClose(moved, sum, 1e-5);
      } else {
        // Coordinates of the projection: those with which what is left stands on every row.
        const dual = dualBasis([...factors.keys()].map(row))!;
        const sum = new Array<number>(x.length).fill(0);
        [...factors].forEach(([feature, factor], i) => {
          const at = dual[i]!.reduce((total, value, k) => total + value * x[k]!, 0);
          const kept = method === 'project-out' ? 0 : factor;
          row(feature).forEach((value, k) => {
            sum[k]! += (kept - 1) * at * value;
          });
        });
        expectClose(moved, sum, 1e-5);
      }
    });
    await fc.assert(run, { numRuns: 25 });
  });

  function activation(
    part: Awaited<ReturnType<SaeFile['load']>>,
    feature: number,
    x: readonly number[],
  ): number {
    let pre = part.b_enc[feature]!;
    for (let k = 0; k < x.length; k++) {
      pre +=
        part.W_enc.data[feature * part.dIn + k]! * (x[k]! - (part.applyBDecToInput ? part.b_dec[k]! : 0));
    }
    return pre > part.threshold![feature]! ? Math.max(0, pre) : 0;
  }
});

test('a dual basis reads coordinates, and there is none for directions that depend on each other', () => {
  const dual = dualBasis([
    [1, 0, 0],
    [1, 2, 0],
  ])!;
  expect(dual.map((vector) => Array.from(vector))).toEqual([
    [1, -0.5, 0],
    [0, 0.5, 0],
  ]);
  expect(
    dualBasis([
      [1, 0, 0],
      [0, 1, 0],
      [3, -2, 1e-6],
    ]),
  ).toBeUndefined();
});
