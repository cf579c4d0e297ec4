/** @file The options of `antipode power` as its parts receive them. */

import type { Space } from '../sae/sae.ts';
import type { ConceptFlags } from './geometry_flags.ts';

export interface PowerFlags extends ConceptFlags {
  readonly spaces: readonly Space[];
  readonly effect?: readonly number[];
  readonly level: number;
  readonly power: number;
  readonly draws: number;
  readonly seed: number;
  readonly out?: string;
  readonly dryRun?: boolean;
}
