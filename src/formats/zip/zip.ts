/**
 * @file The directory of a zip file (PKWARE APPNOTE 6.3.10, zip64 included), read with yauzl through a `ByteSource`: names, methods, sizes
 * and checksums of the members. Members are read in place by `zip_member.ts` and never extracted, so a name such as `../x` is only a name.
 * Leaves out encryption, methods other than STORED and DEFLATE, and archives split over several disks: each is refused by a sentence.
 */

import { type Entry, fromRandomAccessReaderPromise, getFileNameLowLevel, RandomAccessReader } from 'yauzl';
import { AntipodeError } from '../../errors.ts';
import { shownName } from '../shown_name.ts';
import type { ByteSource } from '../source.ts';
import { type ZipEntry, type ZipMember, zipMember } from './zip_member.ts';

export type { ZipMember, ZipMethod } from './zip_member.ts';

/** A checkpoint of a large model has a few thousand tensors, each one member. */
export const MAX_ZIP_MEMBERS = 100_000;

/** 100,000 members with names of 100 characters take about 20 MB. */
export const MAX_ZIP_DIRECTORY_BYTES: number = 64 * 2 ** 20;

/** DEFLATE cannot expand more than 1,032 times (258 bytes from 2 bits), plus one last block. */
const MAX_INFLATE_RATIO = 1032;

const METHOD_STORED = 0;
const METHOD_DEFLATE = 8;
const LOCAL_HEADER_BYTES = 30;

/** Bytes read at once while walking the directory. */
const WINDOW_BYTES = 2 ** 16;

export interface ZipArchive {
  readonly name: string;
  /** By name, in the order of the central directory; folders are left out. */
  readonly members: ReadonlyMap<string, ZipMember>;
}

export interface ZipOptions {
  /** A recorded CRC-32 of 0 means that none was computed, as torch writes after `set_crc32_options(False)`. */
  readonly isZeroCrcUnchecked?: boolean;
}

/**
 * Reads the central directory; the source stays open and stays the caller's.
 * @throws {AntipodeError} `format` for what is not a zip file, is cut, has two members of one name, encrypted members, other methods, or
 * sizes that the file cannot hold
 */
export async function openZip(source: ByteSource, options: ZipOptions = {}): Promise<ZipArchive> {
  const members = new Map<string, ZipMember>();
  for (const entry of await readDirectory(source, options)) {
    if (members.has(entry.name)) {
      throw new AntipodeError('format', `${source.name}: two members are named ${shownName(entry.name)}`);
    }
    members.set(entry.name, zipMember(source, entry, `${source.name}: ${shownName(entry.name)}`));
  }
  return { name: source.name, members };
}

async function readDirectory(source: ByteSource, options: ZipOptions): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  let directoryBytes = 0;
  try {
    const reader = new SourceReader(source);
    const zip = await fromRandomAccessReaderPromise(reader, source.byteLength, {
      autoClose: false,
      // Names are decoded here, because yauzl refuses `..` and absolute paths, which matter only where files are extracted.
      decodeStrings: false,
    });
    zip.on('error', () => {});
    if (zip.entryCount > MAX_ZIP_MEMBERS) {
      throw refusal(source, `it lists ${zip.entryCount} members, the limit is ${MAX_ZIP_MEMBERS}`);
    }
    for await (const entry of zip.eachEntry()) {
      directoryBytes += 46 + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
      if (directoryBytes > MAX_ZIP_DIRECTORY_BYTES) {
        throw refusal(source, `its directory is larger than ${MAX_ZIP_DIRECTORY_BYTES} bytes`);
      }
      const checked = checkEntry(source, entry, options);
      if (!checked.name.endsWith('/')) entries.push(checked);
    }
    zip.close();
  } catch (error) {
    if (error instanceof AntipodeError) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw refusal(source, shownName(problem), error);
  }
  return entries;
}

function checkEntry(source: ByteSource, entry: Entry, options: ZipOptions): ZipEntry {
  const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
  const refuse = (problem: string, hint: string): never => {
    throw new AntipodeError('format', `${source.name}: ${shownName(name)}: ${problem}`, { hint });
  };
  const { compressedSize, uncompressedSize, compressionMethod } = entry;
  if (entry.isEncrypted()) refuse('the member is encrypted', 'decrypt the archive first');
  if (compressionMethod !== METHOD_STORED && compressionMethod !== METHOD_DEFLATE) {
    refuse(
      `compression method ${compressionMethod} is not supported (expected 0, stored, or 8, deflate)`,
      'write it again with numpy.savez or numpy.savez_compressed',
    );
  }
  const end = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + compressedSize;
  if (!Number.isSafeInteger(end) || end > source.byteLength) {
    refuse(
      `its data would end at byte ${end} of a file of ${source.byteLength}`,
      'the file may be cut: fetch it again',
    );
  }
  if (compressionMethod === METHOD_DEFLATE && uncompressedSize > compressedSize * MAX_INFLATE_RATIO + 1024) {
    refuse(
      `${compressedSize} compressed bytes cannot become the ${uncompressedSize} it declares`,
      'the file is damaged or was made to exhaust memory: fetch it again from a source you trust',
    );
  }
  return {
    name,
    rawName: entry.fileNameRaw,
    method: compressionMethod === METHOD_STORED ? 'STORED' : 'DEFLATE',
    compressedSize,
    uncompressedSize,
    crc32: options.isZeroCrcUnchecked && entry.crc32 === 0 ? undefined : entry.crc32,
    localHeaderOffset: entry.relativeOffsetOfLocalHeader,
  };
}

function refusal(source: ByteSource, problem: string, cause?: unknown): AntipodeError {
  return new AntipodeError('format', `${source.name}: not a readable zip file: ${problem}`, {
    hint: 'the file may be cut or damaged: fetch it again',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** yauzl reads the directory in steps of 46 bytes; a window over it saves most of the system calls. */
class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#fill(buffer.subarray(offset, offset + length), position).then(() => callback(null), callback);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  async #fill(target: Uint8Array, position: number): Promise<void> {
    const end = position + target.byteLength;
    if (!Number.isSafeInteger(end) || end > this.#source.byteLength) {
      throw new Error(`a record would end at byte ${end} of a file of ${this.#source.byteLength}`);
    }
    if (position < this.#start || end > this.#start + this.#window.byteLength) {
      const size = Math.min(Math.max(WINDOW_BYTES, target.byteLength), this.#source.byteLength - position);
      const window = new Uint8Array(size);
      await this.#source.readInto(window, position);
      this.#window = window;
      this.#start = position;
    }
    target.set(this.#window.subarray(position - this.#start, end - this.#start));
  }
}
