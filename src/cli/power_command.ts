/** @file `antipode power`: the options; the work is in `power_run.ts`. */

import { Command, Option } from 'commander';
import { AntipodeError } from '../errors.ts';
import { DEFAULT_DRAWS } from '../geometry/test_defaults.ts';
import { SPACES } from '../sae/sae.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { collect, integerOption, numberOption, numbersOption, spacesOption } from './options.ts';
import type { PowerFlags } from './power_flags.ts';
import { addSaeOptions } from './sae_options.ts';

export function powerCommand(context: CliContext): Command {
  const command = new Command('power')
    .description(
      'Says how small a mean opposition the tests of antipode geometry would find, so that finding none means something.',
    )
    .option('--sae <ref>', 'the SAE, as in antipode geometry; repeatable', collect);
  addSaeOptions(command)
    .option(
      '--concepts <set>',
      'whose shape is tested: a catalogue, a YAML or JSON file, or -; one for all, or one per --sae in order (default: the SAE’s own catalogue)',
      collect,
    )
    .option(
      '--explanations <ref>',
      'where densities are known from; one per --sae, in order (default: what was imported)',
      collect,
    )
    .option('--explainer <name>', 'which explainer’s file, where several are there')
    .addOption(
      new Option('--spaces <list>', 'encoder, decoder or both, separated by a comma')
        .argParser(spacesOption)
        .default([...SPACES], 'encoder,decoder'),
    )
    .option(
      '--effect <list>',
      'also the power at these mean oppositions, e.g. -0.01,-0.05',
      numbersOption('--effect', -2, -1e-9),
    )
    .option('--level <share>', 'two-sided level of the tests', numberOption('--level', 0.001, 0.5), 0.05)
    .option('--power <share>', 'wanted power', numberOption('--power', 0.5, 0.999), 0.8)
    .option('--draws <count>', 'random draws', integerOption('--draws', 999, 1_000_000), DEFAULT_DRAWS)
    .option('--seed <integer>', 'seed of the draws', integerOption('--seed', 0), 0)
    .option('--out <folder>', 'also write tables (Parquet, CSV, JSON), report.md and manifest.json there')
    .option('--dry-run', 'say what would be read, made and simulated, and what is missing, and stop')
    .action(async (given: Partial<PowerFlags>) => {
      const { sae } = given;
      if (sae === undefined) {
        throw new AntipodeError('usage', 'power: --sae is missing', {
          hint: 'antipode power --sae organism/1-res-2k tries it on what ships with antipode',
        });
      }
      const { runPower } = await import('./power_run.ts');
      await runPower(context, { ...given, sae } as PowerFlags);
    });
  return withExamples(command, [
    'antipode power --sae organism/1-res-2k',
    'antipode power --sae gemma-2-2b/20-gemmascope-res-16k --concepts article-20 --effect -0.01,-0.05 --json',
  ]);
}
