/** @file A concept file's bytes into a set of concepts with an identity. */

import { createHash } from 'node:crypto';
import { AntipodeError } from '../errors.ts';
import { parseConceptFile } from './concept_file.ts';
import type { ConceptSet } from './concept_set.ts';

/**
 * @param id what results call them
 * @param shown what messages call them
 * @throws {AntipodeError} `format`, as `parseConceptFile`, and for bytes that are not UTF-8
 */
export function parseConcepts(id: string, bytes: Uint8Array, shown: string = id): ConceptSet {
  const { title = id, ...file } = parseConceptFile(decode(bytes, shown), shown);
  return { id, title, ...file, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AntipodeError('format', `${name}: not UTF-8 text`, {
      hint: 'save it as UTF-8',
      cause: error,
    });
  }
}
