/** @file `antipode cache ls` and `antipode cache rm`: what antipode keeps on disk, and how to be rid of it. */

import { Command } from 'commander';
import type { CacheEntry } from '../hub/cache_store.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { formatBytes } from './output.ts';

export function cacheCommand(context: CliContext): Command {
  const list = withExamples(
    new Command('ls')
      .description(
        'Lists what antipode keeps: generated dictionaries, imported explanations, quantised weights of language models, answers of endpoints.',
      )
      .action(async () => {
        const { listCache } = await import('../hub/cache_store.ts');
        const { antipodeCacheDir } = await import('../hub/cache_dirs.ts');
        const entries = await listCache(context.env);
        context.out().result({
          human: () =>
            entries.length === 0
              ? `${antipodeCacheDir(context.env)} is empty.`
              : entries
                  .map(({ id, byteLength }) => `${formatBytes(byteLength).padStart(9)}  ${id}`)
                  .join('\n'),
          json: () =>
            entries.map(({ id, path, files, byteLength }) => ({ id, path, files, bytes: byteLength })),
          quiet: () => entries.map(({ id }) => id),
        });
      }),
    ['antipode cache ls', 'antipode cache ls --json'],
  );
  const remove = withExamples(
    new Command('rm')
      .description(
        'Removes entries of the cache: generated and quantised ones are made again when needed, imported ones have to be imported again.',
      )
      .argument('<id...>', 'entries as `antipode cache ls` names them')
      .option('--dry-run', 'say what would be removed, and stop')
      .action(async (ids: string[], { dryRun }: { dryRun?: boolean }) => {
        const { findCacheEntry, removeCacheEntry } = await import('../hub/cache_store.ts');
        const removed: CacheEntry[] = [];
        for (const id of ids)
          removed.push(await (dryRun ? findCacheEntry : removeCacheEntry)(context.env, id));
        context.out().result({
          human: () =>
            removed
              .map(
                ({ id, byteLength }) =>
                  `${dryRun ? 'would remove' : 'removed'} ${id} (${formatBytes(byteLength)})`,
              )
              .join('\n'),
          json: () =>
            removed.map(({ id, path, byteLength }) => ({ id, path, bytes: byteLength, removed: !dryRun })),
          quiet: () => removed.map(({ id }) => id),
        });
      }),
    [
      'antipode cache rm synthetic/16384x2304-seed0-v1',
      'antipode cache rm --dry-run features/gemma-2-2b/20-gemmascope-res-16k',
    ],
  );
  return withExamples(
    new Command('cache')
      .description('Lists and removes what antipode keeps on disk.')
      .addCommand(list)
      .addCommand(remove),
    ['antipode cache ls', 'antipode cache rm synthetic/16384x2304-seed0-v1'],
  );
}
