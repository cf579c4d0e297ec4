/**
 * @file Byte streams that may be gzip (RFC 1952): told apart by their first two bytes, never by their name. Several members in a row
 * are one stream; a stream that is cut or damaged is a sentence. Memory use is a few chunks, however far the data expands.
 */

import { basename } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AntipodeError, systemErrorCode } from '../../errors.ts';
import { openRegularFile } from '../source.ts';

/**
 * The bytes of a file in order. Opened when the first chunk is asked for; closed at the end and when the reader leaves early.
 * @throws {AntipodeError} as `openRegularFile`; `resource` when reading fails on the way
 */
export async function* fileChunks(path: string): AsyncIterable<Uint8Array> {
  const handle = await openRegularFile(path);
  try {
    yield* handle.createReadStream({ highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw new AntipodeError('resource', `${basename(path)}: cannot be read (${String(error)})`, {
      cause: error,
    });
  }
}

/**
 * The input itself, or what it unpacks to where it begins with the gzip magic.
 * @param name for messages
 * @throws {AntipodeError} `format` for gzip data that is cut or damaged; errors of the input pass through unchanged
 */
export async function* gunzipped(input: AsyncIterable<Uint8Array>, name: string): AsyncIterable<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let headBytes = 0;
  while (headBytes < 2) {
    const next = await iterator.next();
    if (next.done) break;
    if (next.value.byteLength === 0) continue;
    head.push(next.value);
    headBytes += next.value.byteLength;
  }
  const rest = resumed(head, iterator);
  if (isGzip(head)) yield* unpacked(rest, name);
  else yield* rest;
}

function isGzip(head: readonly Uint8Array[]): boolean {
  const first = head[0]?.[0];
  const second = head[0] && head[0].byteLength > 1 ? head[0][1] : head[1]?.[0];
  return first === 0x1f && second === 0x8b;
}

async function* resumed(
  head: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  try {
    yield* head;
    for (;;) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function* unpacked(input: AsyncIterable<Uint8Array>, name: string): AsyncIterable<Uint8Array> {
  const unzip = createGunzip({ chunkSize: 64 * 1024 });
  // Errors of either side reach the loop below through `unzip`; the callback only keeps them from being thrown twice.
  pipeline(Readable.from(input, { objectMode: false }), unzip, () => {});
  try {
    yield* unzip as AsyncIterable<Uint8Array>;
  } catch (error) {
    const code = systemErrorCode(error);
    if (!code?.startsWith('Z_')) throw error;
    const isCut = code === 'Z_BUF_ERROR';
    throw new AntipodeError(
      'format',
      isCut ? `${name}: the gzip data ends too early` : `${name}: the gzip data is damaged`,
      { hint: 'the file may be cut or damaged: fetch it again', cause: error },
    );
  }
}
