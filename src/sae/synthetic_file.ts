/**
 * @file The synthetic dictionary as a file: a full-size `params.npz` in the Gemma Scope layout under antipode's cache folder, made once, with
 * explanations of what was planted. The folder appears whole or not at all.
 */

import { stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type FolderKind, writeDirectoryAtomic } from '../formats/atomic.ts';
import { writeNpz } from '../formats/numpy/npz_writer.ts';
import { antipodeCacheDir, type Env } from '../hub/cache_dirs.ts';
import type { Matrix } from '../tensor/matrix.ts';
import { generateSynthetic, type PlantedPair, SYNTHETIC_VERSION, type SyntheticSae } from './synthetic.ts';

/** The reference that stands for the generated dictionary wherever an SAE is named. */
export const SYNTHETIC_ID = 'synthetic-16k';

/** The sizes of the article's SAEs. */
export const SYNTHETIC_SIZE = { dSae: 16384, dIn: 2304, seed: 0 } as const;

/** Of the weights, to within the zip's headers. */
export const SYNTHETIC_BYTES: number =
  4 * (2 * SYNTHETIC_SIZE.dSae * SYNTHETIC_SIZE.dIn + 2 * SYNTHETIC_SIZE.dSae + SYNTHETIC_SIZE.dIn);

/** The folder below the cache, as `antipode cache ls` names it. */
export const SYNTHETIC_ENTRY: string = `synthetic/${SYNTHETIC_SIZE.dSae}x${SYNTHETIC_SIZE.dIn}-seed${SYNTHETIC_SIZE.seed}-v${SYNTHETIC_VERSION}`;

export interface SyntheticFiles {
  readonly weights: string;
  /** In the form of Neuronpedia's older exports, a JSON array. */
  readonly explanations: string;
}

export function syntheticFiles(env: Env): SyntheticFiles {
  const dir = join(antipodeCacheDir(env), SYNTHETIC_ENTRY);
  return { weights: join(dir, 'params.npz'), explanations: join(dir, 'explanations.json') };
}

const SYNTHETIC_FOLDER: FolderKind = {
  schema: 'synthetic',
  filesOf: () => [{ file: 'params.npz' }, { file: 'explanations.json' }],
};

export interface EnsureSyntheticOptions {
  readonly env: Env;
  readonly avoid: ReadonlySet<number>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** @returns whether the dictionary had to be made (302 MB, about ten seconds). @throws {AntipodeError} `resource`, `interrupted` */
export async function ensureSynthetic(options: EnsureSyntheticOptions): Promise<boolean> {
  const { weights, explanations } = syntheticFiles(options.env);
  if (await exists(weights)) return false;
  const sae = await generateSynthetic({ ...SYNTHETIC_SIZE, ...options });
  await writeDirectoryAtomic(
    dirname(weights),
    SYNTHETIC_FOLDER,
    async (temporary) => {
      await writeSyntheticNpz(join(temporary, basename(weights)), sae, options.signal);
      await writeFile(
        join(temporary, basename(explanations)),
        `${JSON.stringify(explain(sae.planted), null, 1)}\n`,
      );
      await writeFile(join(temporary, 'manifest.json'), '{"tool":"antipode","schema":"synthetic"}\n');
    },
    { signal: options.signal },
  );
  return true;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

/** Gemma Scope's layout: encoder features are columns, decoder features rows. */
export async function writeSyntheticNpz(
  path: string,
  sae: SyntheticSae,
  signal?: AbortSignal,
): Promise<void> {
  const { W_enc, W_dec, b_enc, b_dec, threshold } = sae;
  await writeNpz(
    path,
    [
      { name: 'W_enc', shape: [W_enc.cols, W_enc.rows], data: () => transposedBlocks(W_enc) },
      { name: 'W_dec', shape: [W_dec.rows, W_dec.cols], data: W_dec.data },
      { name: 'b_enc', shape: [b_enc.length], data: b_enc },
      { name: 'b_dec', shape: [b_dec.length], data: b_dec },
      { name: 'threshold', shape: [threshold.length], data: threshold },
    ],
    signal ? { signal } : {},
  );
}

const BLOCK_COLUMNS = 32;

/** The columns of `matrix` as rows, a block at a time. */
function* transposedBlocks({ data, rows, cols }: Matrix): Iterable<Float32Array> {
  for (let start = 0; start < cols; start += BLOCK_COLUMNS) {
    const count = Math.min(BLOCK_COLUMNS, cols - start);
    const block = new Float32Array(count * rows);
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < count; c++) block[c * rows + row] = data[row * cols + start + c]!;
    }
    yield block;
  }
}

function explain(planted: readonly PlantedPair[]): unknown[] {
  return planted.flatMap(({ kind, featureA, featureB }, index) =>
    [featureA, featureB].map((feature, side) => ({
      modelId: 'synthetic',
      layer: SYNTHETIC_ID,
      index: String(feature),
      description: `planted ${kind} pair ${index + 1}, ${side === 0 ? 'first' : 'second'}`,
      explanationModelName: 'antipode-synthetic',
      typeName: 'planted',
    })),
  );
}
