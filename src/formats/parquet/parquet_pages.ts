/**
 * @file The pages of one flat Parquet column chunk (parquet-format, README "Data Pages" and Encodings.md): versions 1 and 2, PLAIN, RLE and
 * dictionary encodings; uncompressed, snappy and gzip. Headers and plain values are read by hyparquet; runs and snappy are our own, because
 * hyparquet's let a few damaged bytes claim gigabytes or loop. Leaves out delta encodings, nesting, zstd (absent from Node 20).
 */

import { gunzipSync } from 'node:zlib';
import type { DecodedArray, PageHeader, ParquetType } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { AntipodeError } from '../../errors.ts';
import { decodeRuns } from './parquet_levels.ts';
import { unsnappy } from './snappy.ts';

export interface ChunkFacts {
  /** Begins every message: file and column. */
  readonly where: string;
  readonly type: ParquetType;
  readonly codec: string;
  /** Null is possible: a definition level of 0 or 1 precedes the values. */
  readonly isOptional: boolean;
  readonly rowCount: number;
  /** Asked before each page is unpacked; throws once a file unpacks to too much. */
  readonly spend: (bytes: number) => void;
}

/** Writers aim at 1 MiB a page; a single huge text makes one larger. */
const MAX_PAGE_BYTES = 64 * 2 ** 20;

type Stored = DecodedArray[number] | null;

/**
 * @param bytes the whole chunk, dictionary page included
 * @returns exactly `rowCount` values in physical form (byte arrays as `Uint8Array`), null where the level says so
 * @throws {AntipodeError} `format`; any other error comes from the library and means a malformed page
 */
export function decodeChunk(bytes: Uint8Array, facts: ChunkFacts): Stored[] {
  const rows: Stored[] = [];
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
  let dictionary: DecodedArray | undefined;
  while (rows.length < facts.rowCount) {
    const header = parquetHeader(reader);
    const size = header.compressed_page_size;
    if (!isSize(size, bytes.byteLength - reader.offset))
      throw malformed(facts, 'a page ends behind its chunk');
    if (!isSize(header.uncompressed_page_size, MAX_PAGE_BYTES)) {
      throw malformed(facts, `a page would unpack to more than ${MAX_PAGE_BYTES} bytes`);
    }
    facts.spend(header.uncompressed_page_size);
    const page = bytes.subarray(reader.offset, reader.offset + size);
    reader.offset += size;
    if (header.type === 'DICTIONARY_PAGE') dictionary = readDictionary(page, header, facts);
    else for (const value of readDataPage(page, header, dictionary, facts, rows.length)) rows.push(value);
  }
  return rows;
}

function readDictionary(page: Uint8Array, header: PageHeader, facts: ChunkFacts): DecodedArray {
  const unpacked = unpack(page, header.uncompressed_page_size, facts);
  const count = header.dictionary_page_header?.num_values;
  if (!isSize(count, unpacked.byteLength)) throw malformed(facts, 'a dictionary has more entries than bytes');
  return plainValues(unpacked, count, facts);
}

function readDataPage(
  page: Uint8Array,
  header: PageHeader,
  dictionary: DecodedArray | undefined,
  facts: ChunkFacts,
  rowsBefore: number,
): Stored[] {
  const head = header.type === 'DATA_PAGE' ? header.data_page_header : header.data_page_header_v2;
  if (!head) throw malformed(facts, `has a page of the unknown kind ${header.type}`);
  const count = head.num_values;
  if (!isSize(count, facts.rowCount - rowsBefore)) throw malformed(facts, 'has more values than rows');
  const { levels, data } =
    'num_rows' in head
      ? splitVersion2(page, header, facts, count)
      : splitVersion1(unpack(page, header.uncompressed_page_size, facts), facts, count);
  const present = levels ? levels.reduce((sum, level) => sum + (level === 1 ? 1 : 0), 0) : count;
  const values = decodeValues(data, head.encoding, present, dictionary, facts);
  if (!levels) return Array.from<Stored>(values);
  let next = 0;
  return Array.from(levels, (level) => (level === 1 ? values[next++]! : null));
}

interface SplitPage {
  readonly levels: Uint32Array | undefined;
  readonly data: Uint8Array;
}

function splitVersion1(page: Uint8Array, facts: ChunkFacts, count: number): SplitPage {
  if (!facts.isOptional) return { levels: undefined, data: page };
  const { runs, rest } = lengthPrefixed(page, facts);
  return { levels: levelsFrom(runs, count, facts), data: rest };
}

function splitVersion2(page: Uint8Array, header: PageHeader, facts: ChunkFacts, count: number): SplitPage {
  const head = header.data_page_header_v2!;
  const length = head.definition_levels_byte_length;
  if (head.repetition_levels_byte_length !== 0 || !isSize(length, page.byteLength)) {
    throw malformed(facts, 'has page levels of an impossible size');
  }
  const rest = page.subarray(length);
  const unpackedSize = header.uncompressed_page_size - length;
  if (unpackedSize < 0) throw malformed(facts, 'has page levels of an impossible size');
  // An all-null page has no data at all, not even an empty compressed block.
  const isPacked = head.is_compressed !== false && rest.byteLength > 0;
  return {
    levels: facts.isOptional ? levelsFrom(page.subarray(0, length), count, facts) : undefined,
    data: isPacked ? unpack(rest, unpackedSize, facts) : rest,
  };
}

function levelsFrom(runs: Uint8Array, count: number, facts: ChunkFacts): Uint32Array {
  const levels = decodeRuns(runs, 1, count);
  if (!levels) throw malformed(facts, 'has page levels that end too early');
  return levels;
}

function decodeValues(
  data: Uint8Array,
  encoding: string,
  count: number,
  dictionary: DecodedArray | undefined,
  facts: ChunkFacts,
): DecodedArray {
  switch (encoding) {
    case 'PLAIN':
      return plainValues(data, count, facts);
    case 'RLE': {
      if (facts.type !== 'BOOLEAN') break;
      const bits = decodeRuns(lengthPrefixed(data, facts).runs, 1, count);
      if (!bits) throw malformed(facts, 'has values that end too early');
      return Array.from(bits, (bit) => bit === 1);
    }
    case 'RLE_DICTIONARY':
    case 'PLAIN_DICTIONARY': {
      if (count === 0) return [];
      const width = data[0];
      const indices = isSize(width, 32) ? decodeRuns(data.subarray(1), width, count) : undefined;
      if (!indices) throw malformed(facts, 'has values that end too early');
      return Array.from(indices, (index) => {
        if (!dictionary || index >= dictionary.length)
          throw malformed(facts, 'points outside its dictionary');
        return dictionary[index];
      });
    }
  }
  throw new AntipodeError('format', `${facts.where}: uses the encoding ${encoding}, which is not supported`, {
    hint: 'write it again with plain or dictionary encoding',
  });
}

function plainValues(data: Uint8Array, count: number, facts: ChunkFacts): DecodedArray {
  const reader = { view: new DataView(data.buffer, data.byteOffset, data.byteLength), offset: 0 };
  const values = readPlain(reader, facts.type, count, undefined);
  // The library checks against the whole buffer, of which a page is a part.
  if (reader.offset > data.byteLength) throw malformed(facts, 'has values that end behind their page');
  return values;
}

function lengthPrefixed(bytes: Uint8Array, facts: ChunkFacts): { runs: Uint8Array; rest: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.byteLength < 4 ? undefined : view.getUint32(0, true);
  if (!isSize(length, bytes.byteLength - 4)) throw malformed(facts, 'has page levels that end too early');
  return { runs: bytes.subarray(4, 4 + length), rest: bytes.subarray(4 + length) };
}

function unpack(bytes: Uint8Array, size: number, facts: ChunkFacts): Uint8Array {
  switch (facts.codec) {
    case 'UNCOMPRESSED':
      if (bytes.byteLength !== size) throw malformed(facts, 'has a page of another size than it says');
      return bytes;
    case 'SNAPPY': {
      const unpacked = unsnappy(bytes, size);
      if (!unpacked) throw malformed(facts, 'has a page that does not unpack');
      return unpacked;
    }
    case 'GZIP': {
      const unpacked = gunzipSync(bytes, { maxOutputLength: Math.max(1, size) });
      if (unpacked.byteLength !== size) throw malformed(facts, 'has a page of another size than it says');
      return unpacked;
    }
    default:
      throw new AntipodeError(
        'format',
        `${facts.where}: compressed with ${facts.codec}, which is not supported`,
        {
          hint: 'write it again with snappy',
        },
      );
  }
}

function isSize(value: unknown, limit: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit;
}

function malformed(facts: ChunkFacts, problem: string): AntipodeError {
  return new AntipodeError('format', `${facts.where}: ${problem}: the file is damaged`);
}
