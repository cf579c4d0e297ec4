/**
 * @file A model split over several safetensors files, as `model.safetensors.index.json` describes it: `weight_map` from tensor name to
 * shard (huggingface_hub, "Serialization"). Tensors that a shard holds and the index does not name are left out.
 */

import { readdir } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { AntipodeError, systemErrorCode } from '../../errors.ts';
import { openFileSource, readBytes } from '../source.ts';
import type { StoredTensor, TensorFile } from '../tensor_file.ts';
import { openSafetensors } from './safetensors_reader.ts';

/** The index of the largest published models (about 100,000 tensors) is near 10 MB. */
const MAX_INDEX_BYTES = 32 * 2 ** 20;

/** Every shard stays open; the largest published models have fewer than 200, and a process may usually open 1,024 files. */
const MAX_SHARDS = 512;

const INDEX_SUFFIX = '.safetensors.index.json';

/**
 * Opens all shards as one file. `path` is an index file, or a folder that holds one index (or else exactly one `.safetensors` file).
 * Metadata are the index's own and the shards'; on a clash the index wins, then the earlier shard.
 * @throws {AntipodeError} `missing` without index or shard, `format` for a malformed index, a shard outside the folder, or a tensor
 * that its shard does not have
 */
export async function openShardedSafetensors(path: string): Promise<TensorFile> {
  const found = await findIndex(path);
  if (!found.endsWith(INDEX_SUFFIX)) return openSafetensors(await openFileSource(found));
  const { weightMap, metadata } = await readIndex(found);
  const shards = new Map<string, TensorFile>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    for (const shard of new Set(weightMap.values())) {
      const source = await openFileSource(join(dirname(found), shard), shard);
      shards.set(shard, await openSafetensors(source));
    }
    const merged = merge(basename(found), weightMap, shards);
    const fromShards = [...shards.values()].reverse().map((shard) => shard.metadata);
    return { ...merged, metadata: Object.assign({}, ...fromShards, metadata), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function merge(
  name: string,
  weightMap: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, TensorFile>,
): Pick<TensorFile, 'name' | 'tensors' | 'unsupported'> {
  const tensors = new Map<string, StoredTensor>();
  const unsupported = new Map<string, string>();
  for (const [tensorName, shardName] of weightMap) {
    const shard = shards.get(shardName);
    const tensor = shard?.tensors.get(tensorName);
    const otherType = shard?.unsupported?.get(tensorName);
    if (tensor) tensors.set(tensorName, tensor);
    else if (otherType !== undefined) unsupported.set(tensorName, otherType);
    else
      throw new AntipodeError('format', `${name}: ${shardName} has no tensor ${tensorName}, expected there`);
  }
  return { name, tensors, unsupported };
}

async function findIndex(path: string): Promise<string> {
  let names: string[];
  try {
    names = await readdir(path);
  } catch (error) {
    // A file: the caller named it, so it is tried as it is.
    if (systemErrorCode(error) === 'ENOTDIR') return path;
    if (systemErrorCode(error) === 'ENOENT') {
      throw new AntipodeError('missing', `${path}: no such file or folder`, { cause: error });
    }
    throw error;
  }
  for (const suffix of [INDEX_SUFFIX, '.safetensors']) {
    const fits = names.filter((name) => name.endsWith(suffix)).sort();
    const [first] = fits;
    if (first === undefined) continue;
    const preferred = fits.length === 1 ? first : fits.find((name) => name === `model${suffix}`);
    if (preferred === undefined) {
      throw new AntipodeError(
        'usage',
        `${path}: holds several ${suffix} files (${fits.slice(0, 6).join(', ')})`,
        {
          hint: 'name the one that is meant',
        },
      );
    }
    return join(path, preferred);
  }
  throw new AntipodeError('missing', `${path}: holds no .safetensors file`);
}

interface ShardIndex {
  readonly weightMap: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, string>>;
}

async function readIndex(path: string): Promise<ShardIndex> {
  const name = basename(path);
  const index = await readSmallJson(path, name);
  if (!isRecord(index) || !isRecord(index['weight_map'])) {
    throw new AntipodeError('format', `${name}: has no weight_map object`);
  }
  const weightMap = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(index['weight_map'])) {
    if (typeof shard !== 'string' || !staysInside(shard)) {
      throw new AntipodeError(
        'format',
        `${name}: tensor ${tensor} is said to be in ${JSON.stringify(shard)}, expected a .safetensors file in the same folder`,
      );
    }
    weightMap.set(tensor, shard);
  }
  const shardCount = new Set(weightMap.values()).size;
  if (shardCount > MAX_SHARDS) {
    throw new AntipodeError('format', `${name}: names ${shardCount} shards, the limit is ${MAX_SHARDS}`);
  }
  const stated = isRecord(index['metadata']) ? Object.entries(index['metadata']) : [];
  const metadata = Object.fromEntries(
    stated.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
  return { weightMap, metadata };
}

/** Symbolic links are not looked at: the Hugging Face cache links every file of a snapshot to a blob elsewhere. */
function staysInside(shard: string): boolean {
  return (
    shard.endsWith('.safetensors') &&
    !shard.includes('\0') &&
    !shard.includes('\\') &&
    !shard.startsWith('/') &&
    !normalize(shard).split('/').includes('..')
  );
}

async function readSmallJson(path: string, name: string): Promise<unknown> {
  const source = await openFileSource(path, name);
  try {
    if (source.byteLength > MAX_INDEX_BYTES) {
      throw new AntipodeError(
        'format',
        `${name}: too large for an index (${source.byteLength} bytes, the limit is ${MAX_INDEX_BYTES})`,
      );
    }
    const bytes = await readBytes(source, 0, source.byteLength);
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch (error) {
      throw new AntipodeError('format', `${name}: not JSON`, { cause: error });
    }
  } finally {
    await source.close();
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
