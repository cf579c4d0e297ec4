/** @file A coarse stem of an English word, so that who writes `happy` finds Happiness. For looking names up, where what is found is shown: no linguistics. */

/** Longest first. What stays has at least three letters. */
const ENDINGS = [
  'fulness',
  'iness',
  'ement',
  'ingly',
  'ness',
  'ment',
  'ence',
  'ance',
  'ful',
  'ure',
  'dom',
  'ity',
  'ety',
  'ing',
  'ion',
  'ive',
  'ous',
  'ant',
  'ent',
  'ly',
  'ed',
  'er',
  'al',
  'ce',
  's',
  'y',
  'e',
];

const SHORTEST = 3;

/** In lower case, endings off, as long as one is there: `happy` and `Happiness` are `happ`, `excited` and `Excitement` are `excit`. */
export function wordStem(word: string): string {
  let stem = word.normalize('NFKC').toLowerCase();
  for (;;) {
    const ending = ENDINGS.find((end) => stem.endsWith(end) && stem.length - end.length >= SHORTEST);
    if (ending === undefined) return withoutVowel(stem);
    stem = stem.slice(0, -ending.length);
  }
}

/** Of `anxious` and `anxiety` both. */
function withoutVowel(stem: string): string {
  return stem.length > SHORTEST && stem.endsWith('i') ? stem.slice(0, -1) : stem;
}
