/** @file What the parts of `antipode explain` are called in its export, and the features it may be asked for. */

import { basename, resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import type { SourceName } from '../explain/export_rows.ts';
import { isNeuronpediaName } from '../features/feature_ref.ts';
import { parseModelName } from '../lm/fetch_model.ts';
import type { SaeHeader, SaeIdentity } from '../sae/sae.ts';
import type { CliContext } from './context.ts';

/** @throws {AntipodeError} `usage` for features that the SAE does not have */
export function checkFeatures({ identity, dSae }: SaeHeader, features: readonly number[] | undefined): void {
  const last = features?.at(-1);
  if (last === undefined || last < dSae) return;
  throw new AntipodeError(
    'usage',
    `--features: got ${last}, but ${identity.label} has ${dSae} features, from 0`,
  );
}

/** `org/name` without its revision, or the name of the model's folder without its path. */
export function modelName({ cwd }: CliContext, ref: string, folder: string): string {
  return resolve(cwd, ref) === folder ? basename(folder) : (parseModelName(ref)?.repoId ?? ref);
}

export interface NamedPlace {
  readonly layer: number;
  readonly modelName: string;
}

/**
 * As asked; else the SAE's Neuronpedia id; else made of what model and SAE are called.
 * @throws {AntipodeError} `usage` for an id of another form
 */
export function sourceName(asked: string | undefined, identity: SaeIdentity, of: NamedPlace): SourceName {
  const id = asked ?? identity.neuronpediaId;
  if (id !== undefined) {
    const [modelId = '', sourceId = '', ...rest] = id.split('/');
    if (rest.length === 0 && isNeuronpediaName(modelId) && isNeuronpediaName(sourceId)) {
      return { modelId, sourceId };
    }
    if (asked !== undefined) {
      throw new AntipodeError(
        'usage',
        `--id: got ${JSON.stringify(id.slice(0, 200))}, expected model/source such as gemma-2-2b/20-gemmascope-res-16k`,
      );
    }
  }
  const label = idFrom(identity.label, 'sae');
  return {
    modelId: idFrom(basename(identity.modelName ?? of.modelName), 'model'),
    sourceId: label.startsWith(`${of.layer}-`) ? label : `${of.layer}-${label}`.slice(0, 128),
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
