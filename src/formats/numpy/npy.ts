/**
 * @file One array in numpy's `.npy` format, as a file of its own or as a member of an `.npz`. Header: `npy_header.ts`. Leaves out files
 * with several arrays behind each other, which are refused.
 */

import { crc32 } from 'node:zlib';
import { AntipodeError } from '../../errors.ts';
import { bytesOf } from '../../tensor/dtype.ts';
import type { ByteSource } from '../source.ts';
import { elementCount, type StoredTensor, type TensorFile } from '../tensor_file.ts';
import { type ByteRegion, regionOfSource } from '../zip/byte_region.ts';
import { npyHeaderRange, parseNpyHeader } from './npy_header.ts';
import { regionTensor } from './region_tensor.ts';

/** numpy's headers of plain arrays take 64 to 192 bytes: one read has them. */
const USUAL_HEADER_BYTES = 256;

/**
 * Opens a `.npy` file as a file of one tensor. The file owns `source` from now on and closes it, also when this fails.
 * @param name of the tensor; by default the source's name without `.npy`
 * @throws {AntipodeError} `format` for a malformed or cut file, bytes behind the array, or an element type that is not supported
 */
export async function openNpy(source: ByteSource, name?: string): Promise<TensorFile> {
  try {
    const stem = name ?? source.name.replace(/^.*[/\\]/, '').replace(/\.npy$/i, '');
    const found = await readNpyArray(regionOfSource(source), stem);
    if ('unsupported' in found) {
      throw new AntipodeError(
        'format',
        `${source.name}: has the element type ${found.unsupported}, which is not supported`,
        { hint: 'save it from Python with numpy.save(path, array.astype("float32"))' },
      );
    }
    return {
      name: source.name,
      tensors: new Map([[stem, found.tensor]]),
      metadata: {},
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Reads the header of the array that fills `region`; elements stay unread.
 * @throws {AntipodeError} `format` where the header is malformed, or the region is not as long as the header says
 */
export async function readNpyArray(
  region: ByteRegion,
  name: string,
): Promise<{ readonly tensor: StoredTensor } | { readonly unsupported: string }> {
  const first = await readHead(region, Math.min(USUAL_HEADER_BYTES, region.byteLength));
  const { start, end } = npyHeaderRange(first, region.label);
  if (end > region.byteLength) {
    throw sizeMismatch(region, `its header ends at byte ${end}`);
  }
  const head = end <= first.byteLength ? first.subarray(0, end) : await readHead(region, end);
  // Version 3.0 is UTF-8, the others Latin-1; what is accepted below is ASCII in both.
  const header = parseNpyHeader(Buffer.from(head.subarray(start)).toString('latin1'), region.label);
  if ('unsupported' in header) return header;
  const { dtype, shape } = header.array;
  const expected = end + elementCount(shape) * bytesOf(dtype);
  if (expected !== region.byteLength) {
    throw sizeMismatch(region, `its header says shape (${shape.join(', ')}) of ${dtype}: ${expected} bytes`);
  }
  return { tensor: regionTensor({ ...header.array, name, region, start: end, crcBefore: crc32(head) }) };
}

async function readHead(region: ByteRegion, length: number): Promise<Uint8Array> {
  const head = new Uint8Array(length);
  await region.readInto(head, 0);
  return head;
}

function sizeMismatch(region: ByteRegion, expected: string): AntipodeError {
  return new AntipodeError('format', `${region.label}: has ${region.byteLength} bytes, but ${expected}`, {
    hint: 'the file may be cut, or hold several arrays: write it again with numpy.save',
  });
}
