/** @file `antipode judge` and `judge agree`: the options; the work is in `judge_run.ts`. */

import { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { addJudgeOptions } from './judge_flags.ts';
import { addModelRunOptions } from './model_options.ts';
import type { JudgeRunFlags } from './steer_flags.ts';
import { subcommandFlags } from './subcommand_flags.ts';

export function judgeCommand(context: CliContext): Command {
  const command = new Command('judge')
    .description(
      'Labels the replies of a steering run, again or by another judge, without generating anything.',
    )
    .argument('[run]', 'the folder of a run');
  addModelRunOptions(addJudgeOptions(command))
    .option(
      '--again',
      'ask again about every reply without a label, refusals included (answers that could not be read are asked for again in any case)',
    )
    .option('--dry-run', 'say what would be labelled and paid at most, and stop')
    .addCommand(agreeCommand(context))
    .action(async (run: string | undefined, flags: JudgeRunFlags) => {
      const { runJudge } = await import('./judge_run.ts');
      await runJudge(context, needed(run, 'judge'), flags);
    });
  return withExamples(command, [
    'antipode judge runs/steering-organism --judge gpt-4o@https://api.openai.com/v1 --passes 2 --dry-run',
    'antipode judge runs/steering-organism --judge model:Qwen/Qwen2.5-0.5B-Instruct',
    'antipode judge agree runs/steering-organism',
  ]);
}

function agreeCommand(context: CliContext): Command {
  const command = new Command('agree')
    .description(
      'Says how far the judges of a run, or two passes of one, agree: Cohen’s kappa and who said what.',
    )
    .argument('[run]', 'the folder of a run that was judged at least twice')
    .action(async (run: string | undefined, _: unknown, self: Command) => {
      subcommandFlags(self);
      const { runJudgeAgree } = await import('./judge_run.ts');
      await runJudgeAgree(context, needed(run, 'judge agree'));
    });
  return withExamples(command, [
    'antipode judge agree runs/steering-organism',
    'antipode judge agree runs/steering-organism --json',
  ]);
}

function needed(run: string | undefined, command: string): string {
  if (run !== undefined && run !== '') return run;
  throw new AntipodeError('usage', `${command}: the folder of a run is missing`, {
    hint: 'antipode steer run --pair happy:sad makes one',
  });
}
