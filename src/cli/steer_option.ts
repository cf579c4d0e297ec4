/** @file `--steer FEATURE:STRENGTH`: a feature reference in any of its forms, a colon, a signed number. */

import { AntipodeError } from '../errors.ts';
import { parseFeatureRef, parseIndex } from '../features/feature_ref.ts';

export interface SteerTerm {
  readonly feature: number;
  /** Multiplies the decoder row as it is stored. */
  readonly strength: number;
  /** Where the reference says it. */
  readonly layer: number | undefined;
  /** The Neuronpedia id of its SAE, where the reference says it. */
  readonly sae: string | undefined;
}

/** @throws {AntipodeError} `usage` */
export function parseSteer(text: string): SteerTerm {
  const at = text.lastIndexOf(':');
  const [ref, number] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  const strength = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(number) ? Number(number) : Number.NaN;
  if (ref === '' || !Number.isFinite(strength)) {
    throw new AntipodeError(
      'usage',
      `--steer: got ${JSON.stringify(text)}, expected FEATURE:STRENGTH such as 20:11697:+40 or 20:11697:-12.5`,
    );
  }
  const bare = parseIndex(ref);
  if (bare !== undefined) return { feature: bare, strength, layer: undefined, sae: undefined };
  const { modelId, sourceId, layer, index } = parseFeatureRef(ref);
  const sae = modelId !== undefined && sourceId !== undefined ? `${modelId}/${sourceId}` : undefined;
  return { feature: index, strength, layer, sae };
}
