/** @file One name for every place that concepts come from: a shipped catalogue, a file, or `-` for stdin. */

import { basename, resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { openFileSource, readBytes } from '../formats/source.ts';
import { catalogue, catalogueIds } from './catalogues.ts';
import type { ConceptSet } from './concept_set.ts';
import { parseConcepts } from './parse_concepts.ts';

export interface LoadConceptsOptions {
  /** What relative paths start from; the process's folder by default. */
  readonly cwd?: string;
  /** Read for `-`. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/** About 6,000 concepts; the YAML parser needs a few hundred times a file's size in the worst case. */
export const MAX_CONCEPT_BYTES: number = 2 ** 20;

/**
 * @param nameOrPath a catalogue's id (which wins over a file of that name; write `./article-10` for the file), a path, or `-`
 * @throws {AntipodeError} `missing` where neither exists, `format` with file, line and column for what is wrong inside
 */
export async function loadConcepts(
  nameOrPath: string,
  options: LoadConceptsOptions = {},
): Promise<ConceptSet> {
  const shipped = catalogue(nameOrPath);
  if (shipped) return shipped;
  if (nameOrPath === '-') return parseConcepts('stdin', await readStdin(options.stdin));
  return parseConcepts(
    basename(nameOrPath),
    await readConceptFile(nameOrPath, options.cwd ?? process.cwd()),
    nameOrPath,
  );
}

async function readConceptFile(path: string, cwd: string): Promise<Uint8Array> {
  const source = await openFileSource(resolve(cwd, path), path).catch((error: unknown) => {
    if (error instanceof AntipodeError && error.kind === 'missing') {
      throw new AntipodeError(
        'missing',
        `${path}: neither a file nor a catalogue (${catalogueIds().join(', ')})`,
        {
          hint: 'antipode concepts list shows the catalogues',
          cause: error,
        },
      );
    }
    throw error;
  });
  try {
    if (source.byteLength > MAX_CONCEPT_BYTES) throw tooLarge(path, `${source.byteLength} bytes`);
    return await readBytes(source, 0, source.byteLength);
  } finally {
    await source.close();
  }
}

async function readStdin(stdin: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array> {
  if (!stdin)
    throw new AntipodeError('usage', 'stdin: cannot be read here (got -, expected a file or a catalogue)');
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    length += chunk.byteLength;
    if (length > MAX_CONCEPT_BYTES) throw tooLarge('stdin', 'more');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function tooLarge(name: string, got: string): AntipodeError {
  return new AntipodeError(
    'format',
    `${name}: too large for concepts (got ${got}, expected at most ${MAX_CONCEPT_BYTES} bytes)`,
  );
}
