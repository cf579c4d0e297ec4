/** @file One JSON value out of bytes, with a sentence for whatever is wrong with it (RFC 8259). Duplicate keys: the last wins, as in JavaScript. */

import { AntipodeError } from '../../errors.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param where begins the message, e.g. `batch-3.jsonl.gz:17`
 * @throws {AntipodeError} `format`
 */
export function parseJson(bytes: Uint8Array, where: string): unknown {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch (error) {
    throw new AntipodeError('format', `${where}: not UTF-8 text`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const short = reason.length > 160 ? `${reason.slice(0, 160)}…` : reason;
    throw new AntipodeError('format', `${where}: not JSON (${short})`, { cause: error });
  }
}

/** One array out of several; a single piece is not copied. */
export function joinPieces(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = pieces;
  if (first && pieces.length === 1) return first;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.byteLength;
  }
  return joined;
}

export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}
