/** @file The work of `antipode cache`: entries of both caches under one set of names. */

import { AntipodeError } from '../errors.ts';
import { readStoreIn } from '../features/feature_store.ts';
import { antipodeCacheDir, hfHubCacheDir } from '../hub/cache_dirs.ts';
import { type CacheEntry, listCache, removeCacheEntry } from '../hub/cache_store.ts';
import { type HfRepoEntry, listHfRepos, removeHfRepo, verifyHfRepo } from '../hub/hf_cache_store.ts';
import { plural } from '../report/display.ts';
import type { CliContext } from './context.ts';
import { formatBytes, visible } from './output.ts';

type Kept =
  | { readonly cache: 'antipode'; readonly entry: CacheEntry }
  | { readonly cache: 'huggingface'; readonly entry: HfRepoEntry };

/** Our own first, then the repositories; by id. */
async function allKept({ env }: CliContext): Promise<Kept[]> {
  return [
    ...(await listCache(env)).map((entry) => ({ cache: 'antipode', entry }) as const),
    ...(await listHfRepos(env)).map((entry) => ({ cache: 'huggingface', entry }) as const),
  ];
}

/** @throws {AntipodeError} `missing` for an unknown id, which also keeps ids with `..` from reaching outside */
async function findKept(context: CliContext, ids: readonly string[]): Promise<Kept[]> {
  const all = await allKept(context);
  return ids.map((id) => {
    const found = all.find(
      ({ cache, entry }) => entry.id === id || (cache === 'huggingface' && entry.repoId === id),
    );
    if (found) return found;
    const known = all.map(({ entry }) => entry.id);
    const shown =
      known.length === 0 ? 'nothing' : known.slice(0, 10).join(', ') + (known.length > 10 ? ', …' : '');
    throw new AntipodeError('missing', `${id}: not in the cache (it holds ${shown})`, {
      hint: 'antipode cache ls',
    });
  });
}

export async function runCacheList(context: CliContext): Promise<void> {
  const all = await allKept(context);
  const { env } = context;
  context.out().result({
    human: ({ bold, dim }) =>
      (['antipode', 'huggingface'] as const)
        .map((cache) => {
          const of = all.filter((one) => one.cache === cache);
          const path = visible(cache === 'antipode' ? antipodeCacheDir(env) : hfHubCacheDir(env));
          if (of.length === 0) return `${path} is empty.`;
          const sum = of.reduce((bytes, { entry }) => bytes + entry.byteLength, 0);
          const lines = of.map(
            ({ entry }) => `${formatBytes(entry.byteLength).padStart(9)}  ${visible(entry.id)}`,
          );
          return [`${bold(path)} ${dim(formatBytes(sum))}`, ...lines].join('\n');
        })
        .join('\n'),
    json: () =>
      all.map(({ cache, entry }) => ({
        id: entry.id,
        path: entry.path,
        files: entry.files,
        bytes: entry.byteLength,
        cache,
        ...('repoId' in entry && { repo_id: entry.repoId, commits: entry.commits }),
      })),
    quiet: () => all.map(({ entry }) => visible(entry.id)),
  });
}

export async function runCacheRemove(
  context: CliContext,
  ids: readonly string[],
  isDryRun: boolean,
): Promise<void> {
  // A name that is off, or given twice, is known before anything is gone.
  const found = await findKept(context, ids);
  const removed = found.filter(
    ({ entry }, i) => found.findIndex((one) => one.entry.path === entry.path) === i,
  );
  for (const kept of isDryRun ? [] : removed) {
    await (kept.cache === 'antipode' ? removeCacheEntry(kept.entry) : removeHfRepo(context.env, kept.entry));
  }
  context.out().result({
    human: () =>
      removed
        .map(
          ({ entry }) =>
            `${isDryRun ? 'would remove' : 'removed'} ${visible(entry.id)} (${formatBytes(entry.byteLength)})`,
        )
        .join('\n'),
    json: () =>
      removed.map(({ entry }) => ({
        id: entry.id,
        path: entry.path,
        bytes: entry.byteLength,
        removed: !isDryRun,
      })),
    quiet: () => removed.map(({ entry }) => visible(entry.id)),
  });
}

/** What was found out about one entry. */
interface Verified {
  readonly id: string;
  readonly checked_files: number;
  /** Files without a hash to compare with. */
  readonly unchecked_files: number;
  /** Beginnings of downloads, which the next one goes on with. */
  readonly unfinished: readonly string[];
  readonly problems: readonly string[];
}

/** @throws {AntipodeError} `check` behind the result, where something is not in order; `usage` for an entry without hashes */
export async function runCacheVerify(context: CliContext, ids: readonly string[]): Promise<void> {
  const asked = ids.length > 0 ? await findKept(context, ids) : (await allKept(context)).filter(hasHashes);
  const without = asked.find((kept) => !hasHashes(kept));
  if (without) {
    throw new AntipodeError('usage', `${without.entry.id}: has no hashes to compare it with`, {
      hint: 'antipode cache rm removes it; it is made or fetched again when needed',
    });
  }
  const total = asked.reduce((sum, { entry }) => sum + entry.byteLength, 0);
  const progress = context.out().progress('reading', total);
  const verified: Verified[] = [];
  let before = 0;
  for (const kept of asked) {
    verified.push(await verify(context, kept, (bytes) => progress.update(before + bytes)));
    before += kept.entry.byteLength;
  }
  progress.end();
  context.out().result({
    human: ({ red }) =>
      verified.map((one) => verifiedText(one, red)).join('\n') || 'Nothing with hashes is kept.',
    json: () => verified,
    quiet: () => verified.filter(({ problems }) => problems.length > 0).map(({ id }) => visible(id)),
  });
  const broken = verified.filter(({ problems }) => problems.length > 0).map(({ id }) => id);
  if (broken.length === 0) return;
  throw new AntipodeError('check', `not in order: ${broken.join(', ')}`, {
    hint: `antipode cache rm ${broken[0]}, then fetch or import it again`,
  });
}

function hasHashes({ cache, entry }: Kept): boolean {
  return cache === 'huggingface' || entry.id.startsWith('features/');
}

async function verify(
  { signal }: CliContext,
  kept: Kept,
  onProgress: (bytes: number) => void,
): Promise<Verified> {
  const { id } = kept.entry;
  if (kept.cache === 'huggingface') {
    const { checked, problems, unchecked, unfinished } = await verifyHfRepo(kept.entry, {
      signal,
      onProgress,
    });
    return { id, checked_files: checked, unchecked_files: unchecked.length, unfinished, problems };
  }
  try {
    const store = await readStoreIn(kept.entry.path);
    const problems = store ? [] : ['manifest.json: is not there, or is of something else'];
    return { id, checked_files: store?.files.length ?? 0, unchecked_files: 0, unfinished: [], problems };
  } catch (error) {
    if (!(error instanceof AntipodeError) || (error.kind !== 'format' && error.kind !== 'missing'))
      throw error;
    return { id, checked_files: 0, unchecked_files: 0, unfinished: [], problems: [error.message] };
  }
}

function verifiedText(
  { checked_files, id, problems, unchecked_files, unfinished }: Verified,
  red: (text: string) => string,
): string {
  const facts = [
    `${plural(checked_files, 'file', 'files')} with the right hash`,
    ...(unchecked_files > 0 ? [`${unchecked_files} without a hash`] : []),
    ...(unfinished.length > 0 ? [`${plural(unfinished.length, 'download', 'downloads')} not finished`] : []),
  ];
  if (problems.length === 0) return `sound   ${visible(id)}  ${facts.join(', ')}`;
  return [
    `${red('broken')}  ${visible(id)}`,
    ...problems.map((problem) => `        ${visible(problem)}`),
  ].join('\n');
}
