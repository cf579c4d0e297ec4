/**
 * @file The embedded default: a small language model that ships in the package, two SAEs of its residual stream, what explains their features and
 * which of them are opposites. Here is where its files lie; what they are and how they were made says `organism/README.md`.
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Stands for the embedded language model wherever a model is named, and begins the ids of its SAEs. */
export const EMBEDDED_MODEL_ID = 'organism';

export interface EmbeddedSae {
  /** As Neuronpedia names SAEs, though it has no page: `organism/1-res-2k`. */
  readonly id: string;
  readonly layer: number;
  /** Gemma Scope layout. */
  readonly weights: string;
  /** A folder in the layout of Neuronpedia's exports. */
  readonly explanations: string;
  /** Id of its pairs of opposites, and their file. */
  readonly catalogueId: string;
  readonly concepts: string;
}

/** Everything below is in here. */
export const EMBEDDED_FOLDER: string = fileURLToPath(new URL('../../organism/', import.meta.url));

/** A folder as Hugging Face publishes models. */
export const EMBEDDED_MODEL_FOLDER: string = join(EMBEDDED_FOLDER, 'model');

/** Layers whose residual stream has an SAE. */
const LAYERS = [1, 2];

export const EMBEDDED_SAES: readonly EmbeddedSae[] = LAYERS.map((layer) => {
  const source = `${layer}-res-2k`;
  const catalogueId = `${EMBEDDED_MODEL_ID}-${layer}`;
  return {
    id: `${EMBEDDED_MODEL_ID}/${source}`,
    layer,
    weights: join(EMBEDDED_FOLDER, 'sae', source, 'params.npz'),
    explanations: join(EMBEDDED_FOLDER, 'explanations', 'v1', EMBEDDED_MODEL_ID, source),
    catalogueId,
    concepts: join(EMBEDDED_FOLDER, 'concepts', `${catalogueId}.yaml`),
  };
});

/** Is it the full id of one of its SAEs? Such an id has the form of those of Neuronpedia, which does not know it. */
export function isEmbeddedId(id: string | undefined): boolean {
  return EMBEDDED_SAES.some((sae) => sae.id === id);
}

/** @param id in any of the forms that stand for a source: `organism/1-res-2k`, `1-res-2k` or its catalogue's `organism-1` */
export function embeddedSae(id: string): EmbeddedSae | undefined {
  return EMBEDDED_SAES.find((sae) => [sae.id, sae.id.split('/')[1], sae.catalogueId].includes(id));
}
