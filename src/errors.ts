/**
 * @file The one error that a user may see. Every room throws it; only `cli/errors.ts` (and later the server) turns it into text.
 * A message reads `subject: problem (got X, expected Y)`; `hint` is the next command or step. Impossible states throw a plain
 * `Error('internal: …')` instead, because no user can act on them.
 */

/**
 * What kind of failure it is, which decides the exit code.
 * - `usage`: the command's words are off. - `format`: a file or value is malformed. - `missing`: an input is not on this machine.
 * - `network`: a server or a permission there. - `resource`: disk, memory, rights, a dead worker. - `check`: a check ran and failed.
 * - `interrupted`: the user stopped it.
 */
export type ErrorKind = 'usage' | 'format' | 'missing' | 'network' | 'resource' | 'check' | 'interrupted';

export interface AntipodeErrorOptions {
  /** The next command or step, as one clause without a full stop. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class AntipodeError extends Error {
  override readonly name = 'AntipodeError';
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, options: AntipodeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.hint = options.hint;
  }
}

/** @throws {AntipodeError} kind `interrupted` once `signal` has fired; called between units of work that take well under a second. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AntipodeError('interrupted', 'interrupted: nothing was left half-written');
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`, …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
