/** @file `antipode sae evaluate`: the options; the work is in `sae_evaluate_run.ts`. */

import { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { addModelOptions, type ModelFlags } from './model_options.ts';
import { integerOption } from './options.ts';
import { addSaeOptions, type SaeFlags } from './sae_options.ts';
import { addTextOptions, type TextFlags } from './text_options.ts';

export interface SaeEvaluateFlags extends SaeFlags, ModelFlags, TextFlags {
  readonly sae: string;
  readonly hook?: string;
  readonly layer?: number;
  readonly tokens: number;
  readonly seed: number;
  readonly allTokens?: boolean;
  /** False with `--no-losses`. */
  readonly losses: boolean;
  readonly out?: string;
}

export function saeEvaluateCommand(context: CliContext): Command {
  const command = addModelOptions(new Command('evaluate'))
    .description(
      'Measures on texts how much of a model’s activations an SAE explains, how sparse it is, and what the model loses that goes on with ' +
        'the reconstruction. Special tokens and the first token of each row neither count nor are replaced.',
    )
    .option('--sae <ref>', 'the SAE, as in antipode sae inspect')
    .option('--text <file>', 'the texts: one per line, or JSON Lines; .gz too; - for stdin')
    .option('--hook <name>', 'where the SAE reads, as blocks.2.hook_resid_post (default: as its files say)')
    .option('--layer <index>', 'short for blocks.INDEX.hook_resid_post', integerOption('--layer', 0, 1000));
  addTextOptions(command)
    .option(
      '--tokens <count>',
      'tokens to evaluate, of texts drawn at random',
      integerOption('--tokens', 1),
      50_000,
    )
    .option('--seed <integer>', 'of the order in which texts are drawn', integerOption('--seed', 0), 0)
    .option('--all-tokens', 'special tokens and the first of each row count and are replaced as well')
    .option('--no-losses', 'leave out the losses, which take four of five passes of the model')
    .option('--out <file>', 'gets density and largest activation of every feature, as CSV');
  addSaeOptions(command).action(async (given: Partial<SaeEvaluateFlags>) => {
    for (const name of ['model', 'sae', 'text'] as const) {
      if (given[name] !== undefined) continue;
      throw new AntipodeError('usage', `sae evaluate: --${name} is missing`, {
        hint: 'antipode sae evaluate --help shows examples',
      });
    }
    const { runSaeEvaluate } = await import('./sae_evaluate_run.ts');
    await runSaeEvaluate(context, given as SaeEvaluateFlags);
  });
  return withExamples(command, [
    'antipode sae evaluate -m ./model --sae ./sae_folder --text stories.txt',
    'antipode sae evaluate -m google/gemma-2-2b --sae gemma-2-2b/20-gemmascope-res-16k --text pile.jsonl --tokens 5000 --json',
  ]);
}
