/**
 * @file What a pole of the grammar is: one side of a pair of opposites, with the words that belong to it and the sentences that only it has. The
 * words of a class stand for each other in every sentence, so that a model has a reason to give them a common direction.
 */

/** Adjectives; nouns of its quality, without an article; verbs in the past tense; adverbs; things and beings it is typical of. A class may be empty. */
export const WORD_CLASSES = ['adj', 'noun', 'verb', 'adv', 'thing'] as const;

export type WordClass = (typeof WORD_CLASSES)[number];

export type PoleWords = Readonly<Record<WordClass, readonly string[]>>;

export interface Pole {
  /** Lower case, one word: `happy`. */
  readonly id: string;
  /** As the article calls it: `Happiness`. */
  readonly label: string;
  readonly words: PoleWords;
  /**
   * Sentences in the third person with slots: `{adj}`, `{noun}`, `{verb}`, `{adv}`, `{thing}` draw from `words`; `{S}`, `{he}`, `{his}`, `{him}` are the
   * person of the text; `{o}` a thing, `{p}` a place, `{f}` another person. "a" before a slot becomes "an" where it has to.
   */
  readonly scenes: readonly string[];
}

/** One of the article's concepts. */
export interface PoleConcept {
  /** `Happiness-Sadness`, as in the article's catalogues. */
  readonly concept: string;
  readonly a: Pole;
  readonly b: Pole;
}

/** Word classes as text, words apart by spaces; a class that is left out is empty. */
export function definePole(
  id: string,
  label: string,
  words: Partial<Readonly<Record<WordClass, string>>>,
  scenes: readonly string[],
): Pole {
  const list = (text = ''): string[] => text.split(' ').filter((word) => word !== '');
  return {
    id,
    label,
    words: {
      adj: list(words.adj),
      noun: list(words.noun),
      verb: list(words.verb),
      adv: list(words.adv),
      thing: list(words.thing),
    },
    scenes,
  };
}
