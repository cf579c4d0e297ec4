/** @file What the tests of antonyms use where nothing else is asked for; apart from their code, so that the command line can name them without loading it. */

export const DEFAULT_DRAWS = 10_000;

/** Share of tokens above which a feature counts as dense (arXiv 2506.15679 draws the line there). */
export const DENSE_ABOVE = 0.1;
