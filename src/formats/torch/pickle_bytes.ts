/** @file The operands of pickle instructions: numbers, text and bytes from a position onwards, each checked against what is left. */

import { AntipodeError } from '../../errors.ts';

/** Names and configuration text; nothing in a state dict is longer. */
const MAX_TEXT_BYTES = 2 ** 20;

/** Module and attribute names are short; a line without an end must not be searched to the end of the file each time. */
const MAX_LINE_BYTES = 1024;

/** Whole numbers past 2,000 bits occur in no checkpoint. */
const MAX_LONG_BYTES = 255;

export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #label: string;
  #at = 0;

  constructor(bytes: Uint8Array, label: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#label = label;
  }

  get at(): number {
    return this.#at;
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  #problem(problem: string): AntipodeError {
    return new AntipodeError('format', `${this.#label}: ${problem} (at byte ${this.#at})`, {
      hint: 'the file may be damaged: fetch it again, or ask for a safetensors copy',
    });
  }

  /** Moves past `length` bytes and says where they began. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.byteLength - start) throw this.#problem('the pickle ends too early');
    this.#at = start + length;
    return start;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** A length or an offset; past 2^53 it is rounded, and too long anyway. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  /** Big-endian, unlike all others. */
  f64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** Two's complement, little-endian; a number where it is safe, else a bigint. */
  long(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) throw this.#problem(`a whole number of ${length} bytes`);
    const start = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[start + i]!);
    value = BigInt.asIntN(8 * length, value);
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  /** UTF-8; lone surrogates, which Python can write, come back as U+FFFD. */
  text(length: number): string {
    if (length > MAX_TEXT_BYTES)
      throw this.#problem(`text of ${length} bytes, the limit is ${MAX_TEXT_BYTES}`);
    const start = this.#take(length);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length).toString('utf8');
  }

  raw(length: number): Uint8Array {
    if (length > MAX_TEXT_BYTES) {
      throw this.#problem(`a byte string of ${length} bytes, the limit is ${MAX_TEXT_BYTES}`);
    }
    const start = this.#take(length);
    return this.#bytes.slice(start, start + length);
  }

  /** Text up to a newline, which is left out. */
  line(): string {
    const start = this.#at;
    const end = this.#bytes.subarray(start, start + MAX_LINE_BYTES).indexOf(0x0a);
    if (end < 0) throw this.#problem('a name without an end');
    this.#at = start + end + 1;
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, end).toString('utf8');
  }
}
