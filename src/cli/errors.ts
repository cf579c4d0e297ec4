/**
 * @file From an error to one sentence, its next step and an exit code. The only place of the command line that knows exit codes.
 * 0 ok, 1 failure, 2 usage, 3 input or model missing, 4 network or auth, 5 check failed, 130 interrupted.
 */

import { AntipodeError, type ErrorKind, systemErrorCode } from '../errors.ts';
import { type Style, visible } from './output.ts';

export const EXIT_CODES: Record<ErrorKind, number> = {
  format: 1,
  resource: 1,
  usage: 2,
  missing: 3,
  network: 4,
  check: 5,
  interrupted: 130,
};

export interface ErrorReport {
  readonly exitCode: number;
  /** Lines for stderr. */
  readonly lines: readonly string[];
  readonly json: {
    readonly error: { readonly kind: string; readonly message: string; readonly hint?: string };
  };
}

/** @param verbose adds the stack, and the stacks of the causes */
export function describeError(error: unknown, style: Style, verbose: boolean): ErrorReport {
  const known = error instanceof AntipodeError ? error : fromSystem(error);
  const kind = known?.kind ?? 'internal';
  const message = shown(known?.message ?? internalMessage(error));
  const hint = known
    ? known.hint && shown(known.hint)
    : 'run it again with --verbose and report what it prints';
  const lines = [`${style.red('error:')} ${message}`];
  if (hint) lines.push(`${style.dim('next:')} ${hint}`);
  if (verbose) lines.push(...stackLines(error).map(shown));
  return {
    exitCode: known ? EXIT_CODES[known.kind] : 1,
    lines,
    json: { error: { kind, message, ...(hint ? { hint } : {}) } },
  };
}

/** What was typed may be repeated, but no password and no query of an address: logs of runs are kept. */
function shown(text: string): string {
  const address = /(https?:\/+)([^\s/?#'"]*@)?([^\s?#'"]*)(\?[^\s#'"]*[^\s#'":,)])?/gi;
  return visible(
    text.replace(
      address,
      (_, scheme: string, user?: string, place?: string, query?: string) =>
        `${scheme}${user ? '…@' : ''}${place ?? ''}${query ? '?…' : ''}`,
    ),
  );
}

function internalMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.startsWith('internal:') ? text : `internal: ${text}`;
}

function fromSystem(error: unknown): AntipodeError | undefined {
  const path = error instanceof Error && 'path' in error ? String(error.path) : 'the disk';
  switch (systemErrorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AntipodeError('resource', `${path}: the disk is full`, {
        hint: 'free some space and run the same command again',
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AntipodeError('resource', `${path}: no permission to write or read there`, {
        hint: 'change its permissions, or choose another place',
      });
    case 'ENOENT':
      return new AntipodeError('missing', `${path}: no such file or folder`, {
        hint: 'check its name, and the folder that it should be in',
      });
    case 'ENOTDIR':
      return new AntipodeError('usage', `${path}: a part of this path is a file, not a folder`, {
        hint: 'check the path',
      });
    case 'EISDIR':
      return new AntipodeError('usage', `${path}: is a folder, expected a file`, {
        hint: 'name a file in it',
      });
    case 'ENOMEM':
      return new AntipodeError('resource', 'not enough memory', {
        hint: 'close other programs, or use a smaller SAE',
      });
    case 'EMFILE':
    case 'ENFILE':
      return new AntipodeError('resource', `${path}: too many open files`, { hint: 'raise `ulimit -n`' });
    default:
      return undefined;
  }
}

function stackLines(error: unknown): string[] {
  const lines: string[] = [];
  for (let e: unknown = error; e instanceof Error && lines.length < 200; e = e.cause) {
    lines.push(
      ...(e.stack ?? String(e))
        .split('\n')
        .map((line, i) => (i === 0 && lines.length ? `cause: ${line}` : line)),
    );
  }
  return lines;
}
