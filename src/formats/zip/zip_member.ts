/**
 * @file The bytes of one zip member (APPNOTE 6.3.10, sections 4.3.7 and 4.4): positional reads where it is stored, raw DEFLATE (RFC 1951)
 * from its start where it is compressed, CRC-32 at the end of a full stream. Nothing is ever written to disk.
 */

import { pipeline, Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { AntipodeError } from '../../errors.ts';
import type { ByteSource } from '../source.ts';
import { type ByteRegion, piecesOfSource } from './byte_region.ts';

/** Bytes that one inflate step gives, which bounds its memory. */
const INFLATE_PIECE_BYTES = 2 ** 20;

const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER_SIGNATURE = 0x04034b50;

export type ZipMethod = 'STORED' | 'DEFLATE';

/** What the central directory says about a member, sizes checked against the file. */
export interface ZipEntry {
  readonly name: string;
  /** The name as stored, which the local header must repeat. */
  readonly rawName: Uint8Array;
  readonly method: ZipMethod;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  /** Undefined where the file records none. */
  readonly crc32: number | undefined;
  readonly localHeaderOffset: number;
}

/**
 * `readInto` of a DEFLATE member inflates from its start to the end of the range each time: read such a member through `stream`, once.
 */
export interface ZipMember extends ByteRegion {
  readonly name: string;
  readonly method: ZipMethod;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  /** Where its data starts in the file; reads the local header on first use. @throws {AntipodeError} `format` */
  dataOffset(): Promise<number>;
}

export function zipMember(source: ByteSource, entry: ZipEntry, label: string): ZipMember {
  let located: Promise<number> | undefined;
  const dataOffset = (): Promise<number> => (located ??= locateData(source, entry, label));
  const isStored = entry.method === 'STORED';
  const stream = (): AsyncIterable<Uint8Array> => checkedStream(source, entry, { label, dataOffset });
  const readInto = async (target: Uint8Array, offset: number): Promise<void> => {
    if (!(offset >= 0) || offset + target.byteLength > entry.uncompressedSize) {
      throw new AntipodeError(
        'format',
        `${label}: read past its end (bytes ${offset} to ${offset + target.byteLength}, it has ${entry.uncompressedSize})`,
      );
    }
    if (target.byteLength === 0) return;
    if (isStored) await source.readInto(target, (await dataOffset()) + offset);
    else await copyFromStream(stream(), target, offset);
  };
  return {
    name: entry.name,
    label,
    method: entry.method,
    compressedSize: entry.compressedSize,
    uncompressedSize: entry.uncompressedSize,
    byteLength: entry.uncompressedSize,
    ...(entry.crc32 === undefined ? {} : { crc32: entry.crc32 }),
    isRandomAccess: isStored,
    dataOffset,
    readInto,
    stream,
  };
}

/** The local header's own sizes are ignored: numpy writes 0xFFFFFFFF there and torch zeros, and the central directory has them. */
async function locateData(source: ByteSource, entry: ZipEntry, label: string): Promise<number> {
  const header = new Uint8Array(LOCAL_HEADER_BYTES);
  await source.readInto(header, entry.localHeaderOffset);
  const view = new DataView(header.buffer);
  if (view.getUint32(0, true) !== LOCAL_HEADER_SIGNATURE) {
    throw damaged(label, `no local header at byte ${entry.localHeaderOffset}`);
  }
  const nameStart = entry.localHeaderOffset + LOCAL_HEADER_BYTES;
  const name = new Uint8Array(view.getUint16(26, true));
  const start = nameStart + name.byteLength + view.getUint16(28, true);
  if (start + entry.compressedSize > source.byteLength) {
    throw damaged(
      label,
      `its data would end at byte ${start + entry.compressedSize} of ${source.byteLength}`,
    );
  }
  await source.readInto(name, nameStart);
  if (Buffer.compare(name, entry.rawName) !== 0) {
    throw damaged(label, `another member lies at byte ${entry.localHeaderOffset}`);
  }
  return start;
}

interface StreamContext {
  readonly label: string;
  readonly dataOffset: () => Promise<number>;
}

async function* checkedStream(
  source: ByteSource,
  entry: ZipEntry,
  context: StreamContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  const start = await context.dataOffset();
  const raw = piecesOfSource(source, start, start + entry.compressedSize);
  let length = 0;
  let crc = 0;
  for await (const piece of entry.method === 'STORED' ? raw : inflated(raw, entry, context.label)) {
    length += piece.byteLength;
    if (length > entry.uncompressedSize) {
      throw damaged(
        context.label,
        `it inflates to more than the ${entry.uncompressedSize} bytes it declares`,
      );
    }
    if (entry.crc32 !== undefined) crc = crc32(piece, crc);
    yield piece;
  }
  if (length !== entry.uncompressedSize) {
    throw damaged(context.label, `it inflates to ${length} bytes, expected ${entry.uncompressedSize}`);
  }
  if (entry.crc32 !== undefined && crc !== entry.crc32) {
    throw damaged(context.label, `its checksum is ${hex(crc)}, expected ${hex(entry.crc32)}`);
  }
}

async function* inflated(
  raw: AsyncIterable<Uint8Array>,
  entry: ZipEntry,
  label: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const inflate = createInflateRaw({
    chunkSize: Math.max(1024, Math.min(INFLATE_PIECE_BYTES, entry.uncompressedSize)),
  });
  // The callback only keeps `pipeline` from rethrowing: the error reaches the loop below through `inflate` itself.
  pipeline(Readable.from(raw, { highWaterMark: 1 }), inflate, () => {});
  try {
    for await (const piece of inflate) yield piece as Uint8Array;
  } catch (error) {
    if (error instanceof AntipodeError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw damaged(label, `it cannot be inflated (${cause})`, error);
  }
}

async function copyFromStream(
  stream: AsyncIterable<Uint8Array>,
  target: Uint8Array,
  offset: number,
): Promise<void> {
  const end = offset + target.byteLength;
  let at = 0;
  for await (const piece of stream) {
    const from = Math.max(offset, at);
    const to = Math.min(end, at + piece.byteLength);
    if (from < to) target.set(piece.subarray(from - at, to - at), from - offset);
    at += piece.byteLength;
    // A range that ends with the member goes on to the end of the stream, where the checksum is compared.
    if (at > end) return;
  }
}

function damaged(label: string, problem: string, cause?: unknown): AntipodeError {
  return new AntipodeError('format', `${label}: the member is damaged: ${problem}`, {
    hint: 'fetch the file again, or test it with: unzip -t',
    ...(cause === undefined ? {} : { cause }),
  });
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
