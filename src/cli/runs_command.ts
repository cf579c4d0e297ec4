/** @file `antipode runs ls|show|diff`: what earlier runs left, what they found, and how two of them differ. */

import { Argument, Command } from 'commander';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';

export function runsCommand(context: CliContext): Command {
  const list = withExamples(
    new Command('ls')
      .description(
        'Lists the run folders below a folder: what kind each is, when it ended, what it is about.',
      )
      .addArgument(new Argument('[folder]', 'where to look').default('runs'))
      .action(async (folder: string) => (await import('./runs_run.ts')).listRuns(context, folder)),
    ['antipode runs ls', 'antipode runs ls ../other-project/runs --json'],
  );
  const show = withExamples(
    new Command('show')
      .description('Shows one run: how it was made, its tables with their rows, and its report.')
      .argument('<run>', 'a run folder')
      .action(async (run: string) => (await import('./runs_run.ts')).showRun(context, run)),
    ['antipode runs show runs/organism', 'antipode runs show runs/organism --json'],
  );
  const diff = withExamples(
    new Command('diff')
      .description('Compares two runs: what differs in how they were made, and every number that differs.')
      .argument('<a>', 'a run folder')
      .argument('<b>', 'another')
      .action(async (a: string, b: string) => (await import('./runs_run.ts')).compareRuns(context, a, b)),
    ['antipode runs diff runs/organism runs/seed-1', 'antipode runs diff runs/organism runs/seed-1 --json'],
  );
  return withExamples(
    new Command('runs')
      .description('Lists, shows and compares what earlier runs left on disk.')
      .addCommand(list)
      .addCommand(show)
      .addCommand(diff),
    ['antipode runs ls', 'antipode runs diff runs/organism runs/seed-1'],
  );
}
