/** @file The work of `antipode download`: what each id means, what of it is here, and the fetching of the rest. */

import { AntipodeError } from '../errors.ts';
import { planExport } from '../features/fetch_explanations.ts';
import { ensureFolder } from '../formats/atomic.ts';
import { hfHubCacheDir } from '../hub/cache_dirs.ts';
import { requireDiskSpace } from '../hub/disk_space.ts';
import type { HubFileFacts, HubFiles } from '../hub/fetch_wanted.ts';
import { isOffline } from '../hub/hf_env.ts';
import { lookIfThere } from '../sae/locate_sae.ts';
import type { CliContext } from './context.ts';
import type { DownloadFlags } from './download_flags.ts';
import { partsAtHand } from './download_offline.ts';
import { type DownloadedPart, partsText, pathOf, sumOf } from './download_part.ts';
import {
  type DownloadTarget,
  type RepositoryTarget,
  type SourceTarget,
  targetsOf,
} from './download_targets.ts';
import { fetchSource } from './fetch_explanations.ts';
import { httpFor, networkHub } from './hub_access.ts';
import { visible } from './output.ts';

/** @throws {AntipodeError} for the first id that cannot be fetched; what came before it stays */
export async function runDownload(
  context: CliContext,
  ids: readonly string[],
  flags: DownloadFlags,
): Promise<void> {
  const targets: DownloadTarget[] = [];
  for (const id of ids) targets.push(...(await targetsOf(context, id, flags)));
  const parts = isOffline(context.env)
    ? await partsAtHand(context, targets, flags)
    : await fetchedParts(context, targets, flags);
  context.out().result({
    human: (style) => partsText(parts, flags.dryRun === true, style),
    json: () => ({ dry_run: flags.dryRun === true, parts }),
    quiet: () => parts.flatMap(({ id, path }) => visible(path ?? id)),
  });
}

async function fetchedParts(
  context: CliContext,
  targets: readonly DownloadTarget[],
  flags: DownloadFlags,
): Promise<DownloadedPart[]> {
  const hub = networkHub(context);
  const parts: DownloadedPart[] = [];
  for (const target of targets) {
    const part =
      target.kind === 'explanations'
        ? await sourcePart(context, target, flags)
        : await repositoryPart(context, target, { hub, isPlan: flags.dryRun === true });
    if (part) parts.push(part);
  }
  return parts;
}

interface Found extends HubFileFacts {
  readonly path: string;
}

interface Access {
  readonly hub: HubFiles;
  readonly isPlan: boolean;
}

async function repositoryPart(
  context: CliContext,
  target: RepositoryTarget,
  { hub, isPlan }: Access,
): Promise<DownloadedPart> {
  const { id, kind, repoId } = target;
  const found: Found[] = [];
  for (const path of await target.files(hub)) {
    // All of one commit, though the branch may move meanwhile.
    const revision = found[0]?.commit ?? target.revision;
    const facts = await lookIfThere(hub, { repoId, path, revision }, target.isOptional(path));
    if (facts) found.push({ ...facts, path });
  }
  const missing = found.filter(({ isHere }) => !isHere);
  const part: DownloadedPart = {
    id,
    part: kind,
    from: repoId,
    commit: found[0]?.commit ?? null,
    files: found.length,
    bytes: sumOf(found),
    fetched_bytes: sumOf(missing),
    path: null,
  };
  if (isPlan) return part;
  const root = hfHubCacheDir(context.env);
  await ensureFolder(root);
  await requireDiskSpace(root, part.fetched_bytes ?? 0, id);
  let path = '';
  for (const [index, file] of found.entries()) {
    // The first by the name that was asked for, so that the branch is known here as well.
    const revision = index === 0 ? target.revision : found[0]!.commit;
    const cached = await hub.fetch({ repoId, path: file.path, revision });
    path = pathOf(kind, cached, found.length);
  }
  return { ...part, path };
}

/** Undefined where there is none, and nobody asked for it by name. */
async function sourcePart(
  context: CliContext,
  { id, isExtra, source }: SourceTarget,
  flags: DownloadFlags,
): Promise<DownloadedPart | undefined> {
  const { activations, export: name } = flags;
  const from = `${source.modelId}/${source.sourceId}`;
  try {
    const { env, signal } = context;
    const options = { env, http: httpFor(context), export: name, activations, signal };
    const plan = await planExport(source, options, flags.dryRun !== true);
    const part: DownloadedPart = {
      id,
      part: 'explanations',
      from,
      commit: null,
      files: plan.files.length,
      bytes: sumOf(plan.files),
      fetched_bytes: sumOf(plan.missing),
      path: null,
    };
    if (flags.dryRun) return part;
    const { fetched, store } = await fetchSource(context, source, { activations, export: name });
    return { ...part, fetched_bytes: fetched.byteLength, path: store.dir };
  } catch (error) {
    if (!isExtra || !(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    context.out().note(visible(error.message));
    return undefined;
  }
}
