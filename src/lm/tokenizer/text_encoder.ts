/**
 * @file From text to ids, by @huggingface/tokenizers, within bounds of length and time. Special tokens around a text are not added here.
 * Leaves out `single_word` of added tokens, `dropout`, truncation and padding.
 */

import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { AntipodeError } from '../../errors.ts';
import { shownName } from '../../formats/shown_name.ts';
import { libraryInput } from './library_input.ts';
import { withinTime } from './time_limit.ts';
import type { TokenizerFiles } from './tokenizer_files.ts';
import type { Vocabulary } from './vocabulary.ts';

/**
 * Twice the context of the largest models in English. The worst text, one endless word, takes 1 kB and 20 microseconds per character:
 * half a gigabyte and ten seconds.
 */
const MAX_TEXT_LENGTH = 2 ** 19;

/** Six times what the worst text needs under honest patterns. */
const TIME_LIMIT_MS = 60_000;

/** @throws {AntipodeError} `format` for files that the library cannot use */
export function createTextEncoder(
  files: TokenizerFiles,
  vocabulary: Vocabulary,
  timeLimitMs: number = TIME_LIMIT_MS,
): (text: string) => number[] {
  const create = (): LibraryTokenizer => {
    try {
      const { tokenizer, config } = libraryInput(files, vocabulary);
      return new LibraryTokenizer(tokenizer, config);
    } catch (error) {
      if (error instanceof AntipodeError) throw error;
      throw new AntipodeError('format', `tokenizer.json: cannot be used (${reasonOf(error)})`, {
        cause: error,
      });
    }
  };
  let library = create();
  return (text) => {
    if (text.length > MAX_TEXT_LENGTH) {
      throw new AntipodeError(
        'usage',
        `text: too long to be encoded (got ${text.length} characters, expected at most ${MAX_TEXT_LENGTH})`,
        { hint: 'give a shorter text' },
      );
    }
    const wellFormed = text.replace(/\p{Surrogate}/gu, '\uFFFD');
    try {
      const ids = withinTime(timeLimitMs, 'encoding the text', () => library.encode(wellFormed).ids);
      return checkedIds(ids, vocabulary);
    } catch (error) {
      if (!(error instanceof AntipodeError)) {
        throw new AntipodeError('format', `tokenizer.json: fails on the text (${reasonOf(error)})`, {
          cause: error,
        });
      }
      if (error.kind === 'resource') library = create();
      throw error;
    }
  };
}

function reasonOf(error: unknown): string {
  return shownName(error instanceof Error ? error.message : String(error));
}

function checkedIds(ids: readonly (number | undefined)[], vocabulary: Vocabulary): number[] {
  return ids.map((id) => {
    if (id !== undefined && vocabulary.pieces[id] !== undefined) return id;
    throw new AntipodeError(
      'usage',
      'text: holds a word that the vocabulary lacks, and there is no unknown token',
      {
        hint: 'leave it out, or use a model with a larger vocabulary',
      },
    );
  });
}
