/** @file A small answer as text: listings and descriptions. What is longer than its kind may be is refused before it is held. */

import { AntipodeError } from '../errors.ts';
import type { Http, HttpResponse } from './http.ts';
import { statusFailure } from './http_status.ts';
import { shownUrl } from './network_failure.ts';

export interface ReadTextOptions {
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {AntipodeError} as `http.get` and `statusFailure`; `network` for what is too long or not UTF-8 */
export async function readText(
  http: Http,
  url: string,
  { maxBytes, signal }: ReadTextOptions,
): Promise<string> {
  const response = await http.get(url, { signal });
  if (response.status === 200) return textOf(response, maxBytes);
  response.discard();
  throw statusFailure(shownUrl(url), response);
}

/** The body of an answer. @throws {AntipodeError} `network` for what is too long, not UTF-8 or cut short; `interrupted` */
export async function textOf({ body, discard, url }: HttpResponse, maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of body) {
      length += piece.byteLength;
      if (length > maxBytes) throw badText(url, `is longer than ${maxBytes} bytes`);
      pieces.push(piece);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
  } catch (error) {
    throw error instanceof TypeError ? badText(url, 'is not UTF-8 text', error) : error;
  } finally {
    discard();
  }
}

function badText(url: string, problem: string, cause?: unknown): AntipodeError {
  return new AntipodeError('network', `${shownUrl(url)}: the answer ${problem}`, {
    hint: 'check the address; a proxy or a login page may stand in its place',
    cause,
  });
}
