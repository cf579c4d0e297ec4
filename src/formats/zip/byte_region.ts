/**
 * @file A run of bytes inside a container, with positional reads and a stream from its start: a whole file, or one member of a zip.
 * Array formats (`npy`, torch storages) read through it and need not know which.
 */

import type { ByteSource } from '../source.ts';

export interface ByteRegion {
  /** Shown in messages, e.g. `params.npz: W_dec.npy`. */
  readonly label: string;
  readonly byteLength: number;
  /** True where `readInto` costs only the bytes asked for; false where it has to decompress from the start of the region. */
  readonly isRandomAccess: boolean;
  /** CRC-32 of all bytes, where the container records one. */
  readonly crc32?: number;
  /**
   * Fills `target` from `offset` on; for a random-access region without any copy.
   * @throws {AntipodeError} `format` past the end or where the data is damaged
   */
  readInto(target: Uint8Array, offset: number): Promise<void>;
  /**
   * All bytes in order, in fresh pieces of at most a few MiB (memory use is about one piece). A consumer that reaches the end knows that
   * the checksum held. @throws {AntipodeError} `format` where the data is damaged
   */
  stream(): AsyncIterable<Uint8Array>;
}

/** Bytes per piece: large enough that the cost per read vanishes, small beside any weight matrix. */
export const PIECE_BYTES: number = 4 * 2 ** 20;

/** Bytes `start` to `end` of `source` in fresh pieces. */
export async function* piecesOfSource(
  source: Pick<ByteSource, 'readInto'>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let offset = start; offset < end; offset += PIECE_BYTES) {
    const piece = new Uint8Array(Math.min(PIECE_BYTES, end - offset));
    await source.readInto(piece, offset);
    yield piece;
  }
}

export function regionOfSource(source: ByteSource): ByteRegion {
  return {
    label: source.name,
    byteLength: source.byteLength,
    isRandomAccess: true,
    readInto: (target, offset) => source.readInto(target, offset),
    stream: () => piecesOfSource(source, 0, source.byteLength),
  };
}

/** All of it, through its checksum. The caller has compared its size with a limit. */
export async function readRegion(region: ByteRegion): Promise<Uint8Array> {
  const bytes = new Uint8Array(region.byteLength);
  let at = 0;
  for await (const piece of region.stream()) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}
