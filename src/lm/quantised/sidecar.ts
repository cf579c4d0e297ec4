/**
 * @file The quantised copy of a model's matrices: found in the cache, or made there once. Its name is a hash of the weights' contents and of their
 * places, so that changed weights get another file and the same weights in two folders share one.
 * On opening, the header (names, shapes, places, key, format) and the length of the file have to be what is expected, else it is made again; the
 * blocks themselves are not read.
 */

import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { AntipodeError } from '../../errors.ts';
import { ensureFolder } from '../../formats/atomic.ts';
import { withLock } from '../../formats/lock.ts';
import type { StoredMatrix } from '../graph/list_matrices.ts';
import type { QuantisedMatrix } from '../graph/quantised_products.ts';
import { externalLocation } from '../weights.ts';
import { type BlockBits, blockBytes, blockWeights } from './blocks.ts';
import { cacheFailure } from './cache_failure.ts';
import { computeHash, fileStamp, knownHash } from './file_hash.ts';
import { type MadeSidecar, makeSidecar } from './make_sidecar.ts';
import { type PlannedMatrix, planSidecar, SIDECAR_VERSION, type SidecarPlan, sourceOf } from './plan.ts';

export interface SidecarOptions {
  readonly bits: BlockBits;
  /** antipode's own cache; the file is `quantised/KEY/q8.safetensors` below it. */
  readonly cacheDir: string;
  /** The folder that the matrices' locations are relative to; the cache has to be on the same drive. */
  readonly root: string;
  /** Workers, all cores where left out; the bytes do not depend on it. */
  readonly threads?: number | undefined;
  /** Weights quantised at a time, 2^22 where left out; nor do they depend on this. */
  readonly pieceWeights?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of the work there is, from 0 to 1; not called where there is none. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export interface Sidecar {
  readonly path: string;
  /** What this call had to do; undefined where the file was there. */
  readonly made: MadeSidecar | undefined;
  /** @param name of one of the matrices */
  matrix(name: string): QuantisedMatrix;
}

/**
 * @throws {AntipodeError} `format` for weights with NaN or infinite values, `resource` where the cache cannot take the file, `interrupted`;
 * what was finished by then is kept for the next call
 */
export async function openSidecar(
  matrices: readonly StoredMatrix[],
  options: SidecarOptions,
): Promise<Sidecar> {
  const { bits, cacheDir, pieceWeights, root } = options;
  const folder = join(cacheDir, 'quantised');
  const hashed = await hashSources(matrices, folder, options);
  const key = keyOf(matrices, root, hashed.hashes);
  const path = join(folder, key, `q${bits}.safetensors`);
  const plan = planSidecar(matrices, { bits, key, root, pieceWeights });
  const made = (await isFinished(path, plan)) ? undefined : await make(path, plan, hashed, options);
  const location = await locationOf(path, root);
  const byName = new Map(plan.matrices.map((matrix) => [matrix.name, matrix]));
  return { path, made, matrix: (name) => quantised(byName.get(name), location, bits) };
}

interface HashedSources {
  readonly hashes: ReadonlyMap<string, string>;
  readonly stamps: ReadonlyMap<string, string>;
  /** Bytes that had to be read for it. */
  readonly bytesRead: number;
}

async function hashSources(
  matrices: readonly StoredMatrix[],
  folder: string,
  { root, signal, onProgress }: SidecarOptions,
): Promise<HashedSources> {
  const hashes = new Map<string, string>();
  const stamps = new Map<string, string>();
  const unknown: string[] = [];
  for (const path of new Set(matrices.map((matrix) => sourceOf(matrix, root).path))) {
    stamps.set(path, await fileStamp(path));
    const hash = await knownHash(path, folder);
    if (hash === undefined) unknown.push(path);
    else hashes.set(path, hash);
  }
  const sizes = await Promise.all(unknown.map(async (path) => (await stat(path)).size));
  const bytesRead = sizes.reduce((sum, size) => sum + size, 0);
  const total = bytesRead + costOf(matrices);
  let done = 0;
  for (const path of unknown) {
    const onRead = (bytes: number): void => {
      done += bytes;
      onProgress?.(done / total);
    };
    hashes.set(path, await computeHash(path, { cacheDir: folder, signal, onRead }));
  }
  return { hashes, stamps, bytesRead };
}

/** 32 hex digits. Everything that decides the sidecar's bytes is in it, but for the bits, which are in the file's name. */
function keyOf(matrices: readonly StoredMatrix[], root: string, hashes: ReadonlyMap<string, string>): string {
  const facts = matrices.map((matrix) => {
    const { path, offset, dtype } = sourceOf(matrix, root);
    return [matrix.name, hashes.get(path), offset, dtype, matrix.outputs, matrix.inputs, matrix.layout];
  });
  const text = JSON.stringify([SIDECAR_VERSION, facts]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

async function isFinished(path: string, { header, byteLength }: SidecarPlan): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return false;
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size !== byteLength) return false;
    const found = Buffer.alloc(header.byteLength);
    await file.read(found, 0, found.byteLength, 0);
    return found.equals(header);
  } finally {
    await file.close();
  }
}

async function make(
  path: string,
  plan: SidecarPlan,
  { bytesRead, stamps }: HashedSources,
  { cacheDir, onProgress, signal, threads }: SidecarOptions,
): Promise<MadeSidecar | undefined> {
  const { dir } = parse(path);
  const total = bytesRead + costOf(plan.matrices);
  try {
    await ensureFolder(dir);
    const lock = join(dir, `.${parse(path).name}.lock`);
    return await withLock(
      lock,
      async () => {
        // Somebody else may have made it meanwhile.
        if (await isFinished(path, plan)) return undefined;
        return makeSidecar(path, plan, {
          origin: JSON.stringify([...stamps]),
          threads,
          signal,
          onProgress: (done) => onProgress?.((bytesRead + QUANTISE_COST * done) / total),
          check: () => requireUnchanged(stamps),
        });
      },
      { signal },
    );
  } catch (error) {
    throw cacheFailure(cacheDir, error);
  }
}

/** The name says which contents it was made of: they must not have changed between hashing and quantising. */
async function requireUnchanged(stamps: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, stamp] of stamps) {
    if ((await fileStamp(path)) === stamp) continue;
    throw new AntipodeError('format', `${path}: was changed while its weights were being quantised`, {
      hint: 'run the same command again when nothing writes to it',
    });
  }
}

/** In the unit of progress: reading and hashing a byte. */
const QUANTISE_COST = 4;

function costOf(matrices: readonly { readonly outputs: number; readonly inputs: number }[]): number {
  return matrices.reduce((sum, { outputs, inputs }) => sum + QUANTISE_COST * outputs * inputs, 0);
}

async function locationOf(path: string, root: string): Promise<string> {
  const { folder, location } = await externalLocation(path);
  if (folder === root) return location;
  throw new AntipodeError(
    'resource',
    `${path}: the quantised weights and the model lie on two drives (${folder}, ${root})`,
    { hint: `name a folder on ${root} in XDG_CACHE_HOME` },
  );
}

function quantised(matrix: PlannedMatrix | undefined, location: string, bits: BlockBits): QuantisedMatrix {
  if (!matrix) throw new Error('internal: a matrix that was not listed');
  const { blocksPerRow, outputs, quantsAt, scalesAt } = matrix;
  const count = outputs * blocksPerRow;
  return {
    bits,
    blockSize: blockWeights(bits),
    quants: {
      type: 'uint8',
      dims: [outputs, blocksPerRow, blockBytes(bits)],
      data: { location, offset: quantsAt, length: count * blockBytes(bits) },
    },
    scales: {
      type: 'float32',
      dims: [outputs, blocksPerRow],
      data: { location, offset: scalesAt, length: 4 * count },
    },
  };
}
