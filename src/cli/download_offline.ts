/** @file `antipode download` in offline mode: everything is at hand, and where, or what of it is missing. Nothing is asked for and nothing is written. */

import { stat } from 'node:fs/promises';
import { AntipodeError } from '../errors.ts';
import { knownAbsence } from '../features/absent_export.ts';
import { findFetched, keptActivations } from '../features/fetch_explanations.ts';
import { findInHfCache, type HfCachedFile } from '../hub/hf_cache.ts';
import { listInHfCache } from '../hub/hf_cache_list.ts';
import type { CliContext } from './context.ts';
import type { DownloadFlags } from './download_flags.ts';
import { type DownloadedPart, pathOf } from './download_part.ts';
import type { DownloadTarget, RepositoryTarget, SourceTarget } from './download_targets.ts';
import { downloadHint } from './hub_access.ts';
import { visible } from './output.ts';

/** What is here of a target, undefined where there is nothing to have; and the names of what is not. */
interface AtHand {
  readonly part?: DownloadedPart | undefined;
  readonly missing: readonly string[];
}

/** More names than this say no more. */
const SHOWN = 8;

/** @throws {AntipodeError} `missing` with the names of all that is not here */
export async function partsAtHand(
  context: CliContext,
  targets: readonly DownloadTarget[],
  flags: DownloadFlags,
): Promise<DownloadedPart[]> {
  const found: AtHand[] = [];
  for (const target of targets) {
    found.push(
      target.kind === 'explanations'
        ? await sourceAtHand(context, target, flags)
        : await repositoryAtHand(context, target),
    );
  }
  const missing = found.flatMap((one) => one.missing);
  if (missing.length > 0) throw notHere(context, missing, targets);
  return found.flatMap(({ part }) => part ?? []);
}

function notHere(
  context: CliContext,
  missing: readonly string[],
  targets: readonly DownloadTarget[],
): AntipodeError {
  const more = missing.length > SHOWN ? `, and ${missing.length - SHOWN} more` : '';
  const names = missing.slice(0, SHOWN).map(visible).join(', ');
  const ids = [...new Set(targets.map(({ id }) => id))].join(' ');
  return new AntipodeError('missing', `not on this machine: ${names}${more}`, {
    hint: downloadHint(context, ids),
  });
}

async function repositoryAtHand({ env }: CliContext, target: RepositoryTarget): Promise<AtHand> {
  const { id, kind, repoId } = target;
  const missing: string[] = [];
  const found: HfCachedFile[] = [];
  let bytes = 0;
  const paths = await target.files({ list: (request) => listInHfCache(env, request) }).catch(unlessMissing);
  for (const path of paths ?? []) {
    // All of one commit, as they are fetched.
    const revision = found[0]?.commit ?? target.revision;
    const file = await findInHfCache(env, { repoId, path, revision });
    if (file) {
      found.push(file);
      bytes += (await stat(file.path)).size;
    } else if (!target.isOptional(path)) missing.push(`${repoId}/${path}`);
  }
  const last = found.at(-1);
  if (missing.length > 0 || !last) return { missing: missing.length > 0 ? missing : [repoId] };
  const part = {
    id,
    part: kind,
    from: repoId,
    commit: last.commit,
    files: found.length,
    bytes,
    fetched_bytes: 0,
    path: pathOf(kind, last, found.length),
  };
  return { part, missing };
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof AntipodeError && error.kind === 'missing') return undefined;
  throw error;
}

async function sourceAtHand(
  context: CliContext,
  { id, isExtra, source }: SourceTarget,
  { activations, export: name }: DownloadFlags,
): Promise<AtHand> {
  const { env } = context;
  const from = `${source.modelId}/${source.sourceId}`;
  const store = await findFetched(env, source, name);
  const day = store || name !== 'v1' ? undefined : await knownAbsence(env, source);
  if (day !== undefined && isExtra) {
    context.out().note(`${from}: Neuronpedia had no export of this source on ${day}`);
    return { missing: [] };
  }
  const missing = store ? [] : [`the explanations of ${from}`];
  if (activations && !(await keptActivations(env, source))) missing.push(`the activations of ${from}`);
  if (!store || missing.length > 0) return { missing };
  const { inputs } = store.manifest;
  const part = {
    id,
    part: 'explanations' as const,
    from,
    commit: null,
    files: inputs.length,
    bytes: inputs.reduce((sum, { byteLength }) => sum + byteLength, 0),
    fetched_bytes: 0,
    path: store.dir,
  };
  return { part, missing };
}
