/** @file `antipode download`: SAEs, what explains their features, and language models, by the names that other commands take. */

import { Command } from 'commander';
import type { CliContext } from './context.ts';
import type { DownloadFlags } from './download_flags.ts';
import { withExamples } from './help.ts';
import { choiceOption, subsetOption } from './options.ts';

export function downloadCommand(context: CliContext): Command {
  return withExamples(
    new Command('download')
      .description(
        'Fetches what ids name: the weights of SAEs with their explanations, and language models. Weights go to the Hugging Face cache, which Python shares; ' +
          'explanations of Neuronpedia become a store in antipode’s own. What was fetched in part goes on from there.',
      )
      .argument(
        '<id...>',
        'SAEs (an id, a Neuronpedia or Hugging Face URL), or models (org/name, gpt2, org/name@revision)',
      )
      .option(
        '--only <parts>',
        'of an SAE: weights, explanations or both, separated by commas (default: both)',
        subsetOption('--only', ['weights', 'explanations'] as const),
      )
      .option('--revision <name>', 'branch, tag or commit in the repository (default: main)')
      .option(
        '--export <name>',
        'which of Neuronpedia’s exports: v1, or the older explanations-only',
        choiceOption('--export', ['v1', 'explanations-only'] as const),
        'v1',
      )
      .option(
        '--activations',
        'keep Neuronpedia’s batches of example texts too (hundreds of MB, read by nothing here)',
      )
      .option('--dry-run', 'say what would be fetched and its size, and stop')
      .action(async (ids: string[], flags: DownloadFlags) => {
        const { runDownload } = await import('./download_run.ts');
        await runDownload(context, ids, flags);
      }),
    [
      'antipode download gemma-2-2b/20-gemmascope-res-16k google/gemma-2-2b',
      'antipode download gemma-2-2b/20-gemmascope-res-16k --only explanations --export explanations-only',
      'antipode download google/gemma-2-2b --dry-run',
    ],
  );
}
