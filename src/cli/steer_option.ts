/**
 * @file `--steer FEATURE:STRENGTH`, `--clamp FEATURE:ACTIVATION` and `--ablate FEATURE`: a feature reference in any of its forms, and for the first two a
 * colon and a signed number.
 */

import { AntipodeError } from '../errors.ts';
import { type FeatureRef, parseFeatureRef, parseIndex } from '../features/feature_ref.ts';
import type { SaeIdentity } from '../sae/sae.ts';

/** A feature as an option names it. */
export interface FeatureTerm {
  readonly feature: number;
  /** Where the reference says it. */
  readonly layer: number | undefined;
  /** The Neuronpedia id of its SAE, where the reference says it. */
  readonly sae: string | undefined;
}

export interface SteerTerm extends FeatureTerm {
  /** Multiplies the decoder row as it is stored. */
  readonly strength: number;
}

export interface ClampTerm extends FeatureTerm {
  /** The activation that the feature is set to. */
  readonly to: number;
}

/** Decoder rows have lengths near 1, and the model takes no larger values: float32 norms would overflow. */
const MAX_STRENGTH = 1e15;

/** @throws {AntipodeError} `usage` */
export function parseSteer(text: string): SteerTerm {
  const [ref, strength] = splitNumber(text, {
    option: '--steer',
    expected: 'FEATURE:STRENGTH such as 20:11697:+40 or 20:11697:-12.5',
    name: 'strength',
  });
  return { ...parseTerm(ref, '--steer'), strength };
}

/** @throws {AntipodeError} `usage` */
export function parseAblate(text: string): FeatureTerm {
  if (text === '') throw new AntipodeError('usage', '--ablate: got "", expected FEATURE such as 20:11697');
  return parseTerm(text, '--ablate');
}

/** @throws {AntipodeError} `usage` */
export function parseClamp(text: string): ClampTerm {
  const [ref, to] = splitNumber(text, {
    option: '--clamp',
    expected: 'FEATURE:ACTIVATION such as 20:11697:0 or 20:11697:12.5',
    name: 'activation',
  });
  return { ...parseTerm(ref, '--clamp'), to };
}

interface NumberedOption {
  readonly option: string;
  readonly expected: string;
  readonly name: string;
}

/** What stands before the last colon, and the number behind it. */
function splitNumber(text: string, { expected, name, option }: NumberedOption): [string, number] {
  const at = text.lastIndexOf(':');
  const [ref, digits] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(digits) ? Number(digits) : Number.NaN;
  if (ref === '' || !Number.isFinite(number)) {
    throw new AntipodeError('usage', `${option}: got ${JSON.stringify(text)}, expected ${expected}`);
  }
  if (parseIndex(ref) !== undefined && /^\d+$/.test(digits)) {
    throw new AntipodeError(
      'usage',
      `${option}: ${text} is a layer and a feature, or a feature and its ${name}`,
      {
        hint: `write LAYER:${ref}:${digits}, or ${ref}:${digits}.0 for the layer of --sae`,
      },
    );
  }
  if (Math.abs(number) > MAX_STRENGTH) {
    const limit = MAX_STRENGTH.toExponential().replace('+', '');
    throw new AntipodeError(
      'usage',
      `${option}: the ${name} is out of range (got ${digits}, expected -${limit} to ${limit})`,
    );
  }
  return [ref, number];
}

function parseTerm(ref: string, option: string): FeatureTerm {
  const bare = parseIndex(ref);
  if (bare !== undefined) return { feature: bare, layer: undefined, sae: undefined };
  const { modelId, sourceId, layer, index } = namedRef(ref, option);
  const sae = modelId !== undefined && sourceId !== undefined ? `${modelId}/${sourceId}` : undefined;
  return { feature: index, layer, sae };
}

function namedRef(ref: string, option: string): FeatureRef {
  try {
    return parseFeatureRef(ref);
  } catch (error) {
    if (!(error instanceof AntipodeError)) throw error;
    throw new AntipodeError(error.kind, `${option}: ${error.message}`, { cause: error });
  }
}

/**
 * Features of another dictionary would be other directions under the same numbers.
 * @throws {AntipodeError} `usage` where a feature names an SAE other than the one that is opened, or two features name two
 */
export function checkSameSae(
  terms: readonly FeatureTerm[],
  { neuronpediaId }: SaeIdentity,
  option: string,
): void {
  const named = terms.flatMap(({ sae }) => sae ?? []);
  const expected = neuronpediaId ?? named[0];
  const other = named.find((sae) => sae !== expected);
  if (other === undefined) return;
  throw new AntipodeError('usage', `${option}: a feature belongs to ${other} (expected ${expected})`, {
    hint: 'one command takes features of one SAE',
  });
}
