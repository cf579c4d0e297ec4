/** @file The options of `antipode neighbors` as its parts receive them. */

import type { Space } from '../sae/sae.ts';
import type { DensityFlags } from './density_range.ts';
import type { SaeFlags } from './sae_options.ts';

export interface NeighborsFlags extends SaeFlags, DensityFlags {
  readonly sae?: string;
  readonly with?: readonly string[];
  readonly explanations?: readonly string[];
  readonly explainer?: string;
  readonly spaces: readonly Space[];
  readonly top: number;
  readonly out?: string;
  readonly dryRun?: boolean;
}
