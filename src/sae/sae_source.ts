/**
 * @file What a loader is given: the opened weights, the configuration files beside them and what is known of their identity. Also finds
 * the weights in a folder. Knows file names, no formats.
 */

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import type { TensorFile } from '../formats/tensor_file.ts';
import type { JsonConfig } from './loaders/json_config.ts';
import type { SaeFileFact, SaeIdentity } from './sae.ts';

export interface SaeSource {
  readonly weights: TensorFile;
  /** Absolute. */
  readonly weightsPath: string;
  /** Weights first; `config` and `openSibling` add what they read. */
  readonly files: readonly SaeFileFact[];
  readonly identity: SaeIdentity;
  /** Matrices that the user says are stored transposed, against their format. */
  readonly transposed: ReadonlySet<MatrixName>;
  /** The configuration of that name (a path relative to the weights' folder), if it is there; parsed once. */
  config(relativePath: string): Promise<JsonConfig | undefined>;
  /** Another tensor file beside the weights, closed together with them; undefined where there is none. */
  openSibling(name: string): Promise<TensorFile | undefined>;
}

export type MatrixName = 'W_enc' | 'W_dec';

/** Weight files by their published names, the surest first; `sae list` and downloads use the same names. */
export const WEIGHT_FILES: readonly string[] = [
  'params.npz',
  'params.safetensors',
  'sae_weights.safetensors',
  'sae.safetensors',
  'checkpoints/final.safetensors',
  'ae.pt',
];

const TENSOR_EXTENSIONS: ReadonlySet<string> = new Set(['.npz', '.safetensors', '.pt', '.pth', '.bin']);

/** Not weights of an SAE, though they lie beside them. */
const OTHER_TENSOR_FILES: ReadonlySet<string> = new Set([
  'sparsity.safetensors',
  'activations_store_state.safetensors',
]);

/** By its name alone. */
export function isTensorFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return TENSOR_EXTENSIONS.has(extname(name)) && !OTHER_TENSOR_FILES.has(name);
}

/** Stems that every SAE of a format has, so that the folder's name says more. */
const GENERIC_STEMS: ReadonlySet<string> = new Set(['params', 'sae_weights', 'sae', 'final', 'ae']);

/**
 * The weights that `path` means: the file itself, or the one known weight file of a folder.
 * @throws {AntipodeError} `missing` where there is nothing, `usage` where a folder holds several candidates
 */
export async function findWeights(path: string): Promise<string> {
  if (!(await isFolder(path))) return path;
  for (const name of WEIGHT_FILES) if (await exists(join(path, name))) return join(path, name);
  const names = (await readdir(path)).filter(isTensorFile).sort();
  const [first, ...others] = names;
  if (first !== undefined && others.length === 0) return join(path, first);
  if (first !== undefined) {
    throw new AntipodeError(
      'usage',
      `${path}: holds several weight files (${names.slice(0, 6).join(', ')})`,
      {
        hint: 'name the one that is meant',
      },
    );
  }
  const below = await saesBelow(path);
  const hint =
    below.length === 0
      ? 'give the folder of one SAE, or the weight file itself'
      : `name one of the SAEs below it: ${below.join(', ')}`;
  throw new AntipodeError(
    'missing',
    `${path}: holds no SAE weights (looked for ${WEIGHT_FILES.join(', ')})`,
    { hint },
  );
}

/** A release has its SAEs three folders deep: `layer_20/width_16k/average_l0_71`. */
const SEARCHED_DEPTH = 3;
/** A folder with more in it is no release, and looking on would take long. */
const SEARCHED_FOLDERS = 300;
const SHOWN_FOLDERS = 4;

/** Folders below with a weight file of a known name, the nearest first; a few of them, for a hint. */
async function saesBelow(path: string): Promise<string[]> {
  const found: string[] = [];
  let level = [path];
  let seen = 0;
  for (let depth = 1; depth <= SEARCHED_DEPTH && seen < SEARCHED_FOLDERS; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      for (const child of await foldersIn(folder)) {
        if (++seen > SEARCHED_FOLDERS || found.length === SHOWN_FOLDERS) return found;
        if (await holdsWeights(child)) found.push(child);
        else next.push(child);
      }
    }
    level = next;
  }
  return found;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => join(folder, name))
    .sort();
}

async function holdsWeights(folder: string): Promise<boolean> {
  for (const name of WEIGHT_FILES) if (await exists(join(folder, name))) return true;
  return false;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') {
      throw new AntipodeError('missing', `${path}: no such file or folder`, { cause: error });
    }
    throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

/** The short name of weights without an identity: the file's stem, or the folder where the stem says nothing. */
export function labelOf(weightsPath: string): string {
  const stem = basename(weightsPath, extname(weightsPath));
  if (!GENERIC_STEMS.has(stem)) return stem;
  const folder = dirname(weightsPath);
  const named = basename(folder) === 'checkpoints' ? dirname(folder) : folder;
  return basename(named) || stem;
}
