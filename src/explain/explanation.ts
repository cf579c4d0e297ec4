/** @file What the explanation of a feature is, whoever makes it: the evidence by rules, and the sentence. */

/**
 * - `word`, `words`: its own word. - `piece`: the piece of a word that its tokens are. - `class`: numbers or punctuation. - `next`, `previous`: the words behind or before. - `position`: the first tokens of a
 * text. - `peak`: none of these, but one word at the peaks of most top contexts. - `dense`: none of the first, and active on a tenth of all tokens or more.
 * - `mixed`: none of these.
 */
export type ExplanationKind =
  | 'word'
  | 'words'
  | 'piece'
  | 'class'
  | 'next'
  | 'previous'
  | 'position'
  | 'peak'
  | 'dense'
  | 'mixed';

/** What the rules found, before it is a sentence. */
export interface Evidence {
  readonly kind: ExplanationKind;
  /** Of the activation mass, in [0, 1]: what the words, the class or the place account for. */
  readonly share: number;
  /** Share times ln(lift), in nats. */
  readonly score: number;
  /** Strongest first. */
  readonly words: readonly string[];
  /** For `piece`: words that it is in, most of the mass first. */
  readonly asIn?: readonly string[];
  /** For `class`. */
  readonly className?: string;
  /** For `position`: the first so many tokens. */
  readonly firstTokens?: number;
  /** For `next` and `previous`: the word that the feature is on, where one has at least a fifth of the mass. */
  readonly at?: { readonly word: string; readonly share: number };
}

export interface TopWord {
  readonly word: string;
  /** Contexts at whose peak it stands. */
  readonly contexts: number;
  readonly of: number;
}

export interface FeatureExplanation extends Evidence {
  readonly feature: number;
  readonly description: string;
  /** The most frequent word at the peaks of its top contexts. */
  readonly topWord: TopWord | undefined;
}

/** Of the top contexts, at least three: their common word stands for a feature that nothing else does. */
const SHARED_PEAK = 0.6;
const FEWEST_PEAKS = 3;

export function isPeakShared(top: TopWord | undefined): top is TopWord {
  return top !== undefined && top.of >= FEWEST_PEAKS && top.contexts >= SHARED_PEAK * top.of;
}
