/**
 * @file Opens any file of weights by its first bytes, whatever its name: safetensors (one file, an index, or a folder of shards), npz, npy,
 * torch checkpoints. What is none of these is refused by a sentence that says what it is (`file_kind.ts`).
 */

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { recogniseFile } from './file_kind.ts';
import { openNpy } from './numpy/npy.ts';
import { openNpz } from './numpy/npz.ts';
import { openSafetensors, openShardedSafetensors } from './safetensors/safetensors.ts';
import { shownName } from './shown_name.ts';
import { type ByteSource, openFileSource } from './source.ts';
import type { TensorFile } from './tensor_file.ts';
import { checkpointRoots, openTorchCheckpoint } from './torch/torch_checkpoint.ts';
import { openZip } from './zip/zip.ts';

export interface OpenTensorFileOptions {
  /** Shown in messages; default: the base name. */
  readonly name?: string;
}

const INDEX_SUFFIX = '.safetensors.index.json';

/**
 * Reads headers only. A folder, or a file named `….safetensors.index.json`, opens as its shards. The caller closes the result.
 * @throws {AntipodeError} `missing` where there is no such file, `resource` where it cannot be read, `format` for anything that is not a
 * sound file of arrays
 */
export async function openTensorFile(path: string, options: OpenTensorFileOptions = {}): Promise<TensorFile> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isFolder || path.endsWith(INDEX_SUFFIX)) return openShardedSafetensors(path);
  return openTensorSource(await openFileSource(path, options.name ?? basename(path)));
}

/** The same for bytes from anywhere. The file owns `source` from now on and closes it, also when this fails. */
export async function openTensorSource(source: ByteSource): Promise<TensorFile> {
  let open: (source: ByteSource) => Promise<TensorFile>;
  try {
    open = await chooseReader(source);
  } catch (error) {
    await source.close();
    throw error;
  }
  return open(source);
}

async function chooseReader(source: ByteSource): Promise<(source: ByteSource) => Promise<TensorFile>> {
  const found = await recogniseFile(source);
  switch (found.kind) {
    case 'refused':
      throw found.error;
    case 'zip':
      return chooseZipReader(source);
    case 'npy':
      return openNpy;
    case 'safetensors':
      return openSafetensors;
    case 'json':
      throw new AntipodeError('format', `${source.name}: is JSON text, not a file of weights`, {
        hint: 'give the weights file beside it; an index of shards must be named …safetensors.index.json',
      });
    case 'unknown':
      // Its own reader says best what is wrong with a damaged file.
      if (source.name.endsWith('.safetensors')) return openSafetensors;
      throw new AntipodeError(
        'format',
        `${source.name}: not a file of weights (expected safetensors, npz, npy or a torch checkpoint)`,
        { hint: 'check the path, and fetch the file again if it may be damaged' },
      );
  }
}

async function chooseZipReader(source: ByteSource): Promise<(source: ByteSource) => Promise<TensorFile>> {
  const archive = await openZip(source);
  if (checkpointRoots(archive).length > 0) return openTorchCheckpoint;
  const names = [...archive.members.keys()];
  if (names.some((name) => name.endsWith('.npy'))) return openNpz;
  const shown = names.slice(0, 5).map(shownName).join(', ') + (names.length > 5 ? ', …' : '');
  throw new AntipodeError(
    'format',
    `${source.name}: is a zip file without arrays (it has ${shown || 'no members'}; expected NAME.npy or NAME/data.pkl)`,
    { hint: 'unpack it and give the weights file inside' },
  );
}
