/** @file The options of `antipode geometry` as its parts receive them. */

import type { GeometryPart } from '../geometry/parts.ts';
import type { Space } from '../sae/sae.ts';
import type { SaeFlags } from './sae_options.ts';

/** Which dictionaries with which concepts: of every command that measures concepts. */
export interface ConceptFlags extends SaeFlags {
  readonly sae: readonly string[];
  readonly concepts?: readonly string[];
  readonly explanations?: readonly string[];
  readonly explainer?: string;
}

export interface GeometryFlags extends ConceptFlags {
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
