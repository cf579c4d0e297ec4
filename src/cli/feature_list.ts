/** @file A list of features as people write it: `1,5-9,20`. */

import { AntipodeError } from '../errors.ts';
import { parseIndex } from '../features/feature_ref.ts';

/** The widest published dictionaries have 2^24 features: a range must not make a list of billions. */
const MAX_LISTED = 2 ** 24;

/** @returns ascending, without repeats @throws {AntipodeError} `usage` */
export function featureList(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [first, last] = rangeOf(part.trim(), text);
    if (last - first >= MAX_LISTED) throw refused(text, `ranges of at most ${MAX_LISTED} features`);
    for (let feature = first; feature <= last; feature++) found.add(feature);
  }
  return [...found].sort((a, b) => a - b);
}

function rangeOf(part: string, text: string): readonly [first: number, last: number] {
  const ends = part.split('-').map((end) => parseIndex(end.trim()));
  const [first, last = first] = ends;
  if (
    ends.length > 2 ||
    ends.includes(undefined) ||
    first === undefined ||
    last === undefined ||
    last < first
  ) {
    throw refused(text, 'numbers and ranges such as 1,5-9');
  }
  return [first, last];
}

function refused(text: string, expected: string): AntipodeError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new AntipodeError('usage', `--features: got ${JSON.stringify(shown)}, expected ${expected}`);
}
