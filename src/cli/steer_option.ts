/** @file `--steer FEATURE:STRENGTH`: a feature reference in any of its forms, a colon, a signed number. */

import { AntipodeError } from '../errors.ts';
import { parseFeatureRef, parseIndex } from '../features/feature_ref.ts';
import type { SaeIdentity } from '../sae/sae.ts';

export interface SteerTerm {
  readonly feature: number;
  /** Multiplies the decoder row as it is stored. */
  readonly strength: number;
  /** Where the reference says it. */
  readonly layer: number | undefined;
  /** The Neuronpedia id of its SAE, where the reference says it. */
  readonly sae: string | undefined;
}

/** Decoder rows have lengths near 1, and the model takes no larger values: float32 norms would overflow. */
const MAX_STRENGTH = 1e15;

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
  if (Math.abs(strength) > MAX_STRENGTH) {
    throw new AntipodeError(
      'usage',
      `--steer: the strength is out of range (got ${number}, expected -1e15 to 1e15)`,
    );
  }
  const bare = parseIndex(ref);
  if (bare !== undefined) return { feature: bare, strength, layer: undefined, sae: undefined };
  const { modelId, sourceId, layer, index } = parseFeatureRef(ref);
  const sae = modelId !== undefined && sourceId !== undefined ? `${modelId}/${sourceId}` : undefined;
  return { feature: index, strength, layer, sae };
}

/**
 * Features of another dictionary would be other directions under the same numbers.
 * @throws {AntipodeError} `usage` where a feature names an SAE other than the one that is opened, or two features name two
 */
export function checkSameSae(terms: readonly SteerTerm[], { neuronpediaId }: SaeIdentity): void {
  const named = terms.flatMap(({ sae }) => sae ?? []);
  const expected = neuronpediaId ?? named[0];
  const other = named.find((sae) => sae !== expected);
  if (other === undefined) return;
  throw new AntipodeError('usage', `--steer: a feature belongs to ${other} (expected ${expected})`, {
    hint: 'one command steers along the features of one SAE',
  });
}
