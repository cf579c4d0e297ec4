/** @file The features that `antipode neighbors` is asked about: which SAE they belong to, and their indices in it. */

import { AntipodeError } from '../errors.ts';
import { type FeatureRef, formatFeatureRef, parseFeatureRef, parseIndex } from '../features/feature_ref.ts';
import { fits } from '../features/feature_store.ts';
import type { SaeHeader } from '../sae/sae.ts';

export interface AskedFeature {
  /** As the user wrote it. */
  readonly text: string;
  readonly ref: FeatureRef;
}

/** @throws {AntipodeError} `usage` for what names no feature */
export function askedFeatures(texts: readonly string[]): AskedFeature[] {
  return texts.map((text) => {
    const index = parseIndex(text.trim());
    return { text: text.trim(), ref: index === undefined ? parseFeatureRef(text) : { index } };
  });
}

/**
 * The SAE as `openSae` takes it: the one given, else the one that the features name.
 * @throws {AntipodeError} `usage` where neither says it, or the features name two
 */
export function saeOf(asked: readonly AskedFeature[], given: string | undefined): string {
  if (given !== undefined) return given;
  const named = asked.map(({ text, ref }) => {
    if (ref.sourceId !== undefined) return formatFeatureRef(ref).replace(/\/\d+$/, '');
    throw new AntipodeError('usage', `${text}: does not say which SAE the feature belongs to`, {
      hint: `antipode neighbors ${ref.index} --sae organism/1-res-2k, or gemma-2-2b/20-gemmascope-res-16k/${ref.index}`,
    });
  });
  const [first = ''] = named;
  const other = named.find((name) => name !== first);
  if (other === undefined) return first;
  throw new AntipodeError('usage', `the features belong to ${first} and ${other} (expected one SAE)`, {
    hint: 'ask about one SAE after the other; --with shows neighbors in other SAEs',
  });
}

/**
 * In the order asked, each once.
 * @throws {AntipodeError} `usage` for a feature of another SAE, or an index that the SAE does not have
 */
export function indicesIn(asked: readonly AskedFeature[], { identity, dSae }: SaeHeader): number[] {
  for (const { text, ref } of asked) {
    if (!belongs(ref, identity)) {
      const name = identity.neuronpediaId ?? identity.label;
      throw new AntipodeError('usage', `${text}: is a feature of another SAE (--sae is ${name})`);
    }
    if (ref.index >= dSae) {
      throw new AntipodeError(
        'usage',
        `${text}: not in ${identity.label} (it has features 0 to ${dSae - 1})`,
      );
    }
  }
  return [...new Set(asked.map(({ ref }) => ref.index))];
}

/** A file without a name may be any SAE; of one with a layer, that has to be the same. */
function belongs(ref: FeatureRef, { neuronpediaId, layer }: SaeHeader['identity']): boolean {
  const [modelId, sourceId] = neuronpediaId?.split('/') ?? [];
  if (modelId !== undefined && sourceId !== undefined) return fits(ref, { modelId, sourceId });
  return ref.layer === undefined || layer === undefined || ref.layer === layer;
}
