/** @file How the commands that run a model over many texts say which ones and how they are cut. Opening them: `open_texts.ts`, apart because options are declared at every start. */

import type { Command } from 'commander';
import { choiceOption, integerOption } from './options.ts';

const TEXT_FORMATS = ['text', 'jsonl'] as const;
const LONG_TEXTS = ['split', 'cut'] as const;

export interface TextFlags {
  readonly text: string;
  readonly textFormat?: (typeof TEXT_FORMATS)[number];
  readonly field?: string;
  readonly paragraphs?: boolean;
  readonly context: number;
  readonly longTexts: (typeof LONG_TEXTS)[number];
}

/** All but `--text` itself, which stands where the command lists what it reads. */
export function addTextOptions(command: Command): Command {
  return command
    .option(
      '--text-format <format>',
      'text or jsonl (default: by the name of the file)',
      choiceOption('--text-format', TEXT_FORMATS),
    )
    .option('--field <name>', 'where the text is in a JSON line (default: text)')
    .option('--paragraphs', 'plain texts are separated by blank lines instead of line breaks')
    .option(
      '--context <tokens>',
      'tokens the model sees at once',
      integerOption('--context', 2, 2 ** 20),
      128,
    )
    .option(
      '--long-texts <how>',
      'texts longer than that are split into several or cut',
      choiceOption('--long-texts', LONG_TEXTS),
      'split',
    );
}
