/**
 * @file The text of one reply while its tokens are drawn: decoded as it continues the prompt, ended at stop sequences, and given out once nothing can
 * change it any more. What was given out is never taken back.
 */

import { AntipodeError } from '../errors.ts';
import { createStopMatcher } from './stop_sequences.ts';
import type { StreamDecoder, Tokenizer } from './tokenizer/tokenizer.ts';

export interface ReplyText {
  /** The text that is settled by this token. @returns `isStopped` where a stop sequence ended the text in front of it */
  push(id: number): { readonly text: string; readonly isStopped: boolean };
  /** What was held back. */
  end(): string;
}

export interface ReplyTextOptions {
  readonly tokenizer: Tokenizer;
  readonly prompt: ArrayLike<number>;
  readonly stops: readonly string[];
}

/** @throws {AntipodeError} `usage` for stop sequences of no use */
export function createReplyText({ tokenizer, prompt, stops }: ReplyTextOptions): ReplyText {
  const decoder = decoderBehind(prompt, tokenizer);
  const matcher = createStopMatcher(stops);
  return {
    push(id) {
      const { text, stop } = matcher.push(textOf(decoder, id));
      return { text, isStopped: stop !== undefined };
    },
    end() {
      const { text, stop } = matcher.push(decoder.end());
      return stop === undefined ? text + matcher.end() : text;
    },
  };
}

/**
 * Many tokenizers drop the space before the first word of a text. The reply's first word is not that, if the prompt has words: so the decoder is
 * first given one of the prompt's tokens, of which nothing is held back.
 */
function decoderBehind(prompt: ArrayLike<number>, tokenizer: Tokenizer): StreamDecoder {
  const create = (): StreamDecoder => tokenizer.createDecoder({ skipSpecialTokens: true });
  const first = Array.from(prompt).find((id) => {
    const probe = create();
    return textOf(probe, id) !== '' && probe.end() === '';
  });
  const decoder = create();
  if (first !== undefined) textOf(decoder, first);
  return decoder;
}

/** Models may have more rows than their tokenizer has tokens, and strong steering draws such ids: they have no text. */
function textOf(decoder: StreamDecoder, id: number): string {
  try {
    return decoder.push(id);
  } catch (error) {
    if (error instanceof AntipodeError && error.kind === 'usage') return '';
    throw error;
  }
}
