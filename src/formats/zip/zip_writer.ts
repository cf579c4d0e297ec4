/**
 * @file Zip files with stored members, written front to back (PKWARE APPNOTE 6.3.10): zip64 records where a size, an offset or the number
 * of members needs them, data on 64-byte boundaries, and a fixed date, so that the same members give the same bytes. Leaves out compression.
 */

import { crc32 } from 'node:zlib';

export interface StoredMember {
  readonly name: string;
  readonly byteLength: number;
  /** Called once; gives exactly `byteLength` bytes. */
  readonly pieces: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Where it is not known before, a data descriptor carries it behind the data. */
  readonly crc32?: number;
}

/** In 32-bit and 16-bit fields these mean "see the zip64 record". */
const MAX32 = 0xffffffff;
const MAX16 = 0xffff;

const ALIGNMENT = 64;
/** The extra field that Android's zipalign uses for padding; readers skip what they do not know. */
const PADDING_FIELD = 0xd935;
const ZIP64_FIELD = 0x0001;

const FLAG_DESCRIPTOR = 1 << 3;
const FLAG_UTF8 = 1 << 11;
/** 1980-01-01, the zero of DOS dates. */
const DOS_DATE = (1 << 5) | 1;
/** Made on Unix, a plain file that everyone may read: without it, tools take names for DOS text. */
const MADE_ON_UNIX = 3 << 8;
const UNIX_FILE_MODE = 0o100644;
const VERSION_PLAIN = 20;
const VERSION_ZIP64 = 45;

interface Written {
  readonly name: Uint8Array;
  readonly flags: number;
  readonly size: number;
  readonly crc: number;
  readonly offset: number;
}

/** The bytes of the whole archive, in order. @throws {Error} `internal:` where a member gives another number of bytes than it said */
export async function* storedZip(
  members: Iterable<StoredMember>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const written: Written[] = [];
  let offset = 0;
  for (const member of members) {
    const name = new TextEncoder().encode(member.name);
    const flags =
      (name.byteLength === member.name.length ? 0 : FLAG_UTF8) |
      (member.crc32 === undefined ? FLAG_DESCRIPTOR : 0);
    const start = offset;
    const header = localHeader({ name, flags, size: member.byteLength, crc: member.crc32 ?? 0, offset });
    yield header;
    offset += header.byteLength;
    let length = 0;
    let crc = 0;
    for await (const piece of member.pieces()) {
      length += piece.byteLength;
      if (member.crc32 === undefined) crc = crc32(piece, crc);
      yield piece;
    }
    if (length !== member.byteLength) {
      throw new Error(`internal: ${member.name} gave ${length} bytes, expected ${member.byteLength}`);
    }
    offset += length;
    const record: Written = { name, flags, size: length, crc: member.crc32 ?? crc, offset: start };
    if (member.crc32 === undefined) {
      const descriptor = dataDescriptor(record);
      yield descriptor;
      offset += descriptor.byteLength;
    }
    written.push(record);
  }
  yield* directory(written, offset);
}

/** Little-endian fields one after the other. */
class Fields {
  readonly #bytes: number[] = [];

  u16(...values: number[]): this {
    for (const value of values) this.#bytes.push(value & 0xff, (value >>> 8) & 0xff);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.u16(value & 0xffff, value >>> 16);
    return this;
  }

  u64(...values: number[]): this {
    for (const value of values) this.u32(value % 2 ** 32, Math.floor(value / 2 ** 32));
    return this;
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  get length(): number {
    return this.#bytes.length;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

function localHeader({ name, flags, size, crc, offset }: Written): Uint8Array {
  const isZip64 = size >= MAX32;
  const isLater = (flags & FLAG_DESCRIPTOR) !== 0;
  const known = isLater ? 0 : size;
  const extra = new Fields();
  if (isZip64) extra.u16(ZIP64_FIELD, 16).u64(known, known);
  const unpadded = offset + 30 + name.byteLength + extra.length;
  // A padding field has at least its own six bytes; one that is not needed is left out.
  const gap = unpadded % ALIGNMENT === 0 ? 0 : ALIGNMENT - ((unpadded + 6) % ALIGNMENT || ALIGNMENT) + 6;
  if (gap > 0) extra.u16(PADDING_FIELD, gap - 4, ALIGNMENT).raw(new Uint8Array(gap - 6));
  const shown = isZip64 ? MAX32 : known;
  return new Fields()
    .u32(0x04034b50)
    .u16(isZip64 ? VERSION_ZIP64 : VERSION_PLAIN, flags, 0, 0, DOS_DATE)
    .u32(isLater ? 0 : crc, shown, shown)
    .u16(name.byteLength, extra.length)
    .raw(name)
    .raw(extra.done())
    .done();
}

function dataDescriptor({ size, crc }: Written): Uint8Array {
  const fields = new Fields().u32(0x08074b50, crc);
  return (size >= MAX32 ? fields.u64(size, size) : fields.u32(size, size)).done();
}

function centralHeader({ name, flags, size, crc, offset }: Written): Uint8Array {
  const extra = new Fields();
  if (size >= MAX32) extra.u64(size, size);
  if (offset >= MAX32) extra.u64(offset);
  const zip64 = extra.length > 0 ? new Fields().u16(ZIP64_FIELD, extra.length).raw(extra.done()).done() : [];
  const version = zip64.length > 0 ? VERSION_ZIP64 : VERSION_PLAIN;
  return new Fields()
    .u32(0x02014b50)
    .u16(MADE_ON_UNIX | version, version, flags, 0, 0, DOS_DATE)
    .u32(crc, Math.min(size, MAX32), Math.min(size, MAX32))
    .u16(name.byteLength, zip64.length, 0, 0, 0)
    .u16(0, UNIX_FILE_MODE)
    .u32(Math.min(offset, MAX32))
    .raw(name)
    .raw(zip64)
    .done();
}

function* directory(written: readonly Written[], start: number): Generator<Uint8Array, void, undefined> {
  let size = 0;
  for (const record of written) {
    const header = centralHeader(record);
    size += header.byteLength;
    yield header;
  }
  const count = written.length;
  const end = start + size;
  if (count >= MAX16 || size >= MAX32 || start >= MAX32) {
    yield new Fields()
      .u32(0x06064b50)
      .u64(44)
      .u16(MADE_ON_UNIX | VERSION_ZIP64, VERSION_ZIP64)
      .u32(0, 0)
      .u64(count, count, size, start)
      .u32(0x07064b50, 0)
      .u64(end)
      .u32(1)
      .done();
  }
  const shownCount = Math.min(count, MAX16);
  yield new Fields()
    .u32(0x06054b50)
    .u16(0, 0, shownCount, shownCount)
    .u32(Math.min(size, MAX32), Math.min(start, MAX32))
    .u16(0)
    .done();
}
