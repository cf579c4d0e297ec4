/** @file `antipode extremes`: the options; the work is in `extremes_run.ts`. */

import { Command, Option } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CensusMode } from '../geometry/find_extremes.ts';
import { DEVICES, type DeviceChoice } from '../onnx/device.ts';
import { SPACES } from '../sae/sae.ts';
import type { CliContext } from './context.ts';
import { addDensityOptions } from './density_range.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { withExamples } from './help.ts';
import { memoryOption } from './memory_option.ts';
import { choiceOption, collect, integerOption, once, spacesOption } from './options.ts';
import { addSaeOptions } from './sae_options.ts';
import { shardOption } from './shard_option.ts';

export function extremesCommand(context: CliContext): Command {
  const command = new Command('extremes')
    .description(
      'Finds exactly the most aligned and the most opposed of all pairs of features, within one SAE or between two.',
    )
    .option('--sae <ref>', 'the SAE, as in antipode geometry', once('--sae'))
    .option(
      '--with <ref>',
      'pairs of a feature of --sae and one of this SAE: another layer, width or release of the same model',
      once('--with'),
    )
    .option('--top <count>', 'pairs kept at each end', integerOption('--top', 1, 100_000), 10)
    .addOption(
      new Option('--spaces <list>', 'encoder, decoder or both, separated by a comma')
        .argParser(spacesOption)
        .default([...SPACES], 'encoder,decoder'),
    );
  addDensityOptions(command)
    .addOption(
      new Option(
        '--census [mode]',
        'also count pairs: mean, standard deviation and histogram; exact: all of them (on the cpu, several times as long), fast: those of 2,048 features drawn at random',
      )
        .argParser(choiceOption<CensusMode>('--census', ['exact', 'fast']))
        .preset('exact'),
    )
    .option(
      '--explanations <ref>',
      'imported store, export file or folder; the first for --sae, the second for --with (default: what was imported)',
      collect,
    )
    .option('--explainer <name>', 'which explainer’s texts (default: the one with most features)');
  addSaeOptions(command)
    .option(
      '--device <name>',
      'what multiplies: cpu, webgpu (the graphics card), cuda, or auto (cuda where it is installed and starts, else cpu); the results do not depend on it',
      choiceOption<DeviceChoice>('--device', ['auto', ...DEVICES]),
      'cpu',
    )
    .option(
      '--threads <count>',
      'worker threads on the cpu; the results do not depend on it (default: all cores)',
      integerOption('--threads', 1, 1024),
    )
    .option(
      '--memory <size>',
      'most memory on the cpu, such as 1.5GB: rows that do not fit stay in their file (default: what is free)',
      memoryOption,
    )
    .option(
      '--shard <part/parts>',
      'search one part of the pairs and write it to --out; 3/8, or auto or auto/8 in a SLURM array or an indexed Kubernetes job; antipode merge joins the parts',
      shardOption,
    )
    .option(
      '--checkpoint <file>',
      'keep what is found there, and go on from it when the command is run again; gone when it ends',
      once('--checkpoint'),
    )
    .option('--out <folder>', 'also write tables (Parquet, CSV, JSON), report.md and manifest.json there')
    .option('--dry-run', 'say what would be read, searched and written, and what is missing, and stop')
    .action(async (given: Partial<ExtremesFlags>) => {
      const { sae } = given;
      if (sae === undefined) {
        throw new AntipodeError('usage', 'extremes: --sae is missing', {
          hint: 'antipode extremes --sae organism/1-res-2k tries it on what ships with antipode',
        });
      }
      if (given.census && given.device !== 'cpu') {
        throw new AntipodeError('usage', `--census: counts on the cpu (got --device ${given.device})`, {
          hint: 'leave --device out, or count in a run of its own',
        });
      }
      const unbounded = given.census ? '--census' : given.device !== 'cpu' && `--device ${given.device}`;
      if (given.memory !== undefined && unbounded) {
        throw new AntipodeError(
          'usage',
          `--memory: does not go with ${unbounded}, which needs all rows in memory`,
          {
            hint: 'leave one of them out',
          },
        );
      }
      const { runExtremes } = await import('./extremes_run.ts');
      await runExtremes(context, { ...given, sae } as ExtremesFlags);
    });
  return withExamples(command, [
    'antipode extremes --sae gemma-2-2b/20-gemmascope-res-16k --top 100 --out runs/extremes-20',
    'antipode extremes --sae organism/1-res-2k --with organism/2-res-2k --spaces decoder',
    'antipode extremes --sae organism/1-res-2k --max-density 0.01',
    'antipode extremes --sae organism/1-res-2k --shard 1/4 --out parts',
  ]);
}
