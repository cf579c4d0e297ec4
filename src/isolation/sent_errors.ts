/** @file Errors on their way between processes: an `AntipodeError` arrives as one, a system error with its code, any other with its stack. */

import { AntipodeError, type ErrorKind } from '../errors.ts';

export interface SentError {
  /** Of an `AntipodeError`. */
  readonly kind?: ErrorKind;
  readonly hint?: string;
  readonly message: string;
  readonly stack?: string;
  /** Of a system error: what and where. */
  readonly code?: string;
  readonly path?: string;
  readonly cause?: SentError;
}

const KINDS: Readonly<Record<ErrorKind, true>> = {
  usage: true,
  format: true,
  missing: true,
  network: true,
  resource: true,
  check: true,
  interrupted: true,
};

/** Causes of causes beyond this are left out; a chain may be a circle. */
const MAX_CAUSES = 8;

export function sendError(error: unknown, depth = 0): SentError {
  if (!(error instanceof Error)) return { message: String(error) };
  const text = (name: 'code' | 'path'): string | undefined => {
    const value: unknown = name in error ? (error as unknown as Record<string, unknown>)[name] : undefined;
    return typeof value === 'string' ? value : undefined;
  };
  const [code, path] = [text('code'), text('path')];
  return {
    message: error.message,
    ...(error instanceof AntipodeError && { kind: error.kind }),
    ...(error instanceof AntipodeError && error.hint !== undefined && { hint: error.hint }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(code !== undefined && { code }),
    ...(path !== undefined && { path }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: sendError(error.cause, depth + 1) }),
  };
}

export function receiveError(sent: SentError): Error {
  const { kind, message, hint, stack, code, path } = sent;
  const cause = sent.cause && receiveError(sent.cause);
  const error = kind
    ? new AntipodeError(kind, message, {
        ...(hint !== undefined && { hint }),
        ...(cause !== undefined && { cause }),
      })
    : new Error(message, cause && { cause });
  if (stack !== undefined) error.stack = stack;
  if (code !== undefined) Object.assign(error, { code });
  if (path !== undefined) Object.assign(error, { path });
  return error;
}

export function isSentError(value: unknown, depth = 0): value is SentError {
  if (typeof value !== 'object' || value === null || depth > MAX_CAUSES) return false;
  const { kind, message, cause, ...texts } = value as Record<string, unknown>;
  return (
    typeof message === 'string' &&
    (kind === undefined || (typeof kind === 'string' && Object.hasOwn(KINDS, kind))) &&
    ['hint', 'stack', 'code', 'path'].every((name) => ['string', 'undefined'].includes(typeof texts[name])) &&
    (cause === undefined || isSentError(cause, depth + 1))
  );
}
