/** @file `antipode sae inspect` and `antipode sae list`: the options; the work is in `sae_run.ts`. `sae evaluate` has a file of its own. */

import { Command } from 'commander';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { saeEvaluateCommand } from './sae_evaluate_command.ts';
import { addSaeOptions, type SaeFlags, type SaeListFlags } from './sae_options.ts';

export function saeCommand(context: CliContext): Command {
  const command = new Command('sae').description(
    'Looks into sparse autoencoders, evaluates them on texts and lists the published ones.',
  );
  command.addCommand(inspectCommand(context));
  command.addCommand(saeEvaluateCommand(context));
  command.addCommand(listCommand(context));
  return withExamples(command, ['antipode sae inspect params.npz', 'antipode sae list 20-gemmascope-res']);
}

function inspectCommand(context: CliContext): Command {
  const command = addSaeOptions(new Command('inspect'))
    .description('Shows shapes, norms, dead rows, encoder-decoder cosines and what is unusual about one SAE.')
    .argument('<sae>', 'a file or folder, an id, a Neuronpedia or Hugging Face URL, or ID=PATH')
    .action(async (ref: string, flags: SaeFlags) => {
      const { runSaeInspect } = await import('./sae_run.ts');
      await runSaeInspect(context, ref, flags);
    });
  return withExamples(command, [
    'antipode sae inspect gemma-2-2b/20-gemmascope-res-16k',
    'antipode sae inspect sae.pt --map W_enc=encoder_weights --map W_dec=decoder_weights --map b_dec=pre_bias',
  ]);
}

function listCommand(context: CliContext): Command {
  const command = new Command('list')
    .description(
      'Lists published SAEs by release and id, and which of them are in the Hugging Face cache here.',
    )
    .argument('[text...]', 'only those whose ids or model contain every word (default: all)')
    .option('--cached', 'only those whose weights are on this machine')
    .action(async (words: string[], flags: SaeListFlags) => {
      const { runSaeList } = await import('./sae_run.ts');
      await runSaeList(context, words, flags);
    });
  return withExamples(command, [
    'antipode sae list gemma-2-2b layer_20 width_16k',
    'antipode sae list --cached --json',
  ]);
}
