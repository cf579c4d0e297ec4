/**
 * @file A file on a server as a `ByteSource`: positional reads are range requests (RFC 9110, section 14), so that a row of a matrix of 300 MB costs a
 * few kB. Small reads, as of headers, come out of blocks that are kept. Every answer is checked against what was asked, and against
 * the file that the first one spoke of. Leaves out the whole file: `download_file.ts`.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import type { ByteSource } from '../formats/source.ts';
import type { Http, HttpResponse } from './http.ts';
import { statusFailure } from './http_status.ts';
import { NetworkFailure, shownUrl } from './network_failure.ts';
import { withRetries } from './retry.ts';
import { strongEtag } from './transfer.ts';

export interface RemoteSourceOptions {
  readonly http: Http;
  readonly url: string;
  /** Shown in messages. */
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Why the answer is no file, as a sentence with its next step; default: the status. */
  readonly refusal?: ((response: HttpResponse) => AntipodeError) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RemoteSource extends ByteSource {
  /** Bytes that came over the network so far. */
  received(): number;
}

/** Directories of archives and headers of arrays lie within one of these. */
const BLOCK_BYTES = 16 * 2 ** 10;

/** 4 MiB of headers: far more than any file of weights has. */
const MAX_BLOCKS = 256;

/** Of a range whose body breaks off. */
const RETRIES = 3;
const FIRST_WAIT_MS = 500;

/**
 * @returns undefined where the server gives no ranges, or not the size: then the whole file has to be fetched
 * @throws {AntipodeError} `network` for an answer that is an error; reads throw it too, where the file has changed meanwhile
 */
export async function openRemoteSource(options: RemoteSourceOptions): Promise<RemoteSource | undefined> {
  const first = await askRange(options, 0, BLOCK_BYTES);
  if (!first) return undefined;
  const { bytes, identity } = first;
  const blocks = new Map<number, Promise<Uint8Array>>([[0, Promise.resolve(bytes)]]);
  let received = bytes.byteLength;
  const fetch = async (start: number, end: number): Promise<Uint8Array> => {
    const piece = await askRange(options, start, end, identity);
    if (!piece) throw changed(options);
    received += piece.bytes.byteLength;
    return piece.bytes;
  };
  const blockAt = (index: number): Promise<Uint8Array> => {
    const known = blocks.get(index);
    if (known) return known;
    const start = index * BLOCK_BYTES;
    const block = fetch(start, Math.min(start + BLOCK_BYTES, identity.byteLength));
    if (blocks.size < MAX_BLOCKS) blocks.set(index, block);
    block.catch(() => blocks.delete(index));
    return block;
  };
  return {
    name: options.name,
    byteLength: identity.byteLength,
    received: () => received,
    async readInto(target, offset) {
      const end = offset + target.byteLength;
      if (offset < 0 || end > identity.byteLength) {
        throw new AntipodeError(
          'format',
          `${options.name}: the file ends too early (it has ${identity.byteLength} bytes, expected at least ${end})`,
        );
      }
      if (target.byteLength >= BLOCK_BYTES / 2) {
        target.set(await fetch(offset, end));
        return;
      }
      for (let at = offset; at < end; ) {
        const index = Math.floor(at / BLOCK_BYTES);
        const block = await blockAt(index);
        const from = at - index * BLOCK_BYTES;
        const part = block.subarray(from, from + end - at);
        target.set(part, at - offset);
        at += part.byteLength;
      }
    },
    async close() {
      blocks.clear();
    },
  };
}

/** What every answer has to repeat. */
interface FileIdentity {
  readonly byteLength: number;
  readonly etag: string | undefined;
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly identity: FileIdentity;
}

/** @returns undefined where the whole file is the answer */
async function askRange(
  options: RemoteSourceOptions,
  start: number,
  end: number,
  expected?: FileIdentity,
): Promise<Piece | undefined> {
  const { headers, http, signal, url } = options;
  const attempt = async (): Promise<Piece | undefined> => {
    const response = await http.get(url, { headers, range: { start, end }, signal });
    try {
      return await pieceOf(response, options, { start, end, expected });
    } finally {
      response.discard();
    }
  };
  return withRetries(attempt, {
    retries: RETRIES,
    firstWaitMs: FIRST_WAIT_MS,
    signal,
    // Requests without an answer were tried again already.
    passing: (error) => (error instanceof BrokenBody ? {} : undefined),
  }).catch((error: unknown) => {
    throw error instanceof BrokenBody ? error.cause : error;
  });
}

class BrokenBody extends Error {}

async function pieceOf(
  response: HttpResponse,
  options: RemoteSourceOptions,
  { end, expected, start }: { start: number; end: number; expected: FileIdentity | undefined },
): Promise<Piece | undefined> {
  if (response.status === 200) return undefined;
  if (response.status !== 206) {
    throw options.refusal?.(response) ?? statusFailure(shownUrl(options.url), response);
  }
  const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(response.headers.get('content-range') ?? '');
  // Bytes of a packed file would be taken for those of the file.
  const isPacked = (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
  if (!range || isPacked) return undefined;
  const [from, last, byteLength] = range.slice(1).map(Number) as [number, number, number];
  const wanted = Math.min(end, byteLength) - start;
  if (from !== start || last + 1 - from !== wanted || wanted <= 0) {
    throw new NetworkFailure(
      `${shownUrl(options.url)}: the server answers with another range than was asked`,
      {
        hint: 'fetch the whole file with antipode download',
      },
    );
  }
  const identity = { byteLength, etag: strongEtag(response.headers) };
  if (expected && !isSame(expected, identity)) throw changed(options);
  return { bytes: await readAll(response, wanted, options), identity };
}

async function readAll(
  { body }: HttpResponse,
  length: number,
  { signal, url }: RemoteSourceOptions,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  try {
    for await (const piece of body) {
      if (at + piece.byteLength > length) throw brokenRange(url, 'more');
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    if (at < length) throw brokenRange(url, 'less');
  } catch (cause) {
    throwIfInterrupted(signal);
    throw new BrokenBody('a body broke off', { cause });
  }
  return bytes;
}

function brokenRange(url: string, which: 'more' | 'less'): NetworkFailure {
  return new NetworkFailure(`${shownUrl(url)}: the server sent ${which} than it said`, {
    hint: 'run the same command again',
  });
}

function isSame(one: FileIdentity, other: FileIdentity): boolean {
  const isTagged = one.etag !== undefined && other.etag !== undefined;
  return one.byteLength === other.byteLength && (!isTagged || one.etag === other.etag);
}

function changed({ url }: RemoteSourceOptions): NetworkFailure {
  return new NetworkFailure(`${shownUrl(url)}: the file changed while it was read`, {
    hint: 'run the same command again',
  });
}
