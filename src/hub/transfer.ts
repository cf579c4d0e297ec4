/**
 * @file What an answer to "the bytes from here on" is good for: whether it goes on, begins anew or is refused (RFC 9110, range requests). Sizes are compared
 * before the first byte is taken.
 */

import type { HttpResponse } from './http.ts';
import type { AnswerHeaders } from './http_exchange.ts';
import { NetworkFailure } from './network_failure.ts';

/** What is known of the file so far. */
export interface KnownFacts {
  readonly shown: string;
  /** Bytes that are there already. */
  readonly have: number;
  readonly size: number | undefined;
  /** Strong, with its quotes; undefined where the content is checked anyway, or nothing names it. */
  readonly etag: string | undefined;
}

export interface Transfer {
  /** Where the body's first byte belongs: at `have`, or at 0. */
  readonly start: number;
  /** Of the whole file; undefined where nothing states it. */
  readonly total: number | undefined;
}

export const WRONG_SERVER: string =
  'run the same command again; if it stays, a proxy or a mirror changes the file (HTTPS_PROXY, HF_ENDPOINT)';

/** A file whose size nobody states cannot be checked for room: such ones are small texts. */
const MAX_UNSTATED_BYTES = 2 ** 30;

/**
 * @param response of status 200 or 206
 * @returns undefined where the answer is of no use and the whole file has to be asked for
 * @throws {NetworkFailure} for a size that is not the expected one, and a packed body
 */
export function transferOf(response: HttpResponse, known: KnownFacts): Transfer | undefined {
  const { headers } = response;
  const isPart = response.status === 206;
  const part = isPart ? contentRange(headers.get('content-range')) : undefined;
  if (isPart && part?.start !== known.have) return undefined;
  const etag = strongEtag(headers);
  if (isPart && known.etag !== undefined && etag !== undefined && etag !== known.etag) return undefined;
  const total = part ? part.total : lengthOf(headers);
  requireSize(total, known);
  requireUnpacked(headers, total, known);
  return { start: part ? known.have : 0, total: total ?? known.size };
}

/** Bytes that may come in all. */
export function limitOf(transfer: Transfer): number {
  return transfer.total ?? MAX_UNSTATED_BYTES;
}

/** The ETag that may be compared byte for byte; undefined for a weak one or none. */
export function strongEtag(headers: AnswerHeaders): string | undefined {
  const etag = headers.get('etag')?.trim();
  return etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag) ? etag : undefined;
}

function contentRange(
  text: string | null,
): { readonly start: number; readonly total: number | undefined } | undefined {
  const [, start, , total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text?.trim() ?? '') ?? [];
  if (start === undefined) return undefined;
  return { start: Number(start), total: total === '*' ? undefined : Number(total) };
}

function lengthOf(headers: AnswerHeaders): number | undefined {
  const text = headers.get('content-length');
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function requireSize(total: number | undefined, { shown, size }: KnownFacts): void {
  if (total === undefined || size === undefined || total === size) return;
  throw new NetworkFailure(
    `${shown}: the server sends another size than it said (got ${total} bytes, expected ${size})`,
    {
      hint: WRONG_SERVER,
    },
  );
}

/** Storage may keep a `.gz` file under that header: then the size is the stored one. */
function requireUnpacked(
  headers: AnswerHeaders,
  total: number | undefined,
  { shown, size }: KnownFacts,
): void {
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding === 'identity' || (total !== undefined && total === size)) return;
  throw new NetworkFailure(
    `${shown}: comes packed (${encoding.slice(0, 20)}), though it was asked for as it is`,
    {
      hint: 'a proxy or a mirror packs it: check HTTPS_PROXY and HF_ENDPOINT',
    },
  );
}
