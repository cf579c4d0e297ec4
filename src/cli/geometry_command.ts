/** @file `antipode geometry`: the options; the work is in `geometry_run.ts`. */

import { Command, Option } from 'commander';
import { AntipodeError } from '../errors.ts';
import { GEOMETRY_PARTS } from '../geometry/parts.ts';
import { DEFAULT_DRAWS, DENSE_ABOVE } from '../geometry/test_defaults.ts';
import { SPACES } from '../sae/sae.ts';
import type { CliContext } from './context.ts';
import type { GeometryFlags } from './geometry_flags.ts';
import { withExamples } from './help.ts';
import { collect, integerOption, numberOption, spacesOption, subsetOption } from './options.ts';
import { addSaeOptions } from './sae_options.ts';

export function geometryCommand(context: CliContext): Command {
  const command = new Command('geometry')
    .description(
      'Compares the cosines of opposite concepts with random pairs and with all pairs of a dictionary.',
    )
    .option(
      '--sae <ref>',
      'SAE: a file or folder, an id, a URL, ID=PATH, organism/1-res-2k, organism/2-res-2k or synthetic-16k; repeatable',
      collect,
    );
  addSaeOptions(command)
    .option(
      '--concepts <set>',
      'article-10, article-20, organism-1, organism-2, a YAML or JSON file, or - for stdin; one for all, or one per --sae in order (default: the SAE’s own catalogue)',
      collect,
    )
    .option(
      '--explanations <ref>',
      'imported store, export file or folder; one per --sae, in order (default: what was imported)',
      collect,
    )
    .option(
      '--explainer <name>',
      'which explainer’s texts, where several are there (default: the one with most features)',
    )
    .addOption(
      new Option('--spaces <list>', 'encoder, decoder or both, separated by a comma')
        .argParser(spacesOption)
        .default([...SPACES], 'encoder,decoder'),
    )
    .addOption(
      new Option(
        '--only <parts>',
        `some of ${GEOMETRY_PARTS.join(',')}; without extremes and antipodality nothing is searched`,
      )
        .argParser(subsetOption('--only', GEOMETRY_PARTS))
        .default([...GEOMETRY_PARTS], 'all'),
    )
    .option('--seed <integer>', 'seed of random pairs and tests', integerOption('--seed', 0), 0)
    .option(
      '--random-pairs <count>',
      'random pairs of the article’s baseline',
      integerOption('--random-pairs', 1, 1_000_000),
      20,
    )
    .option(
      '--draws <count>',
      'random draws of each test',
      integerOption('--draws', 99, 1_000_000),
      DEFAULT_DRAWS,
    )
    .option(
      '--dense-above <share>',
      'share of tokens above which an active feature counts as dense, 0 to 1',
      numberOption('--dense-above', 0, 1),
      DENSE_ABOVE,
    )
    .option('--top <count>', 'extreme pairs kept at each end', integerOption('--top', 1, 100_000), 10)
    .option(
      '--threads <count>',
      'worker threads; the results do not depend on it (default: all cores)',
      integerOption('--threads', 1, 1024),
    )
    .option(
      '--out <folder>',
      'also write tables (Parquet, CSV, JSON), figures (SVG), report.md and manifest.json there',
    )
    .option('--dry-run', 'say what would be read, made and computed, and what is missing, and stop')
    .action(async (given: Partial<GeometryFlags>) => {
      const { sae } = given;
      if (sae === undefined) {
        throw new AntipodeError('usage', 'geometry: --sae is missing', {
          hint: 'antipode geometry --sae organism/1-res-2k tries it on what ships with antipode',
        });
      }
      const flags = { ...given, sae } as GeometryFlags;
      const { runGeometry } = await import('./geometry_run.ts');
      await runGeometry(context, flags);
    });
  return withExamples(command, [
    'antipode geometry --sae organism/1-res-2k',
    'antipode geometry --sae gemma-2-2b/20-gemmascope-res-16k --concepts article-20 --out runs/layer-20',
    'antipode geometry --sae params.npz --concepts pairs.yaml --only pairs,random',
  ]);
}
