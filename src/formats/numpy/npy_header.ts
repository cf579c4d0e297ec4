/**
 * @file The header of numpy's `.npy` format, versions 1.0, 2.0 and 3.0 (numpy.lib.format): magic, length, and a Python dict literal with
 * `descr`, `fortran_order` and `shape`. The literal is read by a small strict parser; nothing is evaluated. Also writes version 1.0 headers.
 * Leaves out structured types, whose headers are recognised and reported as not supported.
 */

import { AntipodeError } from '../../errors.ts';
import { bytesOf, type DType } from '../../tensor/dtype.ts';
import { shownName } from '../shown_name.ts';
import { elementCount } from '../tensor_file.ts';

/** numpy itself refuses more than 10,000 characters unless told otherwise; plain arrays need under 500. */
export const MAX_NPY_HEADER_BYTES: number = 2 ** 16;

/** numpy 2 allows 64 axes. */
const MAX_AXES = 64;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

export interface NpyArrayHeader {
  readonly dtype: DType;
  readonly isBigEndian: boolean;
  readonly shape: readonly number[];
  /** `F` only where it matters: 0-d and 1-d arrays are always `C`. */
  readonly order: 'C' | 'F';
}

export type NpyHeader =
  | { readonly array: NpyArrayHeader }
  /** The header is sound, but its element type has no `DType`; the text names it and says why. */
  | { readonly unsupported: string };

/** Letters and sizes as numpy writes them, without the byte order. */
const DTYPES: Readonly<Record<string, DType>> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  i4: 'I32',
  i2: 'I16',
  i1: 'I8',
  u1: 'U8',
  b1: 'BOOL',
};

const DESCR: Readonly<Record<DType, string>> = {
  F64: '<f8',
  F32: '<f4',
  F16: '<f2',
  BF16: '<V2',
  I64: '<i8',
  I32: '<i4',
  I16: '<i2',
  I8: '|i1',
  U8: '|u1',
  BOOL: '|b1',
};

/**
 * Where the header text lies.
 * @param prefix at least the first 12 bytes, or all of a shorter file
 * @throws {AntipodeError} `format` for another magic, version or an endless header
 */
export function npyHeaderRange(prefix: Uint8Array, label: string): { start: number; end: number } {
  if (prefix.byteLength < 10 || MAGIC.some((byte, i) => prefix[i] !== byte)) {
    throw malformed(label, 'not a .npy array: it does not begin with \\x93NUMPY');
  }
  const [major, minor] = [prefix[6]!, prefix[7]!];
  if (major < 1 || major > 3 || minor !== 0) {
    throw malformed(label, `has .npy version ${major}.${minor} (expected 1.0, 2.0 or 3.0)`);
  }
  const start = major === 1 ? 10 : 12;
  if (prefix.byteLength < start) throw malformed(label, 'ends inside the .npy header');
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_NPY_HEADER_BYTES) {
    throw malformed(label, `has a .npy header of ${length} bytes, the limit is ${MAX_NPY_HEADER_BYTES}`);
  }
  return { start, end: start + length };
}

/**
 * Reads the dict literal. Keys may come in any order; all three must be there, once, and nothing else.
 * @throws {AntipodeError} `format` for anything but such a dict, or a shape whose size is not a safe integer
 */
export function parseNpyHeader(text: string, label: string): NpyHeader {
  const cursor = new LiteralCursor(text, label);
  const found: { descr?: string; unsupported?: string; order?: 'C' | 'F'; shape?: number[] } = {};
  const seen = new Set<string>();
  cursor.expect('{');
  while (!cursor.take('}')) {
    const key = cursor.string();
    if (seen.has(key)) throw cursor.failure(`the key ${shownName(key)} stands twice`);
    seen.add(key);
    cursor.expect(':');
    if (key === 'descr') {
      if (cursor.isAt('[') || cursor.isAt('(') || cursor.isAt('{')) {
        return { unsupported: 'a structured type (several fields per element)' };
      }
      found.descr = cursor.string();
    } else if (key === 'fortran_order') found.order = cursor.boolean() ? 'F' : 'C';
    else if (key === 'shape') found.shape = cursor.shape();
    else throw cursor.failure(`unknown key ${shownName(key)}`);
    if (!cursor.take(',')) {
      cursor.expect('}');
      break;
    }
  }
  cursor.end();
  const { descr, order, shape } = found;
  if (descr === undefined || order === undefined || shape === undefined) {
    throw cursor.failure('one of descr, fortran_order and shape is missing');
  }
  const type = readDescr(descr);
  if ('unsupported' in type) return type;
  if (!Number.isSafeInteger(elementCount(shape) * bytesOf(type.dtype))) {
    throw cursor.failure(`the shape (${shape.join(', ')}) is larger than any file`);
  }
  const isOrdered = shape.filter((size) => size !== 1).length > 1;
  return { array: { ...type, shape, order: isOrdered ? order : 'C' } };
}

function readDescr(descr: string): { dtype: DType; isBigEndian: boolean } | { unsupported: string } {
  // ml_dtypes registers bfloat16 as a void type with a byte order, so numpy writes `<V2`; a plain two-byte void is `|V2`.
  if (descr === '<V2' || descr === 'bfloat16') return { dtype: 'BF16', isBigEndian: false };
  const [, order, kind] = /^([<>|])([a-z]\d{1,2})$/.exec(descr) ?? [];
  const dtype = kind === undefined || !Object.hasOwn(DTYPES, kind) ? undefined : DTYPES[kind];
  if (dtype !== undefined && (order !== '|' || bytesOf(dtype) === 1)) {
    return { dtype, isBigEndian: order === '>' && bytesOf(dtype) > 1 };
  }
  const shown = shownName(descr);
  if (/^[<>|=]?O/.test(descr)) {
    return {
      unsupported: `${shown} (Python objects; reading them would mean unpickling, which can run code)`,
    };
  }
  if (/^[<>|=]?V2$/.test(descr)) {
    return { unsupported: `${shown} (two raw bytes per element; could be bfloat16: save it as float32)` };
  }
  if (/^[<>|=]?[US]/.test(descr)) return { unsupported: `${shown} (text)` };
  return { unsupported: shown };
}

/**
 * A version 1.0 header with its padding, a multiple of 64 bytes, so that an array whose file starts on a 64-byte boundary does too.
 * Little-endian types; BF16 is written as ml_dtypes does.
 */
export function npyHeader(dtype: DType, shape: readonly number[], order: 'C' | 'F' = 'C'): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${DESCR[dtype]}', 'fortran_order': ${order === 'F' ? 'True' : 'False'}, 'shape': ${tuple}, }`;
  const total = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const text = `${dict.padEnd(total - 11)}\n`;
  const bytes = new Uint8Array(total);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, text.length, true);
  bytes.set(new TextEncoder().encode(text), 10);
  return bytes;
}

/** A position in a Python literal that reads the one kind of value expected there. */
class LiteralCursor {
  readonly #text: string;
  readonly #label: string;
  #at = 0;

  constructor(text: string, label: string) {
    this.#text = text;
    this.#label = label;
  }

  failure(problem: string): AntipodeError {
    return malformed(this.#label, `.npy header: ${problem} (at character ${this.#at})`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) return undefined;
    this.#at = pattern.lastIndex;
    return found[0];
  }

  #skip(): void {
    this.#match(/[ \t\n\r]*/y);
  }

  isAt(character: string): boolean {
    this.#skip();
    return this.#text[this.#at] === character;
  }

  take(character: string): boolean {
    if (!this.isAt(character)) return false;
    this.#at++;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw this.failure(`expected ${character}`);
  }

  /** A quoted string without escapes, which numpy never writes for these keys and types. */
  string(): string {
    this.#skip();
    const quoted = this.#match(/'[^'\\\n]*'|"[^"\\\n]*"/y);
    if (quoted === undefined) throw this.failure('expected a string');
    return quoted.slice(1, -1);
  }

  boolean(): boolean {
    this.#skip();
    const word = this.#match(/True\b|False\b/y);
    if (word === undefined) throw this.failure('expected True or False');
    return word === 'True';
  }

  /** A tuple of axis lengths; Python 2 wrote them as `3L`. */
  shape(): number[] {
    const sizes: number[] = [];
    this.expect('(');
    while (!this.take(')')) {
      this.#skip();
      const digits = this.#match(/\d{1,16}(?=L?\s*[,)])/y);
      const size = Number(digits);
      if (digits === undefined || !Number.isSafeInteger(size)) throw this.failure('expected an axis length');
      this.#match(/L/y);
      sizes.push(size);
      if (sizes.length > MAX_AXES) throw this.failure(`more than ${MAX_AXES} axes`);
      if (this.take(',')) continue;
      this.expect(')');
      if (sizes.length === 1) throw this.failure('expected a tuple, found a number in brackets');
      break;
    }
    return sizes;
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw this.failure('text behind the dict');
  }
}

function malformed(label: string, problem: string): AntipodeError {
  return new AntipodeError('format', `${label}: ${problem}`, {
    hint: 'the file may be cut or damaged: write or fetch it again',
  });
}
