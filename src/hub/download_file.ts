/**
 * @file One file from a server to the disk: it grows under a name of its own, goes on where an earlier run was cut, is checked for size and SHA-256, and appears
 * in one rename. Whoever calls holds a lock where several processes may want one file. Leaves out fsync, as `formats/atomic.ts` does.
 */

import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type AntipodeError, throwIfInterrupted } from '../errors.ts';
import { writeFailure } from '../formats/atomic.ts';
import { requireDiskSpace } from './disk_space.ts';
import type { Http, HttpResponse } from './http.ts';
import { statusFailure } from './http_status.ts';
import { incompletePath, removeOtherIncomplete } from './incomplete_path.ts';
import { NetworkFailure } from './network_failure.ts';
import { openPartialFile, type PartialFile } from './partial_file.ts';
import { withRetries } from './retry.ts';
import { limitOf, strongEtag, transferOf, WRONG_SERVER } from './transfer.ts';

export interface DownloadRequest {
  readonly url: string;
  /** Its folder exists. */
  readonly to: string;
  /** Stands in messages for the file, as `ORG/NAME/params.npz`. */
  readonly shown: string;
  /** As `HttpRequest`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** In bytes; where nothing states it, what the server says with the file counts. */
  readonly expectedSize?: number | undefined;
  /** Lower-case hexadecimal. */
  readonly sha256?: string | undefined;
  /** The strong ETag that the server gives the file, with its quotes. Without it and `sha256` a later run begins anew. */
  readonly etag?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes so far, those of earlier runs included, and of how many; undefined where nothing states it. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** For a status that is no success; default `statusFailure`. */
  readonly refusal?: ((response: HttpResponse) => AntipodeError) | undefined;
}

export interface Downloaded {
  readonly byteLength: number;
  readonly sha256: string;
  /** How many of them an earlier run had brought. */
  readonly resumedFrom: number;
  /** When it changed last, as the server says it (RFC 9110); undefined where nothing was asked of it. */
  readonly lastModified: string | undefined;
}

/**
 * @returns after the rename; a file of that name is replaced
 * @throws {AntipodeError} `network` for a server that fails, sends more or less than it said, or other bytes than the hash says; `resource` for a full disk or
 * missing rights; `missing` for what is not there; `interrupted`. What came stays for the next run, but for wrong bytes.
 */
export async function downloadFile(http: Http, request: DownloadRequest): Promise<Downloaded> {
  const { to, signal, sha256 } = request;
  const path = incompletePath(to, sha256 ?? request.etag);
  const local = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw writeFailure(to, error);
    });
  await removeOtherIncomplete(to, path);
  const file = await local(openPartialFile(path, signal));
  try {
    // What nothing names may be the beginning of another file.
    if (sha256 === undefined && request.etag === undefined) await local(file.clear());
    const lastModified = await local(fillChecked(http, request, file));
    const { length: byteLength, inherited: resumedFrom } = file;
    const done = { byteLength, sha256: file.sha256(), resumedFrom, lastModified };
    throwIfInterrupted(signal);
    await local(rename(path, to));
    return done;
  } finally {
    await file.close();
    if (file.length === 0) await rm(path, { force: true });
  }
}

/** @returns the date of the last change */
async function fillChecked(
  http: Http,
  request: DownloadRequest,
  file: PartialFile,
): Promise<string | undefined> {
  const { shown, sha256 } = request;
  for (;;) {
    const resumedFrom = file.length;
    const lastModified = await fill(http, request, file);
    const got = file.sha256();
    if (sha256 === undefined || got === sha256) return lastModified;
    await file.clear();
    // The beginning may be from a time when the disk was full, or from another program.
    if (resumedFrom > 0) continue;
    throw new NetworkFailure(
      `${shown}: other bytes came than its hash says (got ${got}, expected ${sha256})`,
      {
        hint: WRONG_SERVER,
      },
    );
  }
}

/** What one attempt learns of the file, the next one asks for. */
interface Known {
  size: number | undefined;
  etag: string | undefined;
  lastModified: string | undefined;
  hasContact: boolean;
  /** The most that any attempt had: a server without ranges begins anew each time, and would be asked for ever. */
  reached: number;
}

/** The body ended early; `http` tries the rest again by itself. */
class CutShort extends Error {
  readonly failure: NetworkFailure;
  readonly isFurther: boolean;

  constructor(failure: NetworkFailure, isFurther: boolean) {
    super(failure.message);
    this.failure = failure;
    this.isFurther = isFurther;
  }
}

async function fill(http: Http, request: DownloadRequest, file: PartialFile): Promise<string | undefined> {
  const known: Known = {
    size: request.expectedSize,
    etag: request.etag,
    lastModified: undefined,
    hasContact: false,
    reached: file.length,
  };
  const passing = (error: unknown): { readonly isFurther: boolean } | undefined => {
    if (error instanceof CutShort) return error;
    // A server that was there a moment ago is started again, or the network is.
    const isGone = error instanceof NetworkFailure && error.isAbsent && known.hasContact;
    return isGone ? { isFurther: false } : undefined;
  };
  try {
    await withRetries(() => fillOnce(http, request, { file, known }), {
      ...http.waits,
      signal: request.signal,
      passing,
    });
  } catch (error) {
    throw error instanceof CutShort ? error.failure : error;
  }
  return known.lastModified;
}

interface Filling {
  readonly file: PartialFile;
  readonly known: Known;
}

/** @throws {CutShort} where it may go on */
async function fillOnce(http: Http, request: DownloadRequest, { file, known }: Filling): Promise<void> {
  const { shown, signal, headers = {}, refusal = (one) => statusFailure(shown, one) } = request;
  if (known.size !== undefined && file.length > known.size) await file.clear();
  if (file.length > 0 && file.length === known.size) return;
  // Content that has a hash is checked at the end, whatever the server calls it.
  const etag = request.sha256 === undefined ? known.etag : undefined;
  if (etag === undefined && request.sha256 === undefined) await file.clear();
  const range = file.length > 0 ? { start: file.length } : undefined;
  const response = await http.get(request.url, {
    headers: range && etag !== undefined ? { ...headers, 'if-range': etag } : headers,
    range,
    signal,
    isBulk: true,
  });
  try {
    known.hasContact = true;
    const isUseless = range !== undefined && response.status === 416;
    if (!isUseless && response.status !== 200 && (range === undefined || response.status !== 206))
      throw refusal(response);
    const transfer = isUseless
      ? undefined
      : transferOf(response, { shown, have: file.length, size: known.size, etag });
    if (!transfer) {
      await file.clear();
      if (range) return await fillOnce(http, request, { file, known });
      throw refusal(response);
    }
    if (transfer.start === 0) await file.clear();
    known.size = transfer.total;
    known.etag = strongEtag(response.headers);
    known.lastModified = response.headers.get('last-modified') ?? undefined;
    if (transfer.total !== undefined)
      await requireDiskSpace(dirname(request.to), transfer.total - transfer.start, shown);
    await receive(response, request, { file, known, total: transfer.total, limit: limitOf(transfer) });
  } finally {
    response.discard();
  }
}

interface Receiving extends Filling {
  readonly total: number | undefined;
  readonly limit: number;
}

async function receive(
  response: HttpResponse,
  request: DownloadRequest,
  { file, known, total, limit }: Receiving,
): Promise<void> {
  const { shown, signal, onProgress } = request;
  onProgress?.(file.length, total);
  try {
    for await (const piece of response.body) {
      throwIfInterrupted(signal);
      if (file.length + piece.byteLength > limit) {
        await file.clear();
        throw new NetworkFailure(`${shown}: the server sends more than it said (expected ${limit} bytes)`, {
          hint: WRONG_SERVER,
        });
      }
      await file.append(piece, () => response.release(piece));
      onProgress?.(file.length, total);
    }
    if (total !== undefined && file.length < total) {
      throw new NetworkFailure(
        `${shown}: the server ends it early (got ${file.length} bytes, expected ${total})`,
        {
          hint: WRONG_SERVER,
          isPassing: true,
        },
      );
    }
  } catch (error) {
    const isFurther = file.length > known.reached;
    known.reached = Math.max(known.reached, file.length);
    await file.flush();
    throw error instanceof NetworkFailure && error.isPassing ? new CutShort(error, isFurther) : error;
  }
  await file.flush();
}
