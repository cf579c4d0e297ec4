/**
 * @file The word list of VADER (Hutto and Gilbert 2014, ICWSM): some 7,500 English words, abbreviations and emoticons with the mean valence that ten people gave
 * them, from -4 (most negative) to 4. Read from the file in the package `vader-sentiment`; its scoring is not used: it counts every repetition.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { AntipodeError } from '../../errors.ts';

export interface ValenceList {
  readonly title: string;
  /** Lower case to valence, never 0. */
  readonly valences: ReadonlyMap<string, number>;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
}

const FILE = 'vader-sentiment/vader_lexicon.txt';

/** Of a line: the entry, its mean valence, and behind another tab what is not needed here. */
const LINE = /^(\S[^\t]*)\t(-?\d+(?:\.\d+)?)\t/;

let kept: ValenceList | undefined;

/**
 * Read once.
 * @throws {AntipodeError} `missing` where the package is not installed whole
 */
export function valenceList(): ValenceList {
  kept ??= readList();
  return kept;
}

function readList(): ValenceList {
  const bytes = readBytes();
  const valences = new Map<string, number>();
  for (const line of bytes.toString('utf8').split(/\r?\n/)) {
    const found = LINE.exec(line);
    const valence = Number(found?.[2] ?? 0);
    if (found && valence !== 0) valences.set(found[1]!.toLowerCase(), valence);
  }
  return {
    title: 'VADER',
    valences,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

function readBytes(): Buffer {
  try {
    return readFileSync(createRequire(import.meta.url).resolve(FILE));
  } catch (cause) {
    throw new AntipodeError('missing', `${FILE}: cannot be read`, {
      hint: 'install antipode again: the word list is part of a package that it needs',
      cause,
    });
  }
}
