/** @file `antipode train sae`: the options; the work is in `train_run.ts`. */

import { Command } from 'commander';
import { AntipodeError } from '../errors.ts';
import type { CliContext } from './context.ts';
import { withExamples } from './help.ts';
import { addModelOptions } from './model_options.ts';
import { choiceOption, integerOption, numberOption } from './options.ts';
import { addTextOptions } from './text_options.ts';
import { ARCHITECTURE_NAMES, TRAINED_FORMATS, type TrainSaeFlags } from './train_flags.ts';

export function trainCommand(context: CliContext): Command {
  return withExamples(
    new Command('train')
      .description('Trains sparse autoencoders on the activations of a language model.')
      .addCommand(trainSaeCommand(context)),
    [
      'antipode train sae -m ./model --layer 2 --text stories.txt --d-sae 2048 --k 16 --out sae',
      'antipode train sae --help',
    ],
  );
}

function trainSaeCommand(context: CliContext): Command {
  const command = addModelOptions(new Command('sae'))
    .description(
      'Trains an SAE on what a model has at one place while it reads a text, and tells on texts that were held out how much it explains. ' +
        'The beginning of a text, other special tokens and the first token of each row are left out.',
    )
    .option('--text <file>', 'the texts: one per line, or JSON Lines; .gz too; - for stdin')
    .option('--out <folder>', 'gets the SAE, loss.csv, evaluation.json and manifest.json, all at the end')
    .option(
      '--hook <name>',
      'where it reads: blocks.2.hook_resid_post, hook_resid_pre, hook_attn_out, hook_mlp_out',
    )
    .option('--layer <index>', 'short for blocks.INDEX.hook_resid_post', integerOption('--layer', 0, 1000));
  addTextOptions(command);
  addSaeShape(command);
  addCourse(command)
    .option(
      '--held-out <share>',
      'share of the texts that is not trained on but evaluated',
      numberOption('--held-out', 0, 0.9),
      0.05,
    )
    .option(
      '--evaluation-tokens <count>',
      'tokens of the held-out texts that are evaluated at most',
      integerOption('--evaluation-tokens', 1),
      65_536,
    )
    .option(
      '--format <format>',
      'saelens, gemma-scope or both',
      choiceOption('--format', TRAINED_FORMATS),
      'saelens',
    )
    .option('--resume', 'goes on with a training that was interrupted, from its last checkpoint')
    .option('--dry-run', 'check everything named, say what would be trained and what it takes, and stop')
    .action(async (given: Partial<TrainSaeFlags>) => {
      for (const name of ['model', 'text', 'out'] as const) {
        if (given[name] !== undefined) continue;
        throw new AntipodeError('usage', `train sae: --${name} is missing`, {
          hint: 'antipode train sae --help shows examples',
        });
      }
      const { runTrainSae } = await import('./train_run.ts');
      await runTrainSae(context, given as TrainSaeFlags);
    });
  return withExamples(command, [
    'antipode train sae -m ./model --layer 2 --text stories.txt --d-sae 2048 --k 16 --out sae',
    'antipode train sae -m google/gemma-2-2b --hook blocks.20.hook_mlp_out --text pile.jsonl.gz --architecture jumprelu --sparsity 1 --tokens 20000000 --out sae-20-mlp',
  ]);
}

function addSaeShape(command: Command): Command {
  return command
    .option(
      '--d-sae <count>',
      'features (default: eight times the model’s width)',
      integerOption('--d-sae', 1),
    )
    .option(
      '--architecture <name>',
      'topk (k features per token), batchtopk (k on average, written as jumprelu), jumprelu, or standard (ReLU and L1)',
      choiceOption('--architecture', ARCHITECTURE_NAMES),
      'batchtopk',
    )
    .option('--k <count>', 'features per token of topk and batchtopk (default: 32)', integerOption('--k', 1))
    .option(
      '--sparsity <coefficient>',
      'of jumprelu what an active feature costs, of standard what its activation costs (L1), beside the squared error',
      numberOption('--sparsity', 0, 1e6),
    );
}

function addCourse(command: Command): Command {
  return command
    .option('--steps <count>', 'steps (default: 4000, or as --tokens says)', integerOption('--steps', 1))
    .option(
      '--tokens <count>',
      'tokens to train on, again and again where the texts have fewer',
      integerOption('--tokens', 1),
    )
    .option('--batch-size <count>', 'tokens per step', integerOption('--batch-size', 1), 1024)
    .option(
      '--lr <rate>',
      'highest learning rate of Adam (default: 0.002 for 2048 features, 0.004 for 512, 0.001 for 8192)',
      numberOption('--lr', 1e-9, 1),
    )
    .option(
      '--warmup <steps>',
      'steps up to that rate (default: a twentieth, at most 1000)',
      integerOption('--warmup', 0),
    )
    .option(
      '--dead-after <tokens>',
      'tokens without firing after which a feature is dead and revived (default: a tenth of all)',
      integerOption('--dead-after', 1),
    )
    .option(
      '--checkpoint-every <steps>',
      'steps between checkpoints (default: 250)',
      integerOption('--checkpoint-every', 1),
    )
    .option(
      '--buffer <tokens>',
      'activations held in memory and mixed (default: 524,288, less where they take more than 512 MiB)',
      integerOption('--buffer', 2),
    )
    .option('--all-tokens', 'train on special tokens and on the first token of each row as well')
    .option(
      '--seed <integer>',
      'of the first weights, the order of texts and what is held out',
      integerOption('--seed', 0),
      0,
    );
}
