/** @file The options of `antipode geometry` as its parts receive them. */

import type { GeometryPart } from '../geometry/parts.ts';
import type { Space } from '../sae/sae.ts';
import type { SaeFlags } from './sae_options.ts';

export interface GeometryFlags extends SaeFlags {
  readonly sae: readonly string[];
  readonly concepts?: readonly string[];
  readonly explanations?: readonly string[];
  readonly explainer?: string;
  readonly spaces: readonly Space[];
  readonly only: readonly GeometryPart[];
  readonly seed: number;
  readonly randomPairs: number;
  readonly draws: number;
  readonly denseAbove: number;
  readonly top: number;
  readonly threads?: number;
  readonly out?: string;
  readonly dryRun?: boolean;
}
