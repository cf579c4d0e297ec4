/** @file The neighbours of some features together with what is known about them: what their renderers start from. */

import type { FeatureNeighbors } from '../geometry/find_neighbors.ts';
import type { KnownSae } from './extremes_subject.ts';

export interface NeighborsSubject {
  /** The SAE of the features comes first; `FeatureNeighbors.among` counts from it. */
  readonly saes: readonly KnownSae[];
  readonly found: readonly FeatureNeighbors[];
  /** The options that left features out, as the user wrote them. */
  readonly filter: string | undefined;
}

export function labelAt({ saes }: NeighborsSubject, place: number): string {
  return saes[place]!.header.identity.label;
}
