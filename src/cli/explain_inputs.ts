/** @file What `antipode explain` reads and writes: the SAE's place in the model, and the names that the export gets. */

import { basename } from 'node:path';
import { AntipodeError } from '../errors.ts';
import type { SourceName } from '../explain/export_rows.ts';
import { isNeuronpediaName } from '../features/feature_ref.ts';
import type { Site } from '../lm/language_model.ts';
import type { SaeHeader, SaeIdentity } from '../sae/sae.ts';
import type { ExplainFlags } from './explain_flags.ts';
import { placeOfSae } from './sae_place.ts';

export interface SaePlace {
  readonly layer: number;
  readonly place: Site;
}

/** @throws {AntipodeError} `usage` where the layer is not known, or the SAE does not read the residual stream between layers */
export function saePlace(identity: SaeIdentity, asked: number | undefined): SaePlace {
  const layer = asked ?? identity.layer;
  if (layer === undefined) {
    throw new AntipodeError('usage', `${identity.label}: its layer is not known`, {
      hint: 'say it with --layer',
    });
  }
  return { layer, place: asked ?? placeOfSae(identity, layer) };
}

/** @throws {AntipodeError} `usage` for features that the SAE does not have */
export function checkFeatures({ identity, dSae }: SaeHeader, features: readonly number[] | undefined): void {
  const last = features?.at(-1);
  if (last === undefined || last < dSae) return;
  throw new AntipodeError(
    'usage',
    `--features: got ${last}, but ${identity.label} has ${dSae} features, from 0`,
  );
}

/**
 * As asked; else the SAE's Neuronpedia id; else made of what model and SAE are called.
 * @throws {AntipodeError} `usage` for an id of another form
 */
export function sourceName(flags: ExplainFlags, identity: SaeIdentity, layer: number): SourceName {
  const id = flags.id ?? identity.neuronpediaId;
  if (id !== undefined) {
    const [modelId = '', sourceId = '', ...rest] = id.split('/');
    if (rest.length === 0 && isNeuronpediaName(modelId) && isNeuronpediaName(sourceId)) {
      return { modelId, sourceId };
    }
    if (flags.id !== undefined) {
      throw new AntipodeError(
        'usage',
        `--id: got ${JSON.stringify(id.slice(0, 200))}, expected model/source such as gemma-2-2b/20-gemmascope-res-16k`,
      );
    }
  }
  const label = idFrom(identity.label, 'sae');
  return {
    modelId: idFrom(basename(identity.modelName ?? flags.model), 'model'),
    sourceId: label.startsWith(`${layer}-`) ? label : `${layer}-${label}`.slice(0, 128),
  };
}

/** Letters, digits, dots, dashes and underscores, as in folder names everywhere. */
function idFrom(name: string, otherwise: string): string {
  const id = name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 100);
  return id === '' ? otherwise : id;
}
