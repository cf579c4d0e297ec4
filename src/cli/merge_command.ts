/** @file `antipode merge`: the options; the work is in `merge_run.ts`. */

import { Command } from 'commander';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import type { MergeFlags } from './merge_run.ts';
import { collect, once } from './options.ts';
import { addSaeOptions } from './sae_options.ts';

export function mergeCommand(context: CliContext): Command {
  const command = new Command('merge')
    .description(
      'Joins the parts that antipode extremes --shard wrote, on any machines, to exactly what one search of all pairs gives.',
    )
    .argument('<parts...>', 'the files of all parts, or folders of them')
    .option('--sae <ref>', 'the SAE, where it lies elsewhere than it was searched', once('--sae'))
    .option('--with <ref>', 'likewise the SAE that it was compared with', once('--with'))
    .option(
      '--explanations <ref>',
      'imported store, export file or folder, as in antipode extremes (default: as the first part had it)',
      collect,
    )
    .option('--explainer <name>', 'which explainer’s texts (default: as the first part had it)');
  addSaeOptions(command)
    .option('--out <folder>', 'also write tables (Parquet, CSV, JSON), report.md and manifest.json there')
    .action(async (parts: string[], flags: MergeFlags) => {
      const { runMerge } = await import('./merge_run.ts');
      await runMerge(context, parts, flags);
    });
  return withExamples(command, [
    'antipode merge parts --out runs/extremes-20',
    'antipode merge parts/part-1-of-2.json parts/part-2-of-2.json --sae params.npz',
  ]);
}
