/**
 * @file What was found about a feature as one English sentence without a full stop, like those of Neuronpedia: short, with the words in quotation marks,
 * so that a search for a word finds it, and with the share of the activation that it accounts for.
 */

import type { Evidence, TopWord } from './explanation.ts';

export interface SentenceFacts {
  readonly firings: number;
  /** Share of tokens. */
  readonly density: number;
  /** Whether words are words, or pieces of a tokenizer. */
  readonly joinsPieces: boolean;
  readonly topWord: TopWord | undefined;
}

/** Fewer tokens than that are said, because shares of them mean little. */
const FEW_FIRINGS = 20;

/** Of the top contexts: their common word is named where the rest is mixed. */
const SHARED_TOP = 0.6;

export function sentenceFor(evidence: Evidence, facts: SentenceFacts): string {
  const { kind, words, share, at, firstTokens = 1 } = evidence;
  const few = facts.firings < FEW_FIRINGS ? `, on ${plural(facts.firings, 'token')} only` : '';
  const certain = `(${percent(share)} of activation${few})`;
  const noun = facts.joinsPieces ? 'word' : 'token';
  const elsewhere = at ? `, ${percent(at.share)} at ${quoted(at.word)}` : '';
  switch (kind) {
    case 'word':
    case 'words':
      return `${named(words, noun)} ${certain}`;
    case 'class':
      return `${evidence.className} such as ${listed(words)} ${certain}`;
    case 'next':
      return `text just before ${named(words, noun)} ${certain}${elsewhere}`;
    case 'previous':
      return `text just after ${named(words, noun)} ${certain}${elsewhere}`;
    case 'position':
      return `the first ${firstTokens === 1 ? 'token' : `${firstTokens} tokens`} of a text ${certain}`;
    case 'dense':
      return `active on ${percent(facts.density)} of all tokens${examples(words, certain, 'most on')}${strongest(facts)}`;
    case 'mixed':
      return `mixed contexts${examples(words, certain, 'including')}${words.length === 0 && few !== '' ? ` (${few.slice(2)})` : ''}${strongest(facts)}`;
  }
}

function examples(words: readonly string[], certain: string, how: string): string {
  return words.length === 0 ? '' : `, ${how} ${listed(words)} ${certain}`;
}

function strongest({ topWord }: SentenceFacts): string {
  if (!topWord || topWord.of < 3 || topWord.contexts < SHARED_TOP * topWord.of) return '';
  return `; strongest at ${quoted(topWord.word)} (${topWord.contexts} of ${topWord.of} top contexts)`;
}

/** `the word "x"`, `the sign "."`, `words such as "x", "y"`. */
function named(words: readonly string[], noun: string): string {
  const [first = ''] = words;
  if (words.length > 1) return `${noun}s such as ${listed(words)}`;
  if (BLANKS.has(first)) return `a ${BLANKS.get(first)}`;
  return `the ${/[\p{L}\p{N}]/u.test(first) ? noun : 'sign'} ${quoted(first)}`;
}

function listed(words: readonly string[]): string {
  return words.map(quoted).join(', ');
}

const BLANKS: ReadonlyMap<string, string> = new Map([
  ['\n', 'line break'],
  ['\t', 'tab'],
  [' ', 'blank'],
]);

/** Control and formatting characters, which a text may hold, would move things on a screen. */
function quoted(word: string): string {
  const blank = BLANKS.get(word);
  if (blank !== undefined) return `a ${blank}`;
  const plain = word.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '\ufffd');
  return plain.includes('"') ? `'${plain}'` : `"${plain}"`;
}

/** Rounded down, so that no share is overstated. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '<1 %';
  // A share that is 0.07 of a sum of floats must not become 6 %.
  return `${Math.floor(share * 100 + 1e-9)} %`;
}

function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
