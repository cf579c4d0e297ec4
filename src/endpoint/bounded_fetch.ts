/**
 * @file `fetch` for servers that are not trusted: the whole answer is read before anybody sees it, up to a limit and within the caller's time; redirects are
 * refused, because a key would travel with them.
 */

/** Answers are a few kB; a million bytes of JSON may become ten times that in memory. */
export const MAX_REPLY_BYTES: number = 2 ** 20;

type Fetch = typeof globalThis.fetch;

/** RFC 9110, section 15.4; 300 and 304 go nowhere. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Thrown in place of an answer that is too long. */
export class ReplyTooLong extends Error {
  override readonly name = 'ReplyTooLong';
}

/** Thrown in place of an answer that leads elsewhere. */
export class Redirected extends Error {
  override readonly name = 'Redirected';
  readonly status: number;
  /** Scheme, host and port alone; undefined where the server names none. */
  readonly origin: string | undefined;

  constructor(status: number, origin: string | undefined) {
    super(`HTTP ${status}`);
    this.status = status;
    this.origin = origin;
  }
}

/** @throws {ReplyTooLong} {Redirected} and what `fetch` throws, the abortion of its signal included while the body is read */
export const boundedFetch: Fetch = async (input, init) => {
  const response = await fetch(input, { ...init, redirect: 'manual' });
  if (REDIRECTS.has(response.status)) {
    await response.body?.cancel();
    throw new Redirected(response.status, originOf(response.headers.get('location'), response.url));
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.byteLength;
    if (length > MAX_REPLY_BYTES) {
      throw new ReplyTooLong(`the answer is longer than ${MAX_REPLY_BYTES} bytes`);
    }
    pieces.push(piece);
  }
  const { status, statusText, headers } = response;
  // Responses of these kinds may have no body, not even an empty one.
  const body = status === 204 || status === 205 || status === 304 ? null : Buffer.concat(pieces);
  const kept = new Headers(headers);
  // The body is unpacked here already.
  for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) kept.delete(name);
  return new Response(body, { status, statusText, headers: kept });
};

function originOf(location: string | null, from: string): string | undefined {
  if (location === null || !URL.canParse(location, from)) return undefined;
  const { protocol, host } = new URL(location, from);
  return ['http:', 'https:'].includes(protocol) ? `${protocol}//${host}` : undefined;
}
