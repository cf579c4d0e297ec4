/** @file Word masses of an SAE's features over texts of the grammar. */

import type { SaeEncoder } from '../../sae/encoder_session.ts';
import { type LabelledOptions, labelledActivations } from './labelled_activations.ts';
import { createWordMassCounter, type WordMass } from './word_mass.ts';

export interface MeasureWordMassOptions extends LabelledOptions {
  readonly encoder: SaeEncoder;
}

/** @throws {AntipodeError} as `labelledActivations` */
export async function measureWordMass(options: MeasureWordMassOptions): Promise<WordMass> {
  const { encoder } = options;
  const counter = createWordMassCounter(encoder.sae.dSae);
  for await (const { activations, words } of labelledActivations(options)) {
    counter.add(await encoder.encode(activations), words);
  }
  return counter.result();
}
