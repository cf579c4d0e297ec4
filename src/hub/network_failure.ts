/** @file What went wrong between here and a server, as a sentence with its next step. Addresses are shown without their query, which may hold signatures. */

import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../errors.ts';

export interface NetworkFailureFacts {
  readonly hint: string;
  /** The same request may succeed later. */
  readonly isPassing?: boolean;
  /** Nobody is there at all, so that asking again at once is in vain. */
  readonly isAbsent?: boolean;
  readonly cause?: unknown;
}

/** Kind `network`, told apart because some of them may be tried again. */
export class NetworkFailure extends AntipodeError {
  readonly isPassing: boolean;
  readonly isAbsent: boolean;

  constructor(message: string, { hint, isPassing = false, isAbsent = false, cause }: NetworkFailureFacts) {
    super('network', message, { hint, cause });
    this.isPassing = isPassing;
    this.isAbsent = isAbsent;
  }
}

/** Scheme, host and path: no query, no user name, no password. */
export function shownUrl(url: string | URL): string {
  if (!URL.canParse(String(url))) return 'an address that cannot be read';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`.slice(0, 300);
}

const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Nobody listens, or nobody knows the name. */
const ABSENT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

export interface FailureContext {
  /** Host and port, of the proxy where there is one. */
  readonly host: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * @returns what Node says about a connection as a `NetworkFailure`; one of our own as it is
 * @throws {AntipodeError} `interrupted` where the signal has fired
 */
export function connectionFailure(error: unknown, { host, signal }: FailureContext): AntipodeError {
  throwIfInterrupted(signal);
  if (error instanceof AntipodeError) return error;
  const code = systemErrorCode(error) ?? codeWithin(error) ?? 'unknown reason';
  if (CERTIFICATE_CODES.has(code)) {
    return new NetworkFailure(`${host}: its certificate is not trusted (${code})`, {
      hint: 'where a proxy of your network signs them, name its certificate in NODE_EXTRA_CA_CERTS',
      cause: error,
    });
  }
  const isAbsent = ABSENT_CODES.has(code);
  return new NetworkFailure(`${host}: ${isAbsent ? 'no connection' : 'the connection broke'} (${code})`, {
    hint: CHECK_NETWORK,
    isPassing: true,
    isAbsent,
    cause: error,
  });
}

/** Several addresses of one name fail together. */
function codeWithin(error: unknown): string | undefined {
  return error instanceof AggregateError ? systemErrorCode(error.errors[0]) : undefined;
}

export const CHECK_NETWORK: string = 'check the network, and HTTPS_PROXY where one is needed';

/** Nothing came within the limit. @param what as `no answer` */
export function silenceFailure(host: string, what: string, limitMs: number): NetworkFailure {
  return new NetworkFailure(`${host}: ${what} within ${limitMs / 1000} s`, {
    hint: CHECK_NETWORK,
    isPassing: true,
  });
}
