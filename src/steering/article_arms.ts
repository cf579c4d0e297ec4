/**
 * @file The arms of the article's experiment for any pair of poles: the seven by name, and the controls that METHOD (section 5) adds. Data only.
 */

import type { Arm, ArmPart, Pole, PolePair } from './arm.ts';

export interface ArticleArmsOptions {
  /** Of every part, in the unit of the run; positive. */
  readonly strength: number;
  /** What a sweep multiplies the strength with, each once; `[1]` where left out. Controls without steering stand once. */
  readonly factors?: readonly number[];
  /** Random directions per factor. */
  readonly random: number;
  /** Whether the sum of both poles is there at the length of one as well. */
  readonly matched: boolean;
}

/** What no arm steers: one of labelled replies, and one that judges are shown. */
export const UNSTEERED_ARMS: readonly Arm[] = [
  { name: 'control', kind: 'control', parts: [], factor: 1 },
  { name: 'examples', kind: 'examples', parts: [], factor: 1 },
];

/** Sign of a, sign of b; 0 where the arm leaves the pole alone. In the order of the article's tables. */
const SIGNS: readonly (readonly [number, number])[] = [
  [1, 1],
  [-1, 1],
  [1, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

/**
 * With the poles Happy and Sad: `control`, `examples`, `+Happy+Sad`, `-Happy+Sad`, `-Sad+Happy`, `+Happy`, `+Sad`, `-Happy`, `-Sad`,
 * `+Happy+Sad (matched)`, `random 1` and so on; in a sweep with ` x0.5` and so on behind those that steer.
 */
export function articleArms(poles: PolePair, options: ArticleArmsOptions): Arm[] {
  const { factors = [1], matched, random, strength } = options;
  const isSweep = factors.length > 1 || factors[0] !== 1;
  const steered = factors.flatMap((factor) => {
    const suffix = isSweep ? sweepSuffix(factor) : '';
    const arm = (name: string, kind: Arm['kind'], parts: readonly ArmPart[]): Arm => ({
      name: `${name}${suffix}`,
      kind,
      parts,
      factor,
    });
    const both = partsOf(poles, [1, 1], strength * factor);
    return [
      ...SIGNS.map((signs) => arm(nameOf(poles, signs), 'steered', partsOf(poles, signs, strength * factor))),
      ...(matched ? [arm(`${nameOf(poles, [1, 1])} (matched)`, 'matched', both)] : []),
      ...Array.from({ length: random }, (_, index) => arm(`random ${index + 1}`, 'random', [])),
    ];
  });
  return [...UNSTEERED_ARMS, ...steered];
}

/**
 * The arms of one pole, and a random direction where there are any, at further strengths: `+Happy x0.5`, `+Sad x0.5`, `random 1 x0.5`. What they repeat stands among
 * the article's arms.
 */
export function curveArms(
  { a, b }: PolePair,
  {
    curve,
    random,
    strength,
  }: Omit<ArticleArmsOptions, 'factors' | 'matched'> & { readonly curve: readonly number[] },
): Arm[] {
  const further = curve.filter((factor) => factor !== 1).sort((x, y) => x - y);
  return further.flatMap((factor) => [
    ...[a, b].map(
      (pole): Arm => ({
        name: `+${pole.name}${sweepSuffix(factor)}`,
        kind: 'steered',
        parts: [{ features: pole.features, strength: strength * factor }],
        factor,
      }),
    ),
    ...(random > 0
      ? [{ name: `random 1${sweepSuffix(factor)}`, kind: 'random' as const, parts: [], factor }]
      : []),
  ]);
}

/**
 * What `project-out` makes of them: it knows neither sign nor strength, so that of the article's seven three are left: `without Happy+Sad`,
 * `without Happy`, `without Sad`; and random directions.
 */
export function projectionArms({ a, b }: PolePair, { random }: Pick<ArticleArmsOptions, 'random'>): Arm[] {
  const without = (...poles: readonly Pole[]): Arm => ({
    name: `without ${poles.map(({ name }) => name).join('+')}`,
    kind: 'steered',
    parts: poles.map(({ features }) => ({ features, strength: 1 })),
    factor: 1,
  });
  const controls = Array.from(
    { length: random },
    (_, index): Arm => ({ name: `random ${index + 1}`, kind: 'random', parts: [], factor: 1 }),
  );
  return [...UNSTEERED_ARMS, without(a, b), without(a), without(b), ...controls];
}

/** Behind the names of arms in a sweep. */
export function sweepSuffix(factor: number): string {
  return ` x${factor}`;
}

type Signs = readonly [number, number];

/** The article writes what pulls before what pushes: -Happy+Sad, -Sad+Happy. */
function signed({ a, b }: PolePair, [signA, signB]: Signs): { readonly pole: Pole; readonly sign: number }[] {
  const both = [
    { pole: a, sign: signA },
    { pole: b, sign: signB },
  ].filter(({ sign }) => sign !== 0);
  return both.sort((left, right) => (left.sign === right.sign ? 0 : left.sign - right.sign));
}

function nameOf(poles: PolePair, signs: Signs): string {
  return signed(poles, signs)
    .map(({ pole, sign }) => `${sign > 0 ? '+' : '-'}${pole.name}`)
    .join('');
}

function partsOf(poles: PolePair, signs: Signs, strength: number): ArmPart[] {
  return signed(poles, signs).map(({ pole, sign }) => ({
    features: pole.features,
    strength: sign * strength,
  }));
}
