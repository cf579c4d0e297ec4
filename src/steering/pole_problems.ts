/** @file What two poles may be: the same rules wherever they come from, a spec, an option or a catalogue. */

import { describe } from '../concepts/yaml_problems.ts';
import { shownName } from '../formats/shown_name.ts';
import type { PolePair } from './arm.ts';

/** Names of poles stand in labels, in names of arms and so in ids of replies. */
const POLE_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} _-]{0,38}[\p{L}\p{N}])?$/u;

/** Why a pole cannot be called so; undefined where it can. */
export function poleNameProblem(name: string): string | undefined {
  if (POLE_NAME.test(name)) return undefined;
  return `got ${describe(shownName(name))}, expected a name of letters, digits, blanks and hyphens, at most 40`;
}

/** Why these are no opposites; undefined where they may be. */
export function poleFeaturesProblem({ a, b }: PolePair): string | undefined {
  const shared = a.features.find((feature) => b.features.includes(feature));
  if (shared === undefined) return undefined;
  return `feature ${shared} stands in both ${a.name} and ${b.name}, and would push both ways`;
}
