/**
 * @file One sentence per feature from its statistics, by rules and without a model: what words carry its activation, what stands before or behind it, or
 * where in a text it is. Every candidate is scored by its share of the activation mass times ln(lift over the corpus); the best that accounts for at
 * least half of the mass is said, with its share, rounded down. The same statistics give the same sentences. Leaves out meaning: that "joy" and "delight"
 * have something in common is for the reader to see.
 */

import {
  type Evidence,
  type ExplanationKind,
  type FeatureExplanation,
  isPeakShared,
  type TopWord,
} from './explanation.ts';
import { type PlaceEvidence, placeEvidence } from './place_evidence.ts';
import { sentenceFor } from './sentences.ts';
import type { FeatureStatistics, FeatureWords } from './statistics.ts';
import { type ClassEvidence, classEvidence, countClasses } from './word_classes.ts';
import { type ChosenWords, chooseWords, NAMED_SHARE, TELLING_SHARE } from './word_evidence.ts';

/** What accounts for half of the mass or more explains a feature. */
const MOST = 0.5;

/** One word with as much of the mass stands for the feature alone. */
const SINGLE = 0.7;

/** Of the mass: the word that a feature of neighbours is on is named. */
const NAMED_AT = 0.2;

/** Share of tokens from which on a feature counts as dense. */
export const DENSE = 0.1;

/** A feature's own word is the simplest reading of the same numbers: pieces, neighbours and places have to say a quarter more. */
const OTHER_WEIGHT = 0.8;

const EXAMPLES_OF_PIECE = 3;

/** Explanations of the features that fired, ascending. */
export function explainFeatures(statistics: FeatureStatistics): FeatureExplanation[] {
  const classes = countClasses(statistics.corpusWords());
  return statistics.features.flatMap((feature) => {
    if (statistics.firings(feature) === 0) return [];
    const topWord = mostFrequent(statistics.contexts(feature).map(({ word }) => word));
    const evidence =
      bestOf(candidatesFor(statistics, feature, classes)) ?? unclear(statistics, feature, topWord);
    const facts = {
      firings: statistics.firings(feature),
      density: statistics.density(feature),
      joinsPieces: statistics.joinsPieces,
      topWord,
    };
    return [{ feature, ...evidence, topWord, description: sentenceFor(evidence, facts) }];
  });
}

function bestOf(candidates: readonly Evidence[]): Evidence | undefined {
  const weight = ({ kind, score }: Evidence): number =>
    kind === 'words' || kind === 'word' || kind === 'class' ? score : score * OTHER_WEIGHT;
  const [best] = candidates.filter(({ share }) => share >= MOST).sort((a, b) => weight(b) - weight(a));
  return best;
}

function candidatesFor(
  statistics: FeatureStatistics,
  feature: number,
  classes: ReadonlyMap<string, number>,
): Evidence[] {
  const { tokens } = statistics;
  const own = statistics.words(feature);
  const choose = (kind: ExplanationKind, words: FeatureWords, of: (word: string) => number): Evidence =>
    evidenceOfWords(kind, chooseWords(words, { tokens, of }, TELLING_SHARE));
  const [most] = own.words;
  const at =
    most && most.mass >= NAMED_AT * own.total
      ? { at: { word: most.word, share: most.mass / own.total } }
      : {};
  return [
    choose('words', own, (word) => statistics.wordTokens(word)),
    ...classEvidence(own, classes, tokens).map(evidenceOfClass),
    ...(statistics.joinsPieces ? evidenceOfPiece(statistics, feature, own) : []),
    { ...choose('next', statistics.nextWords(feature), (word) => statistics.nextWordTokens(word)), ...at },
    {
      ...choose('previous', statistics.previousWords(feature), (word) => statistics.previousWordTokens(word)),
      ...at,
    },
    ...placeEvidence(statistics.positionMass(feature), statistics.positionTokens).map(evidenceOfPlace),
  ];
}

function unclear(statistics: FeatureStatistics, feature: number, topWord: TopWord | undefined): Evidence {
  const { tokens } = statistics;
  const of = (word: string): number => statistics.wordTokens(word);
  const kind = statistics.density(feature) >= DENSE ? 'dense' : isPeakShared(topWord) ? 'peak' : 'mixed';
  return evidenceOfWords(kind, chooseWords(statistics.words(feature), { tokens, of }, NAMED_SHARE));
}

/** Kinds whose words are examples, whatever share they have. */
const UNCLEAR: ReadonlySet<ExplanationKind> = new Set(['dense', 'peak', 'mixed']);

function evidenceOfWords(kind: ExplanationKind, { words, share, score }: ChosenWords): Evidence {
  const [first] = words;
  const names = words.map(({ word }) => word);
  if (!first || UNCLEAR.has(kind)) return { kind, share, score, words: names };
  const strongest = words.reduce((most, one) => (one.share > most.share ? one : most), first);
  if (strongest.share < SINGLE) return { kind, share, score, words: names };
  return {
    kind: kind === 'words' ? 'word' : kind,
    share: strongest.share,
    score,
    words: [strongest.word],
  };
}

/** One piece only: a list of them says less than the words that they are in. */
function evidenceOfPiece(statistics: FeatureStatistics, feature: number, own: FeatureWords): Evidence[] {
  const counts = { tokens: statistics.tokens, of: (piece: string) => statistics.pieceTokens(piece) };
  const [first] = chooseWords(statistics.pieces(feature), counts, MOST).words;
  if (!first) return [];
  const { word: piece, share, lift } = first;
  const part = piece.trim().toLowerCase();
  const asIn = own.words.filter(({ word }) => word.includes(part)).slice(0, EXAMPLES_OF_PIECE);
  return [
    {
      kind: 'piece',
      share,
      score: share * Math.log(lift),
      words: [piece],
      asIn: asIn.map(({ word }) => word),
    },
  ];
}

function evidenceOfClass({ name, share, score, words }: ClassEvidence): Evidence {
  return { kind: 'class', className: name, share, score, words };
}

function evidenceOfPlace({ firstTokens, share, score }: PlaceEvidence): Evidence {
  return { kind: 'position', firstTokens, share, score, words: [] };
}

/** Ties to the word that came first. */
function mostFrequent(words: readonly string[]): TopWord | undefined {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  let top: TopWord | undefined;
  for (const [word, contexts] of counts) {
    if (!top || contexts > top.contexts) top = { word, contexts, of: words.length };
  }
  return top;
}
