/** @file The arms of a run: the article's, or those that a spec makes up, with the controls that are always there (METHOD, section 5). */

import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { Arm, PolePair, SteerMethod } from './arm.ts';
import { articleArms, curveArms, projectionArms, sweepSuffix } from './article_arms.ts';
import type { SpecArm, SpecPart } from './steering_spec.ts';

export interface SpecArmsOptions {
  readonly poles: PolePair;
  /** Instead of the article's seven. */
  readonly own: readonly SpecArm[] | undefined;
  readonly method: SteerMethod;
  readonly strength: number;
  readonly factors: readonly number[];
  /** Further multiples for the arms of one pole; 1 among them is there anyway. */
  readonly curve: readonly number[];
  readonly random: number;
  readonly matched: boolean;
}

/** Arms of these beginnings are controls. */
const TAKEN = /^(control|examples|random\b)/i;

const MAX_NAME = 80;

/** @throws {AntipodeError} `usage` for names that are taken, stand twice or cannot be part of an id, and poles that there are not */
export function armsOfSpec({ method, own, ...options }: SpecArmsOptions): Arm[] {
  const { factors, poles } = options;
  const usual = method === 'project-out' ? projectionArms(poles, options) : articleArms(poles, options);
  if (own === undefined) return [...usual, ...curveArms(poles, options)];
  own.forEach(({ name }, index) => {
    checkName(name, own.findIndex((other) => other.name === name) !== index);
  });
  const isSweep = factors.length > 1 || factors[0] !== 1;
  const made = factors.flatMap((factor) =>
    own.map(
      ({ name, parts }): Arm => ({
        name: `${name}${isSweep ? sweepSuffix(factor) : ''}`,
        kind: 'steered',
        parts: parts.map((part) => ({
          features: featuresOf(part.of, poles, name),
          strength: strengthOf(part, name, method) * factor,
        })),
        factor,
      }),
    ),
  );
  const twice = made.find(({ name }, index) => made.findIndex((arm) => arm.name === name) !== index);
  if (twice) throw new AntipodeError('usage', `arm ${shownName(twice.name)}: stands twice in the sweep`);
  if (method === 'project-out') checkProjections(made);
  const controls = usual.filter(({ kind }) => kind !== 'steered');
  const first = controls.filter(({ kind }) => kind === 'control' || kind === 'examples');
  return [...first, ...made, ...controls.slice(first.length)];
}

function featuresOf(of: SpecPart['of'], { a, b }: PolePair, arm: string): readonly number[] {
  if ('features' in of) return of.features;
  const pole = [a, b].find(({ name }) => name.toLowerCase() === of.pole.toLowerCase());
  if (pole) return pole.features;
  throw new AntipodeError(
    'usage',
    `arm ${arm}: there is no pole ${shownName(of.pole)} (expected ${a.name} or ${b.name})`,
  );
}

/** @throws {AntipodeError} `usage` where it is missing, or the method has none */
function strengthOf({ strength }: SpecPart, arm: string, method: SteerMethod): number {
  const refuse = (problem: string, hint: string): never => {
    throw new AntipodeError('usage', `arm ${arm}: ${problem}`, { hint });
  };
  if (method !== 'project-out') {
    return strength ?? refuse('a part of it has no strength', 'add strength to each of its parts');
  }
  if (strength === undefined) return 1;
  return refuse(
    'has a strength, and project-out takes its features away whatever that is',
    'leave strength out of its parts, or take the method add or orthogonal',
  );
}

/** The same features taken away twice are one experiment under two names. */
function checkProjections(arms: readonly Arm[]): void {
  const setOf = ({ parts }: Arm): string =>
    [...new Set(parts.flatMap(({ features }) => features))].sort((x, y) => x - y).join();
  const seen = new Map<string, string>();
  for (const arm of arms) {
    const same = seen.get(setOf(arm));
    if (same !== undefined) {
      throw new AntipodeError(
        'usage',
        `arm ${shownName(arm.name)}: takes the same features away as ${shownName(same)}`,
        { hint: 'leave one of them out' },
      );
    }
    seen.set(setOf(arm), arm.name);
  }
}

function checkName(name: string, isRepeated: boolean): void {
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `arm ${shownName(name)}: ${problem}`, {
      hint: 'give each arm a short name of its own',
    });
  };
  if (isRepeated) refuse('stands twice');
  if (TAKEN.test(name)) refuse('is the name of a control (expected another)');
  if (name.length > MAX_NAME) refuse(`its name is too long (expected at most ${MAX_NAME} characters)`);
  if (/[/\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) refuse('its name holds a slash or an invisible character');
}
