/**
 * @file The JSON header of a safetensors file, read strictly and in one pass over its bytes (github.com/huggingface/safetensors, "Format").
 * Only what the grammar has a place for is stored, so a hostile header costs about its own size in memory, which `JSON.parse` does not
 * promise; and duplicate keys, which `JSON.parse` drops in silence, are seen. Leaves out offsets and dtypes: `safetensors.ts` judges those.
 */

import { AntipodeError } from '../../errors.ts';

/** One entry as written, before any check against the file. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte range relative to the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: readonly HeaderEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** numpy's own limit is 64 axes; no stored weight has more than a handful. */
const MAX_RANK = 64;

/** Real names stay below 200 bytes; the limit keeps messages that quote one readable. Metadata values may be longer. */
const MAX_NAME_BYTES = 4096;

/** Fields this reader does not know are skipped, as the reference does; deeper nesting than this is refused to bound the stack. */
const MAX_SKIPPED_DEPTH = 16;

/**
 * @param bytes the header alone, trailing spaces allowed
 * @param fileName for messages
 * @throws {AntipodeError} `format` for anything but one JSON object of the documented form, duplicate names included
 */
export function parseHeader(bytes: Uint8Array, fileName: string): SafetensorsHeader {
  const json = new JsonCursor(bytes, fileName);
  const entries: HeaderEntry[] = [];
  const metadata = new Map<string, string>();
  // The reference requires the brace at the very first byte, which keeps other magic numbers out of that place.
  if (bytes[0] !== 0x7b) throw json.failure('does not begin with {', 0);
  json.object((name) => {
    if (name === '__metadata__') json.object((key) => void metadata.set(key, json.string()));
    else entries.push(readEntry(json, name));
  });
  json.expectEnd();
  return { entries, metadata: Object.fromEntries(metadata) };
}

function readEntry(json: JsonCursor, name: string): HeaderEntry {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  json.object((field) => {
    if (field === 'dtype') dtype = json.string(MAX_NAME_BYTES);
    else if (field === 'shape') shape = json.sizes(MAX_RANK);
    else if (field === 'data_offsets') offsets = json.sizes(2);
    else json.skip(MAX_SKIPPED_DEPTH);
  });
  const [begin, end] = offsets ?? [];
  if (dtype === undefined) throw json.failure(`tensor ${name} has no dtype`);
  if (shape === undefined) throw json.failure(`tensor ${name} has no shape`);
  if (begin === undefined || end === undefined) {
    throw json.failure(`tensor ${name} has no data_offsets of two numbers`);
  }
  return { name, dtype, shape, begin, end };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A position in JSON text that reads the one value that is expected there. */
class JsonCursor {
  readonly #bytes: Uint8Array;
  readonly #fileName: string;
  #at = 0;

  constructor(bytes: Uint8Array, fileName: string) {
    this.#bytes = bytes;
    this.#fileName = fileName;
  }

  failure(problem: string, at: number = this.#at): AntipodeError {
    return new AntipodeError('format', `${this.#fileName}: header: ${problem} (at byte ${8 + at})`, {
      hint: 'check that it is a safetensors file, and fetch it again if it may be damaged',
    });
  }

  /** Calls `member` with each key while the cursor stands at its value. */
  object(member: (key: string) => void): void {
    this.#expect(0x7b, 'an object');
    const seen = new Set<string>();
    if (this.#take(0x7d)) return;
    do {
      const at = this.#at;
      const key = this.string(MAX_NAME_BYTES);
      if (seen.has(key)) throw this.failure(`the name ${JSON.stringify(key)} stands twice`, at);
      seen.add(key);
      this.#expect(0x3a, 'a colon');
      member(key);
    } while (this.#take(0x2c));
    this.#expect(0x7d, 'a comma or the end of an object');
  }

  string(maxBytes = Number.POSITIVE_INFINITY): string {
    this.#expect(0x22, 'a string');
    const start = this.#at;
    let isPlain = true;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw this.failure('a string has no end', start);
      if (byte < 0x20) throw this.failure('a control character stands in a string');
      if (byte === 0x22) break;
      if (byte === 0x5c) {
        isPlain = false;
        this.#at += 1;
      }
      this.#at += 1;
    }
    const raw = this.#bytes.subarray(start, this.#at);
    if (raw.byteLength > maxBytes) {
      throw this.failure(`a name has ${raw.byteLength} bytes, the limit is ${maxBytes}`, start);
    }
    this.#at += 1;
    try {
      const text = UTF8.decode(raw);
      return isPlain ? text : String(JSON.parse(`"${text}"`));
    } catch (error) {
      throw this.failure(
        error instanceof SyntaxError ? 'a string has a wrong escape' : 'a string is not UTF-8',
        start,
      );
    }
  }

  /** An array of at most `limit` non-negative integers that a double holds exactly. */
  sizes(limit: number): number[] {
    this.#expect(0x5b, 'an array');
    const values: number[] = [];
    if (this.#take(0x5d)) return values;
    do {
      if (values.length === limit) throw this.failure(`an array has more than ${limit} numbers`);
      values.push(this.#size());
    } while (this.#take(0x2c));
    this.#expect(0x5d, 'a comma or the end of an array');
    return values;
  }

  #size(): number {
    this.#skipSpace();
    const start = this.#at;
    let value = 0;
    for (;;) {
      const digit = (this.#bytes[this.#at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      if (value > Number.MAX_SAFE_INTEGER) throw this.failure('a size is above 2^53', start);
      this.#at += 1;
    }
    const digits = this.#at - start;
    const hasLeadingZero = digits > 1 && this.#bytes[start] === 0x30;
    if (digits === 0 || hasLeadingZero) throw this.failure('expected a non-negative integer', start);
    return value;
  }

  /** Steps over any value. */
  skip(depth: number): void {
    if (depth === 0) throw this.failure('values are nested too deeply');
    this.#skipSpace();
    const byte = this.#bytes[this.#at];
    if (byte === 0x22) this.string();
    else if (byte === 0x7b) this.object(() => this.skip(depth - 1));
    else if (byte === 0x5b) {
      this.#at += 1;
      if (this.#take(0x5d)) return;
      do this.skip(depth - 1);
      while (this.#take(0x2c));
      this.#expect(0x5d, 'a comma or the end of an array');
    } else this.#skipLiteral();
  }

  #skipLiteral(): void {
    const start = this.#at;
    while (/[-+.\w]/.test(String.fromCharCode(this.#bytes[this.#at] ?? 0))) this.#at += 1;
    const text = String.fromCharCode(...this.#bytes.subarray(start, Math.min(this.#at, start + 64)));
    if (!/^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?)$/.test(text) || this.#at > start + 64) {
      throw this.failure('expected a value', start);
    }
  }

  expectEnd(): void {
    this.#skipSpace();
    if (this.#at < this.#bytes.byteLength) throw this.failure('something follows the JSON object');
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }

  #take(byte: number): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #expect(byte: number, what: string): void {
    if (!this.#take(byte)) {
      throw this.failure(
        this.#at >= this.#bytes.byteLength ? 'ends too early' : `not JSON, expected ${what}`,
      );
    }
  }
}
