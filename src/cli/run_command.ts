/** @file `antipode run SPEC`: the options; the work is in `run_experiment.ts`. */

import { Command, Option } from 'commander';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { integerOption } from './options.ts';

/** In their order. */
export const STAGES = ['geometry', 'search', 'statistics', 'steering', 'judge', 'report'] as const;

export type StageName = (typeof STAGES)[number];

export interface RunFlags {
  readonly out?: string;
  readonly only?: StageName;
  readonly from?: StageName;
  readonly threads?: number;
  readonly dryRun?: boolean;
}

export function runCommand(context: CliContext): Command {
  return withExamples(
    new Command('run')
      .description(
        'Runs an experiment from its spec: geometry, search, statistics, steering, judge, report. What is finished and has not changed is not done again.',
      )
      .argument('<spec>', 'a YAML file; antipode init writes one')
      .option('--out <folder>', 'the run folder (default: runs/ and the name of the spec)')
      .addOption(new Option('--only <stage>', 'this stage alone').choices(STAGES))
      .addOption(
        new Option('--from <stage>', 'this stage and all behind it, finished or not').choices(STAGES),
      )
      .option(
        '--threads <count>',
        'worker threads; the tables do not depend on it (default: all cores)',
        integerOption('--threads', 1, 1024),
      )
      .option('--dry-run', 'say what would be read, fetched, computed, generated and asked, and stop')
      .action(async (spec: string, flags: RunFlags) =>
        (await import('./run_experiment.ts')).runExperiment(context, spec, flags),
      ),
    ['antipode run experiments/organism.yaml', 'antipode run experiments/article.yaml --dry-run'],
  );
}
