/** @file How often features are active, from wherever it is known. */

import type { FeatureNotes } from '../report/feature_notes.ts';
import type { SaeFile } from '../sae/sae.ts';

/** What explanations say; where they know of no feature how often it is active, what the SAE's own files say. */
export async function withDensities(notes: FeatureNotes, sae: SaeFile): Promise<FeatureNotes> {
  if (!sae.readDensities || knowsDensities(notes, sae.header.dSae)) return notes;
  const densities = await sae.readDensities();
  return {
    explanation: (feature) => notes.explanation(feature),
    density: (feature) => densities[feature],
    maxActivation: (feature) => notes.maxActivation(feature),
  };
}

/** Of any feature at all. */
export function knowsDensities(notes: FeatureNotes, dSae: number): boolean {
  for (let feature = 0; feature < dSae; feature++) if (notes.density(feature) !== undefined) return true;
  return false;
}
