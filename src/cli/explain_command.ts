/** @file `antipode explain`: the options; the work is in `explain_run.ts`. */

import { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CliContext } from './context.ts';
import { type ExplainFlags, REQUIRED } from './explain_flags.ts';
import { featureList } from './feature_list.ts';
import { withExamples } from './help.ts';
import { addModelOptions } from './model_options.ts';
import { integerOption } from './options.ts';
import { addSaeOptions } from './sae_options.ts';
import { addTextOptions } from './text_options.ts';

export function explainCommand(context: CliContext): Command {
  const command = addModelOptions(new Command('explain'))
    .description(
      'Explains the features of an SAE by what they are active on in a text: the words that carry their activation, and their strongest ' +
        'contexts, as an export in Neuronpedia’s layout. No network is needed; with --endpoint a language model writes the sentences.',
    )
    .option('--sae <ref>', 'the SAE, as in antipode geometry')
    .option('--text <file>', 'the texts: one per line, or JSON Lines; .gz too; - for stdin')
    .option('--out <folder>', 'gets v1/MODEL/SOURCE/ with explanations, features and activations');
  addTextOptions(command);
  command
    .option('--tokens <count>', 'tokens to look at (default: all)', integerOption('--tokens', 1))
    .option('--hook <name>', 'where the SAE reads, as blocks.2.hook_resid_post (default: as its files say)')
    .option('--layer <index>', 'short for blocks.INDEX.hook_resid_post', integerOption('--layer', 0, 1000))
    .option('--features <list>', 'only these, as 1,5-9 (default: all)', featureList)
    .option('--top <count>', 'contexts kept per feature', integerOption('--top', 1, 100), 20)
    .option('--window <tokens>', 'tokens shown per context', integerOption('--window', 4, 1024), 64)
    .option('--no-contexts', 'write no activations/ folder, by far the largest part')
    .option(
      '--id <model/source>',
      'names of the export (default: the SAE’s Neuronpedia id, else from its name)',
    )
    .option('--import', 'put it into the local store at once, as antipode features import does');
  addEndpointOptions(command);
  addSaeOptions(command).action(async (given: Partial<ExplainFlags>) => {
    for (const name of REQUIRED) {
      if (given[name] !== undefined) continue;
      throw new AntipodeError('usage', `explain: --${name} is missing`, {
        hint: 'antipode explain --help shows examples',
      });
    }
    const { runExplain } = await import('./explain_run.ts');
    await runExplain(context, given as ExplainFlags);
  });
  return withExamples(command, [
    'antipode explain -m ./model --sae ./sae_folder --text stories.txt --out explanations --import',
    'antipode explain -m google/gemma-2-2b --sae gemma-2-2b/20-gemmascope-res-16k --text pile.jsonl --tokens 100000 --features 5444,6631 --out happy',
  ]);
}

function addEndpointOptions(command: Command): void {
  command
    .option(
      '--endpoint <url>',
      'OpenAI-compatible, as http://127.0.0.1:8080/v1: asked for each explanation (the key is read from OPENAI_API_KEY)',
    )
    .option('--explainer-model <name>', 'the model at the endpoint')
    .option('--concurrency <count>', 'requests under way at a time', integerOption('--concurrency', 1, 64), 4)
    .option('--dry-run', 'check everything named, and say how many requests and tokens it takes at most');
}
