/** @file From the ids of `antipode download` to what is fetched: files of a repository, or the explanations of a source. */

import { resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { parseSourceRef } from '../features/feature_ref.ts';
import { EMBEDDED_MODEL_ID } from '../hub/embedded_default.ts';
import type { HubFiles } from '../hub/fetch_wanted.ts';
import { isOffline } from '../hub/hf_env.ts';
import { NoSuchRepository } from '../hub/hf_refusal.ts';
import type { ExportSource } from '../hub/neuronpedia_export.ts';
import { cachedModelFiles, modelFiles, parseModelName } from '../lm/fetch_model.ts';
import { filesToFetch } from '../sae/locate_sae.ts';
import { nearestSaes, resolveSae } from '../sae/registry/registry.ts';
import { exists } from '../sae/sae_source.ts';
import { SYNTHETIC_ID } from '../sae/synthetic_file.ts';
import type { CliContext } from './context.ts';
import type { DownloadFlags } from './download_flags.ts';
import { exportSourceOf } from './fetch_explanations.ts';

export interface RepositoryTarget {
  readonly kind: 'weights' | 'model';
  readonly id: string;
  readonly repoId: string;
  readonly revision: string | undefined;
  /** Inside the repository, in the order of fetching. Asks the hub where only it knows. */
  files(hub: Pick<HubFiles, 'list'>): Promise<readonly string[]>;
  /** Files that the repository may lack. */
  isOptional(path: string): boolean;
}

export interface SourceTarget {
  readonly kind: 'explanations';
  readonly id: string;
  readonly source: ExportSource;
  /** Nobody asked for them by name: not having any is no error. */
  readonly isExtra: boolean;
}

export type DownloadTarget = RepositoryTarget | SourceTarget;

/** @throws {AntipodeError} `usage` for what is never fetched, `missing` for a name that nothing has */
export async function targetsOf(
  context: CliContext,
  id: string,
  { only, revision }: DownloadFlags,
): Promise<DownloadTarget[]> {
  if (id === SYNTHETIC_ID || id === EMBEDDED_MODEL_ID || id.startsWith(`${EMBEDDED_MODEL_ID}/`)) {
    throw new AntipodeError(
      'usage',
      `${id}: ${id === SYNTHETIC_ID ? 'is made, not fetched' : 'ships with antipode'}`,
      {
        hint: 'use it as it is',
      },
    );
  }
  if (id.trim() === '') throw new AntipodeError('usage', 'id: is empty (expected an SAE or a model)');
  const address = resolveSae(id);
  const wants = (part: 'weights' | 'explanations'): boolean => only === undefined || only.includes(part);
  const named = exportSourceOf(parseSourceRef(address?.identity.neuronpediaId ?? id));
  if (address) {
    const weights: RepositoryTarget = {
      kind: 'weights',
      id,
      repoId: address.repoId,
      revision: revision ?? address.revision,
      files: (hub) => filesToFetch({ ...address, ...(revision !== undefined && { revision }) }, hub),
      isOptional: (path) => path.endsWith('.json'),
    };
    if (!named && only?.includes('explanations')) throw noSource(id);
    return [
      ...(wants('weights') ? [weights] : []),
      ...(named && wants('explanations') ? [explanationsOf(id, named, only === undefined)] : []),
    ];
  }
  // Sources that no registry knows have pages all the same.
  if (only?.length === 1 && only[0] === 'explanations') {
    if (named) return [explanationsOf(id, named, false)];
    throw noSource(id);
  }
  return [await modelOf(context, id, revision)];
}

function explanationsOf(id: string, source: ExportSource, isExtra: boolean): SourceTarget {
  return { kind: 'explanations', id, source, isExtra };
}

function noSource(id: string): AntipodeError {
  return new AntipodeError('missing', `${id}: names no source of Neuronpedia`, {
    hint: 'write it as model/source, such as gemma-2-2b/20-gemmascope-res-16k',
  });
}

async function modelOf(
  { cwd, env }: CliContext,
  id: string,
  revision: string | undefined,
): Promise<RepositoryTarget> {
  const name = parseModelName(id);
  if (await exists(resolve(cwd, id))) {
    throw new AntipodeError('usage', `${id}: is on this machine already`);
  }
  if (!name) throw noModel(id);
  const request = { ...name, ...(revision !== undefined && { revision }) };
  const listed = async (hub: Pick<HubFiles, 'list'>): Promise<string[]> => {
    if (isOffline(env)) return cachedModelFiles(env, request);
    try {
      return (await modelFiles(request, hub)).map(({ path }) => path);
    } catch (error) {
      throw name.repoId.includes('/') ? error : unlessMistyped(id, error);
    }
  };
  return {
    kind: 'model',
    id,
    repoId: request.repoId,
    revision: request.revision,
    files: listed,
    isOptional: () => false,
  };
}

/** A word alone is more often the name of an SAE than that of one of the old models. */
function unlessMistyped(id: string, error: unknown): unknown {
  return error instanceof NoSuchRepository ? noModel(id) : error;
}

function noModel(id: string): AntipodeError {
  const near = nearestSaes(id);
  return new AntipodeError(
    'missing',
    `${id}: no SAE of this name, and no model (org/name)`,
    near.length === 0 ? {} : { hint: `did you mean ${near.join(' or ')}?` },
  );
}
