/** @file `antipode neighbors`: the options; the work is in `neighbors_run.ts`. */

import { Command, Option } from 'commander';
import { SPACES } from '../sae/sae.ts';
import type { CliContext } from './context.ts';
import { addDensityOptions } from './density_range.ts';
import { withExamples } from './help.ts';
import type { NeighborsFlags } from './neighbors_flags.ts';
import { collect, integerOption, once, spacesOption } from './options.ts';
import { addSaeOptions } from './sae_options.ts';

export function neighborsCommand(context: CliContext): Command {
  const command = new Command('neighbors')
    .alias('neighbours')
    .description(
      'Shows the most aligned and the most opposed features of some features, in their own SAE and in others.',
    )
    .argument(
      '<feature...>',
      'an index with --sae, or 20-gemmascope-res-16k/5444, gemma-2-2b/20-gemmascope-res-16k/5444, a pasted address',
    )
    .option('--sae <ref>', 'their SAE, as in antipode geometry (default: as the features say)', once('--sae'))
    .option('--with <ref>', 'neighbors in this SAE too: another layer, width or release; repeatable', collect)
    .option('--top <count>', 'neighbors at each end', integerOption('--top', 1, 100_000), 10)
    .addOption(
      new Option('--spaces <list>', 'encoder, decoder or both, separated by a comma')
        .argParser(spacesOption)
        .default([...SPACES], 'encoder,decoder'),
    );
  addDensityOptions(command)
    .option(
      '--explanations <ref>',
      'imported store, export file or folder; the first for --sae, the next for each --with (default: what was imported)',
      collect,
    )
    .option('--explainer <name>', 'which explainer’s texts (default: the one with most features)');
  addSaeOptions(command)
    .option('--out <folder>', 'also write tables (Parquet, CSV, JSON), report.md and manifest.json there')
    .option('--dry-run', 'say what would be read, compared and written, and what is missing, and stop')
    .action(async (features: string[], flags: NeighborsFlags) => {
      const { runNeighbors } = await import('./neighbors_run.ts');
      await runNeighbors(context, features, flags);
    });
  return withExamples(command, [
    'antipode neighbors 404 281 --sae organism/1-res-2k --with organism/2-res-2k',
    'antipode neighbors gemma-2-2b/20-gemmascope-res-16k/11697 --top 20 --spaces decoder',
  ]);
}
