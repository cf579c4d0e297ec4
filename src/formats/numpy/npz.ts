/**
 * @file numpy's `.npz`: a zip of `.npy` members, stored (`savez`) or deflated (`savez_compressed`). Opening reads the zip directory and
 * the headers; one stored array is read without the others. Writing: `npz_writer.ts`.
 */

import { AntipodeError } from '../../errors.ts';
import type { ByteSource } from '../source.ts';
import type { StoredTensor, TensorFile } from '../tensor_file.ts';
import { openZip } from '../zip/zip.ts';
import { readNpyArray } from './npy.ts';

/**
 * Tensors are named without `.npy`. `isRandomAccess` is true for stored members; a deflated one is inflated from its start by every
 * `readBytes`, so read it once through `stream`. Members that are not `.npy` are left out; arrays of text, objects and the like are listed
 * in `unsupported`. The file owns `source` from now on and closes it, also when this fails.
 * @throws {AntipodeError} `format` for a malformed zip or header, a member whose size differs from what its header says, or no array at all
 */
export async function openNpz(source: ByteSource): Promise<TensorFile> {
  try {
    return await openChecked(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openChecked(source: ByteSource): Promise<TensorFile> {
  const archive = await openZip(source);
  const tensors = new Map<string, StoredTensor>();
  const unsupported = new Map<string, string>();
  for (const member of archive.members.values()) {
    if (!member.name.endsWith('.npy')) continue;
    const name = member.name.slice(0, -'.npy'.length);
    const found = await readNpyArray(member, name);
    if ('tensor' in found) tensors.set(name, found.tensor);
    else unsupported.set(name, found.unsupported);
  }
  if (tensors.size === 0 && unsupported.size === 0) {
    throw new AntipodeError('format', `${source.name}: holds no arrays (expected .npy members in the zip)`, {
      hint: 'check that it was written by numpy.savez or numpy.savez_compressed',
    });
  }
  return { name: source.name, tensors, unsupported, metadata: {}, close: () => source.close() };
}
