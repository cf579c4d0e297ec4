/** @file A place of its own for commands, with concepts of the small SAE of the fixtures in it. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FIXTURE_SAE, makePlace, type Place } from './run_command.ts';

export const CONCEPTS = `- concept: One
  a: { label: x, features: [0, 1, 2] }
  b: { label: y, features: [3, 4] }
- concept: Two
  a: { label: x, features: [17] }
  b: { label: y, features: [4, 17, 31] }
`;

export const GEOMETRY: readonly string[] = ['geometry', '--sae', FIXTURE_SAE, '--concepts', 'pairs.yaml'];
/** Half the time, where it does not matter what a run measures. */
export const PAIRS: readonly string[] = [...GEOMETRY, '--only', 'pairs'];

/** Its `pairs.yaml` are `CONCEPTS`. */
export function makePairsPlace(): Place {
  const place = makePlace();
  writeFileSync(join(place.cwd, 'pairs.yaml'), CONCEPTS);
  return place;
}
