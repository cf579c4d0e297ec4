/** @file `antipode generate`: the options, named as llama.cpp's users know them; the work is in `generate_run.ts`. */

import { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CliContext } from './context.ts';
import type { GenerateFlags } from './generate_flags.ts';
import { withExamples } from './help.ts';
import { addModelOptions } from './model_options.ts';
import { collect, integerOption, numberOption } from './options.ts';
import { addSaeOptions } from './sae_options.ts';
import { addSamplingOptions } from './sampling_options.ts';

export function generateCommand(context: CliContext): Command {
  const command = addModelOptions(new Command('generate'))
    .description('Continues a prompt with a language model, plain or steered along features of an SAE.')
    .option(
      '-p, --prompt <text>',
      'the text to continue, or - for stdin (without its last line break); repeatable',
      collect,
    )
    .option('--chat', 'the prompt is one message of a user, written by the model’s own chat template')
    .option(
      '--system <text>',
      'with --chat: the system message before it, where the template has a place for one',
    )
    .option(
      '--sae <ref>',
      'the SAE that --steer, --ablate and --clamp take features from, as in antipode geometry',
    )
    .option(
      '--steer <feature:strength>',
      '20:11697:+40 adds 40 times the decoder row of feature 11697 behind layer 20, at every position; -40 pushes the other way; repeatable, summed',
      collect,
    )
    .option(
      '--ablate <feature>',
      '20:11697 takes that decoder row’s direction out, at every position behind its layer; repeatable: the span of all',
      collect,
    )
    .option(
      '--clamp <feature:activation>',
      '20:11697:0 sets that feature’s activation at every position, keeping what the SAE does not explain; repeatable',
      collect,
    )
    .option(
      '--replies <count>',
      'replies per prompt, with seeds from --seed on',
      integerOption('--replies', 1, 4096),
      1,
    )
    .option(
      '-n, --n-predict <count>',
      'new tokens per reply at most',
      integerOption('--n-predict', 0, 1_000_000),
      64,
    )
    .option('-s, --seed <integer>', 'seed of the first reply', integerOption('--seed', 0), 0)
    .option('--temp <number>', 'temperature; 0 takes the likeliest token', numberOption('--temp', 0, 100), 1)
    .option('--dry-run', 'check everything named, say what would be fetched and generated, and stop');
  addSaeOptions(addSamplingOptions(command)).action(async (given: Partial<GenerateFlags>) => {
    const { model, prompt } = given;
    if (model === undefined || prompt === undefined) {
      const missing = model === undefined ? '--model' : '--prompt';
      throw new AntipodeError('usage', `generate: ${missing} is missing`, {
        hint: 'antipode generate --help shows examples',
      });
    }
    const { runGenerate } = await import('./generate_run.ts');
    await runGenerate(context, { ...given, model, prompt } as GenerateFlags);
  });
  return withExamples(command, [
    'antipode generate -m google/gemma-2-2b -p "How are you?" --sae gemma-2-2b/20-gemmascope-res-16k --steer 20:11697:+40',
    'antipode generate -m google/gemma-2-2b -p "How are you?" --sae gemma-2-2b/20-gemmascope-res-16k --clamp 20:11697:0',
    'antipode generate -m ./model -p "Once upon a time" -n 100 --temp 0',
    'antipode generate -m Qwen/Qwen2.5-0.5B-Instruct --chat --system "Answer in one word." -p "How are you?"',
    'echo "How are you?" | antipode generate -m ./model -p - --replies 20 --json',
  ]);
}
