/** @file Opens the texts that a command names, and says what was not taken as it stands. */

import { resolve } from 'node:path';
import {
  type FileCorpus,
  type OpenCorpusOptions,
  openCorpus,
  openCorpusStream,
} from '../train/corpus/corpus.ts';
import type { CliContext } from './context.ts';
import type { TextFlags } from './text_options.ts';

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
