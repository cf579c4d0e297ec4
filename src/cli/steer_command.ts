/** @file `antipode steer`, `steer run` and `steer calibrate`: the options; the work is in `steer_once.ts`, `steer_run.ts` and `steer_calibrate.ts`. */

import { Command } from 'commander';
import { MAX_RANDOM_ARMS, MAX_REPLIES } from '../steering/limits.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { addJudgeOptions } from './judge_flags.ts';
import { collect, integerOption } from './options.ts';
import type { SteerCalibrateFlags, SteerOnceFlags, SteerRunFlags } from './steer_flags.ts';
import { addSteerOptions, strengthsOption } from './steer_options.ts';
import { subcommandFlags } from './subcommand_flags.ts';

export function steerCommand(context: CliContext): Command {
  const command = addSteerOptions(new Command('steer'))
    .description('Shows what a model says as it is beside what it says steered along features of an SAE.')
    .option(
      '--steer <feature:strength>',
      'instead of a pair: 20:11697:+40 adds 40 times that decoder row; repeatable, summed into one arm',
      collect,
    )
    .option(
      '--arm <name>',
      'of a pair: +Happy, -Happy, +Happy+Sad and so on; repeatable (default: +A and +B)',
      collect,
    )
    .option('--replies <count>', 'with seeds from --seed on', integerOption('--replies', 1, MAX_REPLIES), 1)
    .addCommand(runCommand(context))
    .addCommand(calibrateCommand(context))
    .action(async (flags: SteerOnceFlags, self: Command) => {
      const { runSteerOnce } = await import('./steer_once.ts');
      await runSteerOnce(context, givenFlags(self, flags));
    });
  return withExamples(command, [
    'antipode steer --pair happy:sad --replies 3',
    'antipode steer -m google/gemma-2-2b --sae gemma-2-2b/20-gemmascope-res-16k --steer 20:11697:+100',
    'antipode steer run experiments/steering/organism.yaml',
  ]);
}

function runCommand(context: CliContext): Command {
  const command = addSteerOptions(new Command('run'))
    .description(
      'Runs a steering experiment: the article’s seven arms and controls, replies for each, and labels by a judge that does not know the arm. Run it again to go on after a stop.',
    )
    .argument('[spec]', 'a YAML file; options go over what it says')
    .option(
      '--strengths <list>',
      'a sweep: multiples of the strength, such as 0.5,1,2; every steered arm once for each',
      strengthsOption,
    )
    .option(
      '--replies <count>',
      'per arm and prompt (default: 20)',
      integerOption('--replies', 1, MAX_REPLIES),
    )
    .option(
      '--examples <count>',
      'unsteered replies that judges see and do not label (default: 20)',
      integerOption('--examples', 0, MAX_REPLIES),
    )
    .option(
      '--random <count>',
      'arms along random directions (default: 3)',
      integerOption('--random', 0, MAX_RANDOM_ARMS),
    )
    .option('--no-matched', 'leave out the arm of both poles at the length of one')
    .option('-o, --out <folder>', 'the run (default: runs/steering-NAME, by the spec or pair)')
    .option('--dry-run', 'say what would be generated, labelled and paid at most, and stop');
  addJudgeOptions(command).action(async (spec: string | undefined, _: unknown, self: Command) => {
    const flags = subcommandFlags<SteerRunFlags>(self);
    const { runSteerRun } = await import('./steer_run.ts');
    await runSteerRun(context, spec, givenFlags(self, flags));
  });
  return withExamples(command, [
    'antipode steer run experiments/steering/organism.yaml',
    'antipode steer run --pair calm:anxious --replies 50 --out runs/calm',
    'antipode steer run experiments/steering/article.yaml --judge gpt-4o@https://api.openai.com/v1 --dry-run',
  ]);
}

function calibrateCommand(context: CliContext): Command {
  const command = addSteerOptions(new Command('calibrate'))
    .description(
      'Finds for each pole the strengths at which the text changes and is still text: the share of replies that change, their likelihood without steering, repetition, and the pole’s activation.',
    )
    .argument('[spec]', 'a YAML file; options go over what it says')
    .option('--strengths <list>', 'multiples of the strength that are tried', strengthsOption)
    .option('--replies <count>', 'per pole and strength', integerOption('--replies', 1, MAX_REPLIES))
    .option('-o, --out <folder>', 'also write tables, the curves as SVG, report.md and manifest.json there')
    .option('--dry-run', 'say what would be generated, and stop')
    .action(async (spec: string | undefined, _: unknown, self: Command) => {
      const flags = subcommandFlags<SteerCalibrateFlags>(self);
      const { runSteerCalibrate } = await import('./steer_calibrate.ts');
      await runSteerCalibrate(context, spec, givenFlags(self, flags));
    });
  return withExamples(command, [
    'antipode steer calibrate --pair happy:sad --out runs/calibration',
    'antipode steer calibrate experiments/steering/article.yaml --strengths 0.25,0.5,1,2 --replies 8',
  ]);
}

/** Options that other commands give a default, and that a spec may say here: they are there where the user gave them. */
const IN_SPECS = ['precision', 'device', 'matched'] as const;

function givenFlags<Flags extends object>(command: Command, flags: Flags): Flags {
  const { parent } = command;
  const isGiven = (name: string): boolean =>
    [command, parent].some((one) => one?.getOptionValueSource(name) === 'cli');
  const left = IN_SPECS.filter((name) => !isGiven(name));
  return Object.fromEntries(
    Object.entries(flags).filter(([name]) => !left.some((one) => one === name)),
  ) as Flags;
}
