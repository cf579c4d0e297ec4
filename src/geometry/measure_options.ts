/** @file What is asked of a dictionary's geometry: the same for all its steps, each of which reads its own of it. */

import type { Concept, ConceptSet } from '../concepts/concept_set.ts';
import type { SaeFile, Space } from '../sae/sae.ts';
import type { GeometryPart } from './parts.ts';
import type { FeaturePair } from './random_pairs.ts';

export interface MeasureSaeOptions {
  readonly sae: SaeFile;
  readonly concepts: ConceptSet;
  readonly spaces: readonly Space[];
  readonly parts: readonly GeometryPart[];
  readonly seed: number;
  /** Random pairs of the article's baseline. */
  readonly randomPairs: number;
  /** Further pairs to measure in a space, such as those the article names; in no mean and no test. */
  readonly named?: Readonly<Record<Space, readonly FeaturePair[]>>;
  /** Extreme pairs kept at each end of each space. */
  readonly top: number;
  /** Draws of each test; default 10,000. */
  readonly draws?: number;
  /** Share of tokens on which a feature is active, where it is known. */
  readonly densityOf?: (feature: number) => number | undefined;
  /** Share of tokens above which a feature counts as dense; default 0.1. */
  readonly denseAbove?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: string, done: number, total: number) => void;
}

/** Those whose pairs are measured. */
export function measuredConcepts({ concepts, parts }: MeasureSaeOptions): readonly Concept[] {
  return parts.includes('pairs') || parts.includes('tests') ? concepts.concepts : [];
}
