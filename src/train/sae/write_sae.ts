/** @file Writes a trained sparse autoencoder into a folder, in a layout that other programs read. */

import { ensureFolder, type WriteOptions } from '../../formats/atomic.ts';
import type { StoredDtype } from './file_arrays.ts';
import { writeGemmaScopeFiles } from './gemma_scope_files.ts';
import { type SaePlace, writeSaeLensFiles } from './saelens_files.ts';
import type { TrainedSae } from './trained_sae.ts';

export type SaeFolderFormat = 'saelens' | 'gemma-scope';

export interface WriteSaeFolderOptions extends WriteOptions {
  readonly format: SaeFolderFormat;
  /** For both matrices; vectors are float32. Default float32. */
  readonly dtype?: StoredDtype;
  /** Goes into SAELens's `cfg.json`; Gemma Scope's layout has no place for it. */
  readonly place: SaePlace;
}

/**
 * Each file appears whole; together they do so only where the caller renames the folder (`writeDirectoryAtomic`).
 * @returns names of the files, in the order written
 * @throws {AntipodeError} `usage` for a `topk` in Gemma Scope's layout; `check` for a weight that is no number or too large for float16; as
 * `writeFileAtomic`
 */
export async function writeSaeFolder(
  folder: string,
  sae: TrainedSae,
  options: WriteSaeFolderOptions,
): Promise<string[]> {
  const { dtype = 'float32', format, place, signal } = options;
  await ensureFolder(folder);
  return format === 'saelens'
    ? writeSaeLensFiles(folder, sae, { dtype, place, signal })
    : writeGemmaScopeFiles(folder, sae, { dtype, signal });
}
