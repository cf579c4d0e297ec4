/** @file `antipode cache ls`, `cache rm` and `cache verify`: what antipode and the Hugging Face hub keep on disk, how to be rid of it, and whether it is sound. */

import { Command } from 'commander';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';

const IDS = 'entries as `antipode cache ls` names them, or org/name';

export function cacheCommand(context: CliContext): Command {
  return withExamples(
    new Command('cache')
      .description(
        'Lists, checks and removes what is kept on disk: antipode’s own cache, and the Hugging Face cache that Python shares.',
      )
      .addCommand(listCommand(context))
      .addCommand(removeCommand(context))
      .addCommand(verifyCommand(context)),
    ['antipode cache ls', 'antipode cache verify', 'antipode cache rm synthetic/16384x2304-seed0-v1'],
  );
}

function listCommand(context: CliContext): Command {
  return withExamples(
    new Command('ls')
      .description(
        'Lists what is kept: generated dictionaries, imported explanations, quantised weights, answers of endpoints, downloads; and the ' +
          'models of the Hugging Face cache, whoever fetched them.',
      )
      .action(async () => {
        const { runCacheList } = await import('./cache_run.ts');
        await runCacheList(context);
      }),
    ['antipode cache ls', 'antipode cache ls --json'],
  );
}

function removeCommand(context: CliContext): Command {
  return withExamples(
    new Command('rm')
      .description(
        'Removes entries: generated and quantised ones are made again when needed, fetched ones fetched again, imported ones have to be imported again. ' +
          'Repositories of the Hugging Face cache go whole, for Python too.',
      )
      .argument('<id...>', IDS)
      .option('--dry-run', 'say what would be removed, and stop')
      .action(async (ids: string[], { dryRun }: { dryRun?: boolean }) => {
        const { runCacheRemove } = await import('./cache_run.ts');
        await runCacheRemove(context, ids, dryRun === true);
      }),
    [
      'antipode cache rm synthetic/16384x2304-seed0-v1',
      'antipode cache rm --dry-run features/gemma-2-2b/20-gemmascope-res-16k',
      'antipode cache rm google/gemma-scope-2b-pt-res',
    ],
  );
}

function verifyCommand(context: CliContext): Command {
  return withExamples(
    new Command('verify')
      .description(
        'Reads what is kept and compares it with its hashes: files of the Hugging Face cache with their names, imported explanations with their manifests. ' +
          'Exits with 5 where something is not in order.',
      )
      .argument('[id...]', `${IDS} (default: all that have hashes)`)
      .action(async (ids: string[]) => {
        const { runCacheVerify } = await import('./cache_run.ts');
        await runCacheVerify(context, ids);
      }),
    ['antipode cache verify', 'antipode cache verify google/gemma-scope-2b-pt-res'],
  );
}
