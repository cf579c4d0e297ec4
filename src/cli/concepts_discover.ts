/** @file `antipode concepts discover`: pairs of opposite features by what explanations say. */

import { Command } from 'commander';
import type { OppositeList } from '../concepts/discover_axes.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { integerOption, numberOption, subsetOption } from './options.ts';

export interface DiscoverFlags {
  readonly source?: string;
  readonly explanations?: string;
  readonly explainer?: string;
  readonly from: readonly OppositeList[];
  readonly minScore: number;
  readonly perSide: number;
  readonly limit: number;
  readonly confirmFrom?: number;
  readonly out?: string;
}

/** Written out, so that --help reads no word list. */
const LISTS: readonly OppositeList[] = ['article', 'wordnet'];

export function discoverCommand(context: CliContext): Command {
  return withExamples(
    new Command('discover')
      .description(
        "Finds features whose explanations name opposites (the article's concepts, WordNet's antonyms) and writes them to a file in which you confirm or strike them. " +
          'Once reviewed, antipode geometry --concepts takes that file.',
      )
      .option(
        '--source <id>',
        'the dictionary (model/source, source or layer), as antipode features list shows it',
      )
      .option('--explanations <path>', 'an export, or a store folder, to read instead of what is imported')
      .option('--explainer <name>', 'only explanations by this model (default: all of them)')
      .option(
        '--from <lists>',
        'where opposites come from: article, wordnet',
        subsetOption('--from', LISTS),
        [...LISTS],
      )
      .option('--min-score <n>', 'least score of a pair, 0 to 1', numberOption('--min-score', 0, 1), 0.5)
      .option(
        '--per-side <n>',
        'features kept of each side of a concept',
        integerOption('--per-side', 1, 100),
        8,
      )
      .option('--limit <n>', 'concepts kept, best first', integerOption('--limit', 1, 10_000), 100)
      .option(
        '--confirm-from <n>',
        'write concepts of at least this score, 0 to 1, as confirmed (default: all wait for a person)',
        numberOption('--confirm-from', 0, 1),
      )
      .option('--out <file>', 'the file to review, YAML; one that is there is not replaced')
      .action(async (flags: DiscoverFlags) => {
        const { runDiscover } = await import('./concepts_discover_run.ts');
        await runDiscover(context, flags);
      }),
    [
      'antipode concepts discover --source organism/2-res-2k --out opposites.yaml',
      'antipode concepts discover --explanations gemma-2-2b_20-gemmascope-res-16k.json --min-score 0.7 --json',
    ],
  );
}
