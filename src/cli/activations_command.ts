/** @file `antipode activations`: the options; the work is in `activations_run.ts`. */

import { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { addModelOptions, type ModelFlags } from './model_options.ts';
import { integerOption } from './options.ts';
import { addSaeOptions, type SaeFlags } from './sae_options.ts';

export interface ActivationsFlags extends SaeFlags, ModelFlags {
  readonly sae: string;
  readonly prompt: string;
  readonly chat?: boolean;
  readonly layer?: number;
  readonly top: number;
  readonly explanations?: string;
  readonly explainer?: string;
}

export function activationsCommand(context: CliContext): Command {
  const command = addModelOptions(new Command('activations'))
    .description('Shows the most active features of an SAE at every token of a prompt.')
    .option('--sae <ref>', 'the SAE, as in antipode geometry')
    .option('-p, --prompt <text>', 'the text, or - for stdin')
    .option('--chat', 'the prompt is one message of a user, written by the model’s own chat template')
    .option(
      '--layer <index>',
      'the layer behind which the SAE reads (default: as its id says)',
      integerOption('--layer', 0, 1000),
    )
    .option('--top <count>', 'features per token', integerOption('--top', 1, 10_000), 5)
    .option('--explanations <ref>', 'imported store, export file or folder (default: what was imported)')
    .option('--explainer <name>', 'which explainer’s texts (default: the one with most features)');
  addSaeOptions(command).action(async (given: Partial<ActivationsFlags>) => {
    const { model, sae, prompt } = given;
    if (model === undefined || sae === undefined || prompt === undefined) {
      const missing = model === undefined ? '--model' : sae === undefined ? '--sae' : '--prompt';
      throw new AntipodeError('usage', `activations: ${missing} is missing`, {
        hint: 'antipode activations --help shows examples',
      });
    }
    const { runActivations } = await import('./activations_run.ts');
    await runActivations(context, { ...given, model, sae, prompt } as ActivationsFlags);
  });
  return withExamples(command, [
    'antipode activations -m google/gemma-2-2b --sae gemma-2-2b/20-gemmascope-res-16k -p "I am so happy today"',
    'antipode activations -m ./model --sae ./sae_folder --layer 4 -p "Once upon a time" --json',
  ]);
}
