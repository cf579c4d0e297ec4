/**
 * @file Tokens to the words that they are part of. A word is a run of letters, digits and marks (Unicode), joined inside by apostrophes, hyphens
 * and the points of numbers, in lower case; every piece of it counts as the whole word. A piece that lies outside of words (punctuation, blanks) stands
 * for itself. Writing without spaces (Han, kana, Thai, Lao, Khmer, Burmese), and tokenizers without blanks in their pieces, give the pieces.
 */

import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';

export interface RowWords {
  /** Per token: its word; undefined for special tokens. */
  readonly words: readonly (string | undefined)[];
  /** Per token: itself, as `Tokenizer.tokenText` writes it; undefined for special tokens. */
  readonly pieces: readonly (string | undefined)[];
  /** Per token: the word or sign that follows its own; undefined before a special token and at the end. */
  readonly next: readonly (string | undefined)[];
  /** Per token: the word or sign before its own; undefined behind a special token and at the start. */
  readonly previous: readonly (string | undefined)[];
}

export interface WordReader {
  /** False where no piece holds a blank: there words are pieces. */
  readonly joinsPieces: boolean;
  /** @throws {AntipodeError} `usage` for an id that is not in the vocabulary */
  read(tokens: ArrayLike<number>): RowWords;
}

/** Longer runs are addresses, hashes and the like: their pieces say more, and words of the corpus stay bounded in size. */
const MAX_WORD_LENGTH = 40;

const WORD = /[\p{L}\p{N}\p{M}]+(?:(?:['’-]|(?<=\p{N})[.,](?=\p{N}))[\p{L}\p{N}\p{M}]+)*/gu;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const BYTES = /^(?:<0x[0-9A-F]{2}>)+$/;

/** Looks through the vocabulary once, until a piece with a blank is found. */
export function createWordReader(tokenizer: Tokenizer): WordReader {
  const joinsPieces = hasBlanks(tokenizer);
  const known: (string | undefined)[] = [];
  const remembering: PieceTexts = {
    isSpecial: (id) => tokenizer.isSpecial(id),
    decode: (ids) => tokenizer.decode(ids),
    tokenText(id) {
      known[id] ??= tokenizer.tokenText(id);
      return known[id];
    },
  };
  return { joinsPieces, read: (tokens) => readWords(remembering, tokens, joinsPieces) };
}

function hasBlanks(tokenizer: Tokenizer): boolean {
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    if (tokenizer.isSpecial(id)) continue;
    try {
      if (tokenizer.tokenText(id).includes(' ')) return true;
    } catch {
      // Ids may be missing.
    }
  }
  return false;
}

type PieceTexts = Pick<Tokenizer, 'decode' | 'isSpecial' | 'tokenText'>;

/** Where a token's text lies; `start` = -1 for special tokens. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function readWords(tokenizer: PieceTexts, tokens: ArrayLike<number>, joins: boolean): RowWords {
  const { pieces, text } = layOut(tokenizer, tokens);
  const words: (string | undefined)[] = [];
  const units: number[] = [];
  const found = joins ? [...text.matchAll(WORD)] : [];
  let at = 0;
  pieces.forEach(({ start, end, text: own }, i) => {
    if (start < 0) {
      words.push(undefined);
      units.push(-1);
      return;
    }
    while (at < found.length && found[at]!.index + found[at]![0].length <= start) at += 1;
    const match = found[at];
    // A blank that is a piece of its own begins the word that it stands before.
    const reach = own.trim() === '' && !own.includes('\n') ? end + 1 : end;
    const isInside = match !== undefined && match.index < reach && start < end;
    const isWhole = isInside && match[0].length <= MAX_WORD_LENGTH && !UNSPACED.test(match[0]);
    words.push(isWhole ? normalized(match[0]) : sign(own));
    units.push(isWhole ? -2 - match.index : i);
  });
  const alone = Array.from(tokens, (id, i) => (words[i] === undefined ? undefined : tokenizer.tokenText(id)));
  return { words, pieces: alone, next: neighbours(words, units, 1), previous: neighbours(words, units, -1) };
}

/** The texts of all pieces in a row; bytes that make up one character together share it. */
function layOut(tokenizer: PieceTexts, tokens: ArrayLike<number>): { pieces: Piece[]; text: string } {
  const pieces: Piece[] = [];
  let text = '';
  for (let i = 0; i < tokens.length; ) {
    const id = tokens[i]!;
    if (tokenizer.isSpecial(id)) {
      pieces.push({ start: -1, end: -1, text: '' });
      text += '\n';
      i += 1;
      continue;
    }
    const group = [id];
    let own = tokenizer.tokenText(id);
    if (BYTES.test(own)) {
      for (let next = i + 1; next < tokens.length; next++) {
        const other = tokens[next]!;
        if (tokenizer.isSpecial(other) || !BYTES.test(tokenizer.tokenText(other))) break;
        group.push(other);
      }
      own = tokenizer.decode(group);
    }
    const piece = { start: text.length, end: text.length + own.length, text: own };
    text += own;
    for (const _ of group) pieces.push(piece);
    i += group.length;
  }
  return { pieces, text };
}

/** @param step 1 for the words behind, -1 for those before */
function neighbours(
  words: readonly (string | undefined)[],
  units: readonly number[],
  step: 1 | -1,
): (string | undefined)[] {
  const found: (string | undefined)[] = new Array(words.length).fill(undefined);
  const start = step > 0 ? words.length - 1 : 0;
  for (let i = start; i >= 0 && i < words.length; i -= step) {
    if (words[i] === undefined) continue;
    found[i] = units[i] === units[i + step] ? found[i + step] : words[i + step];
  }
  return found;
}

function normalized(word: string): string {
  return word.toLowerCase().replaceAll('’', "'");
}

/** A piece outside of words; blanks keep one sign of what they are. */
function sign(text: string): string {
  const trimmed = text.trim();
  if (trimmed !== '') return normalized(cut(trimmed));
  if (text.includes('\n')) return '\n';
  return text.includes('\t') ? '\t' : ' ';
}

/** Never between the halves of a character. */
function cut(text: string): string {
  return text.length <= MAX_WORD_LENGTH ? text : [...text].slice(0, MAX_WORD_LENGTH / 2).join('');
}
