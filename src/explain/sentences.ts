/**
 * @file What was found about a feature as one English sentence without a full stop, like those of Neuronpedia: short, with the words in quotation marks,
 * so that a search for a word finds it, and with the share of the activation that it accounts for.
 */

import { type Evidence, isPeakShared, type TopWord } from './explanation.ts';

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

export function sentenceFor(evidence: Evidence, facts: SentenceFacts): string {
  const { kind, words, share, at, asIn = [], firstTokens = 1 } = evidence;
  const few = facts.firings < FEW_FIRINGS ? `, on ${plural(facts.firings, 'token')} only` : '';
  const certain = `(${percent(share)} of activation${few})`;
  const noun = facts.joinsPieces ? 'word' : 'token';
  const elsewhere = at ? `, ${percent(at.share)} at ${quoted(at.word)}` : '';
  switch (kind) {
    case 'word':
    case 'words':
      return `${named(words, noun, share)} ${certain}`;
    case 'piece':
      return `${named(words, 'piece', share)}${asIn.length === 0 ? '' : `, as in ${listed(asIn)}`} ${certain}`;
    case 'class':
      return `${evidence.className} such as ${listed(words)} ${certain}`;
    case 'next':
      return `text just before ${named(words, noun, share)} ${certain}${elsewhere}`;
    case 'previous':
      return `text just after ${named(words, noun, share)} ${certain}${elsewhere}`;
    case 'position':
      return `the first ${firstTokens === 1 ? 'token' : `${firstTokens} tokens`} of a text ${certain}`;
    case 'peak':
      return `strongest at ${peakOf(facts, noun)}${examples(words, certain, 'with')}`;
    case 'dense':
      return `active on ${percent(facts.density)} of all tokens${examples(words, certain, 'most on')}${isPeakShared(facts.topWord) ? `; strongest at ${peakOf(facts, noun)}` : ''}`;
    case 'mixed':
      return `mixed contexts${words.length > 0 ? examples(words, certain, 'including') : few.replace(/^, (.*)/, ' ($1)')}`;
  }
}

function examples(words: readonly string[], certain: string, how: string): string {
  return words.length === 0 ? '' : `, ${how} ${listed(words)} ${certain}`;
}

function peakOf({ topWord }: SentenceFacts, noun: string): string {
  if (!topWord) throw new Error('internal: a peak without contexts');
  return `${named([topWord.word], noun, 1)} (${topWord.contexts} of ${topWord.of} top contexts)`;
}

/** Of the mass: a word alone with less than that is "mostly" it. */
const CLEAR = 0.7;

/** `the word "x"`, `mostly the word "x"`, `the sign "."`, `words such as "x", "y"`. */
function named(words: readonly string[], noun: string, share: number): string {
  const [first = ''] = words;
  if (words.length > 1) return `${noun}s such as ${listed(words)}`;
  const mostly = share < CLEAR ? 'mostly ' : '';
  if (BLANKS.has(first)) return `${mostly}a ${BLANKS.get(first)}`;
  return `${mostly}the ${/[\p{L}\p{N}]/u.test(first) ? noun : 'sign'} ${quoted(first)}`;
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
