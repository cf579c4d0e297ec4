/** @file What stops a file from being kept in the cache, as sentences with the way out. */

import { AntipodeError, systemErrorCode } from '../../errors.ts';

const HINT = 'name a folder with room in XDG_CACHE_HOME, or use --precision exact, which keeps nothing';

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EROFS: 'the disk is read-only',
  EACCES: 'there is no permission to write',
  EPERM: 'there is no permission to write',
  ENOTDIR: 'a part of this path is a file',
  EEXIST: 'a part of this path is a file',
  EISDIR: 'a folder stands in its place',
};

/** @returns what to throw in place of `error`; errors that do not concern the disk come back as they are */
export function cacheFailure(folder: string, error: unknown): unknown {
  const problem = PROBLEMS[systemErrorCode(error instanceof AntipodeError ? error.cause : error) ?? ''];
  if (problem === undefined) return error;
  return new AntipodeError('resource', `${folder}: quantised weights cannot be kept there, ${problem}`, {
    hint: HINT,
    cause: error,
  });
}

/** @param bytes needed, and free */
export function noRoom(folder: string, needed: number, free: number): AntipodeError {
  const shown = (bytes: number): string => `${(bytes / 1e9).toPrecision(2)} GB`;
  return new AntipodeError(
    'resource',
    `${folder}: no room for the quantised weights (${shown(free)} are free, expected ${shown(needed)})`,
    { hint: HINT },
  );
}
