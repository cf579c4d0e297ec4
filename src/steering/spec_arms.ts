/** @file The arms of a run: the article's, or those that a spec makes up, with the controls that are always there (METHOD, section 5). */

import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { Arm, PolePair } from './arm.ts';
import { articleArms, sweepSuffix } from './article_arms.ts';
import type { SpecArm, SpecPart } from './steering_spec.ts';

export interface SpecArmsOptions {
  readonly poles: PolePair;
  /** Instead of the article's seven. */
  readonly own: readonly SpecArm[] | undefined;
  readonly strength: number;
  readonly factors: readonly number[];
  readonly random: number;
  readonly matched: boolean;
}

/** Arms of these beginnings are controls. */
const TAKEN = /^(control|examples|random\b)/i;

const MAX_NAME = 80;

/** @throws {AntipodeError} `usage` for names that are taken, stand twice or cannot be part of an id, and poles that there are not */
export function armsOfSpec({ own, ...options }: SpecArmsOptions): Arm[] {
  const { factors, poles } = options;
  const usual = articleArms(poles, options);
  if (own === undefined) return usual;
  own.forEach(({ name }, index) => {
    checkName(name, own.findIndex((other) => other.name === name) !== index);
  });
  const isSweep = factors.length > 1 || factors[0] !== 1;
  const made = factors.flatMap((factor) =>
    own.map(
      ({ name, parts }): Arm => ({
        name: `${name}${isSweep ? sweepSuffix(factor) : ''}`,
        kind: 'steered',
        parts: parts.map(({ of, strength }) => ({
          features: featuresOf(of, poles, name),
          strength: strength * factor,
        })),
        factor,
      }),
    ),
  );
  const twice = made.find(({ name }, index) => made.findIndex((arm) => arm.name === name) !== index);
  if (twice) throw new AntipodeError('usage', `arm ${shownName(twice.name)}: stands twice in the sweep`);
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

function checkName(name: string, isRepeated: boolean): void {
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `arm ${shownName(name)}: ${problem}`);
  };
  if (isRepeated) refuse('stands twice');
  if (TAKEN.test(name)) refuse('is the name of a control (expected another)');
  if (name.length > MAX_NAME) refuse(`its name is too long (expected at most ${MAX_NAME} characters)`);
  if (/[/\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) refuse('its name holds a slash or an invisible character');
}
