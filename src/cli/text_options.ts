/** @file How the commands that run a model over many texts say which ones and how they are cut; opening them. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  type FileCorpus,
  type OpenCorpusOptions,
  openCorpus,
  openCorpusStream,
} from '../train/corpus/corpus.ts';
import type { CliContext } from './context.ts';
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

/** Says on stderr what was cut or passed over. @throws {AntipodeError} as `openCorpus` */
export async function openTexts(context: CliContext, flags: TextFlags): Promise<FileCorpus> {
  const { text, textFormat, field, paragraphs } = flags;
  const options: OpenCorpusOptions = {
    signal: context.signal,
    ...(textFormat && { format: textFormat }),
    ...(field !== undefined && { field }),
    ...(paragraphs && { separator: 'paragraph' }),
  };
  const corpus =
    text === '-'
      ? await openCorpusStream(context.stdin, 'stdin', options)
      : await openCorpus(resolve(context.cwd, text), options);
  for (const note of corpus.notes) context.out().note(`${corpus.name}: ${note}`);
  return corpus;
}
