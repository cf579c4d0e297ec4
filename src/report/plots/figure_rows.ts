/** @file What the figures of a geometry run are drawn from: cosines with their names, as the tables of a run folder hold them. */

import type { Space } from '../../sae/sae.ts';
import type { HistogramBin } from '../population_tables.ts';
import type { PairGroup } from './palette.ts';

/** One pair of features in one space. */
export interface DrawnPair {
  readonly group: PairGroup;
  readonly featureA: number;
  readonly featureB: number;
  readonly cos: number;
  /** In the other space; undefined where it was not measured. */
  readonly cosOther: number | undefined;
  /** The concept, or empty. */
  readonly name: string;
  /** Labels of the concept's two sides. */
  readonly sides?: readonly [string, string];
  /** Explanations of both features, where there are any. */
  readonly about?: readonly [string, string];
}

export interface DrawnSpace {
  readonly space: Space;
  /** Of all pairs; empty where they were not searched. */
  readonly bins: readonly HistogramBin[];
  readonly allPairs: number;
  readonly pairs: readonly DrawnPair[];
}

/** One SAE. */
export interface DrawnSae {
  readonly label: string;
  readonly spaces: readonly DrawnSpace[];
}

/** `Tranquility [33, 1213] -0.11586`. */
export function pairWords({ name, featureA, featureB, cos }: DrawnPair): string {
  return `${name === '' ? '' : `${name} `}[${featureA}, ${featureB}] ${cos.toFixed(5)}`;
}

/** The concept, else the two features: for a label in a figure. */
export function shortName({
  name,
  featureA,
  featureB,
}: Pick<DrawnPair, 'featureA' | 'featureB' | 'name'>): string {
  const words = name === '' ? `[${featureA}, ${featureB}]` : name;
  return words.length > 28 ? `${words.slice(0, 27)}\u2026` : words;
}
