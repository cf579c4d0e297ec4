/** @file How the commands that run a language model say which one and how; opening it. */

import type { Command } from 'commander';
import type { LanguageModel } from '../lm/language_model.ts';
import { openLanguageModel } from '../lm/session.ts';
import { integerOption } from './options.ts';

export interface ModelFlags {
  readonly model: string;
  readonly threads?: number;
}

export function addModelOptions(command: Command): Command {
  return command
    .option('-m, --model <ref>', 'a Hugging Face model folder, or org/name in the Hugging Face cache')
    .option(
      '--threads <count>',
      'threads of the model (default: the physical cores)',
      integerOption('--threads', 1, 1024),
    );
}

/** @param folder of the model that `flags` name */
export async function openModel(folder: string, flags: ModelFlags): Promise<LanguageModel> {
  return openLanguageModel(folder, flags.threads === undefined ? {} : { threads: flags.threads });
}
