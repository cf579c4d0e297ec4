/**
 * @file The file that `antipode sae evaluate --out` writes: density and largest activation of every feature, as CSV. A table has no room for a mark of
 * who wrote it, so a file counts as written here when nothing else can be in it: this header, then numbers alone.
 */

import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { checkOutputFile, writeFileAtomic } from '../formats/atomic.ts';
import { writeCsv } from '../formats/csv.ts';
import { tableFrom } from '../formats/table.ts';
import type { Sparsity } from '../train/evaluate/reconstruction_sums.ts';

const COLUMNS = ['feature', 'density', 'max_activation'] as const;
const HEADER = Buffer.from(`${COLUMNS.join(',')}\n`);

/** What stands behind the header: numbers, commas and the ends of lines. */
const NUMBERS = /^[\d.,eE+\-\r\n]*$/;

export interface FeatureFile {
  readonly path: string;
  /** As the user named it. */
  readonly shown: string;
  /** Files that the same command reads. */
  readonly inputs: readonly string[];
}

/**
 * Before the work that fills it, and again before it is written.
 * @throws {AntipodeError} `usage` where something else is there, or the path is none for a file; `resource` where nothing can be written
 */
export async function checkFeatureFile({ path, shown, inputs }: FeatureFile): Promise<void> {
  const hint = 'choose another file with --out';
  await checkOutputFile(path);
  const target = await realOrNothing(path);
  if (target === undefined) return;
  for (const input of inputs) {
    if ((await realOrNothing(input)) !== target) continue;
    throw new AntipodeError('usage', `${shown}: is read by the same command, and is not replaced`, { hint });
  }
  if (await isFeatureFile(target)) return;
  throw new AntipodeError('usage', `${shown}: is there already, and antipode did not write it`, { hint });
}

/** @throws {AntipodeError} as `checkFeatureFile` and `writeFileAtomic` */
export async function writeFeatureFile(
  file: FeatureFile,
  { densities, maxActivations }: Pick<Sparsity, 'densities' | 'maxActivations'>,
  signal: AbortSignal,
): Promise<void> {
  const [feature, density, maxActivation] = COLUMNS;
  const table = tableFrom(
    'features',
    [...densities.keys()],
    [
      { name: feature, type: 'int32', value: (one) => one },
      { name: density, type: 'float64', value: (one) => densities[one] },
      { name: maxActivation, type: 'float64', value: (one) => maxActivations[one] },
    ],
  );
  await checkFeatureFile(file);
  await writeFileAtomic(file.path, writeCsv(table), { signal });
}

/** An empty file is nobody's. */
async function isFeatureFile(path: string): Promise<boolean> {
  if ((await stat(path)).size === 0) return true;
  let header = Buffer.alloc(0);
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    const before = header.length;
    const taken = Math.min(HEADER.length - before, piece.length);
    header = Buffer.concat([header, piece.subarray(0, taken)]);
    if (!header.equals(HEADER.subarray(0, header.length))) return false;
    if (!NUMBERS.test(piece.subarray(taken).toString('latin1'))) return false;
  }
  return header.length === HEADER.length;
}

async function realOrNothing(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
