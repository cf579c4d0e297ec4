/** @file `antipode init`: writes the spec of an experiment for somebody's own dictionaries, to be edited and run. */

import { Argument, Command } from 'commander';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { integerOption } from './options.ts';

export interface InitFlags {
  readonly sae?: readonly string[];
  readonly concepts?: readonly string[];
  readonly title?: string;
  readonly model?: string;
  readonly pair?: string;
  readonly layer?: number;
  readonly force?: boolean;
}

export function initCommand(context: CliContext): Command {
  const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
  return withExamples(
    new Command('init')
      .description('Writes the spec of an experiment, with comments, for `antipode run`.')
      .addArgument(new Argument('[file]', 'where to write it').default('experiment.yaml'))
      .option(
        '--sae <ref>',
        'an SAE: a known id, a folder or a file; repeatable (default: the embedded ones)',
        collect,
      )
      .option('--concepts <ref>', 'pairs of opposites for the SAE of the same place; repeatable', collect)
      .option('--title <text>', 'of the report')
      .option('--pair <a:b>', 'steer replies along these two, such as happy:sad')
      .option('--model <ref>', 'the language model to steer (default: the embedded one)')
      .option(
        '--layer <number>',
        'with --pair: behind which layer the SAE reads, where its files do not say it',
        integerOption('--layer', 0),
      )
      .option('--force', 'write over a file that is there')
      .action(async (file: string, flags: InitFlags) =>
        (await import('./init_run.ts')).runInit(context, file, flags),
      ),
    [
      'antipode init mine.yaml --sae ./sae_folder --concepts pairs.yaml',
      'antipode init gemma.yaml --sae gemma-2-2b/20-gemmascope-res-16k --pair happy:sad --model google/gemma-2-2b',
    ],
  );
}
