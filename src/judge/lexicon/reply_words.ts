/** @file A reply as sentences of words, in two halves. Works on any text: bytes that are no words are passed over, and time grows with the length alone. */

/** Lower case, in order: words, and signs that may be emoticons. */
export type Sentence = readonly string[];

/** Longer ones are no words: 100 kB of one letter says nothing. */
const MAX_LETTERS = 40;

/** The list's longest emoticons have six. */
const MAX_SIGNS = 8;

/** Sentences end at these signs before white space, and at line breaks. */
const SENTENCE_END = /(?<=[.!?…]["')\]]?)\s+|[\r\n]+/u;

const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'-]*/gu;
const IS_WORD = /^[\p{L}\p{N}]/u;

/** `:)`, `:-D`, `<3`: no letter or digit but behind eyes or a heart's tip. */
const EMOTICON = /^(?:[^\p{L}\p{N}\s]+|[:;=<][^\p{L}\p{N}\s]*[\p{L}\p{N}])$/u;

/** Sentences with a word or a sign in them. */
export function sentencesOf(text: string): Sentence[] {
  return text
    .normalize('NFKC')
    .replaceAll(/[’‘]/g, "'")
    .toLowerCase()
    .split(SENTENCE_END)
    .map((sentence) => sentence.split(/\s+/).flatMap(piecesOf))
    .filter((pieces) => pieces.length > 0);
}

/** Of a run of signs without white space. Emoticons stay whole; words lose the signs around them. */
function piecesOf(run: string): string[] {
  if (run === '') return [];
  if (run.length <= MAX_SIGNS && EMOTICON.test(run)) return [run];
  const words = run.match(WORD) ?? [];
  return words.map((word) => word.replace(/['-]+$/, '')).filter((word) => word.length <= MAX_LETTERS);
}

export function isWord(piece: string): boolean {
  return IS_WORD.test(piece);
}

/**
 * Cut at the end of the sentence that is nearest to the middle word, the earlier of equals; a single sentence at its middle word. The second half is empty where
 * there are fewer than two words.
 */
export function halvesOf(
  sentences: readonly Sentence[],
): readonly [readonly Sentence[], readonly Sentence[]] {
  const [only] = sentences;
  if (only && sentences.length === 1) {
    const middle = Math.ceil(only.length / 2);
    return [[only.slice(0, middle)], only.length > middle ? [only.slice(middle)] : []];
  }
  const all = sentences.reduce((sum, sentence) => sum + sentence.length, 0);
  let [cut, nearest, before] = [0, Number.POSITIVE_INFINITY, 0];
  for (let i = 1; i < sentences.length; i++) {
    before += sentences[i - 1]!.length;
    const distance = Math.abs(before - all / 2);
    if (distance < nearest) [cut, nearest] = [i, distance];
  }
  return [sentences.slice(0, cut), sentences.slice(cut)];
}

/** Share of distinct pairs of neighbouring words, and how many pairs there are. */
export function distinctPairs(sentences: readonly Sentence[]): {
  readonly share: number;
  readonly pairs: number;
} {
  const words = sentences.flat().filter(isWord);
  const pairs = words.slice(1).map((word, i) => `${words[i]} ${word}`);
  return { share: pairs.length === 0 ? 1 : new Set(pairs).size / pairs.length, pairs: pairs.length };
}
