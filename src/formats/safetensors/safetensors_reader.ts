/**
 * @file Safetensors files (github.com/huggingface/safetensors, "Format"): 8 bytes of header length, a JSON header, then the elements.
 * Reads one tensor without touching the others. Refused, as by the reference: overlaps, holes, bytes behind the last tensor, duplicate
 * names, lengths that differ from shape times dtype. Types beyond `DType` (F8, U16, U32, U64, C64, …) are listed in `unsupported` and
 * cannot be read. Several shards behind an index: `safetensors_shards.ts`; writing: `safetensors_writer.ts`.
 */

import { AntipodeError } from '../../errors.ts';
import { bytesOf, type DType } from '../../tensor/dtype.ts';
import { type ByteSource, readBytes } from '../source.ts';
import { elementCount, type StoredTensor, type TensorFile } from '../tensor_file.ts';
import { type HeaderEntry, parseHeader } from './safetensors_header.ts';

/** The cap of the reference implementation (`MAX_HEADER_SIZE`); the largest real headers are a few MB. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Piece size of `stream()`: large enough that the per-read cost vanishes, small beside any weight matrix. */
const STREAM_BYTES = 4 * 2 ** 20;

/** In the format's own spelling. */
const DTYPES: ReadonlyMap<string, DType> = new Map(
  (['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'I16', 'I8', 'U8', 'BOOL'] as const).map((d) => [d, d]),
);

/**
 * Reads and checks the header; element bytes stay on disk. The file owns `source` from now on and closes it, also when this fails.
 * `readBytes` reads straight into its target (which may lie over shared memory).
 * @throws {AntipodeError} `format` for every malformed, cut or inconsistent file
 */
export async function openSafetensors(source: ByteSource): Promise<TensorFile> {
  try {
    return await openChecked(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openChecked(source: ByteSource): Promise<TensorFile> {
  const headerLength = await readHeaderLength(source);
  const header = parseHeader(await readBytes(source, 8, headerLength), source.name);
  const dataStart = 8 + headerLength;
  checkLayout(header.entries, source, dataStart);
  const tensors = new Map<string, StoredTensor>();
  const unsupported = new Map<string, string>();
  for (const entry of header.entries) {
    const dtype = DTYPES.get(entry.dtype);
    if (dtype) tensors.set(entry.name, storedTensor(source, entry, dtype, dataStart));
    else unsupported.set(entry.name, entry.dtype);
  }
  return {
    name: source.name,
    tensors,
    unsupported,
    metadata: header.metadata,
    close: () => source.close(),
  };
}

async function readHeaderLength(source: ByteSource): Promise<number> {
  const first = await readBytes(source, 0, 8);
  const length = new DataView(first.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new AntipodeError(
      'format',
      `${source.name}: not a safetensors file (its header would have ${length} bytes, the limit is ${MAX_HEADER_BYTES})`,
    );
  }
  return Number(length);
}

/** Every tensor as long as its shape says, and all of them together covering the data exactly once. */
function checkLayout(entries: readonly HeaderEntry[], source: ByteSource, dataStart: number): void {
  const refuse = (name: string, problem: string): never => {
    throw new AntipodeError('format', `${source.name}: tensor ${name}: ${problem}`);
  };
  let covered = 0;
  const inOrder = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  for (const { name, dtype, shape, begin, end } of inOrder) {
    if (end < begin) refuse(name, `its data ends before it begins (data_offsets ${begin}, ${end})`);
    if (begin < covered)
      refuse(name, `overlaps the tensor before it (begins at ${begin}, expected ${covered})`);
    if (begin > covered)
      refuse(name, `bytes before it belong to no tensor (begins at ${begin}, expected ${covered})`);
    const known = DTYPES.get(dtype);
    const expected = known && elementCount(shape) * bytesOf(known);
    if (expected !== undefined && end - begin !== expected) {
      refuse(
        name,
        `has ${end - begin} bytes of data, expected ${expected} for ${dtype} [${shape.join(', ')}]`,
      );
    }
    covered = end;
  }
  const available = source.byteLength - dataStart;
  if (covered > available) {
    throw new AntipodeError(
      'format',
      `${source.name}: the file ends too early (it has ${source.byteLength} bytes, expected ${dataStart + covered})`,
      { hint: 'the file may be cut: fetch it again' },
    );
  }
  if (covered < available) {
    throw new AntipodeError(
      'format',
      `${source.name}: ${available - covered} bytes follow the last tensor and belong to none`,
    );
  }
}

function storedTensor(source: ByteSource, entry: HeaderEntry, dtype: DType, dataStart: number): StoredTensor {
  const start = dataStart + entry.begin;
  const byteLength = entry.end - entry.begin;
  const readAt = async (offset: number, target: Uint8Array): Promise<void> => {
    if (!(offset >= 0 && offset + target.byteLength <= byteLength)) {
      throw new AntipodeError(
        'format',
        `${source.name}: tensor ${entry.name}: read past its end (bytes ${offset} to ${offset + target.byteLength}, it has ${byteLength})`,
      );
    }
    await source.readInto(target, start + offset);
  };
  return {
    name: entry.name,
    dtype,
    shape: entry.shape,
    order: 'C',
    isRandomAccess: true,
    ...(source.path === undefined ? {} : { inFile: { path: source.path, offset: start } }),
    readBytes: readAt,
    async *stream() {
      for (let offset = 0; offset < byteLength; offset += STREAM_BYTES) {
        const piece = new Uint8Array(Math.min(STREAM_BYTES, byteLength - offset));
        await readAt(offset, piece);
        yield piece;
      }
    },
  };
}
