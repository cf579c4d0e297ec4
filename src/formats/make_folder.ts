/**
 * @file Makes a folder with its parents, one after the other. Node's own recursive `mkdir` goes round for ever where a parent exists and yet takes no
 * folder (Linux: anything below /proc). Leaves out sentences for people: errors are the system's own.
 */

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemErrorCode } from '../errors.ts';

/** A parent that another process removes between the look and the step is looked for again this often. */
const ROUNDS = 3;

/** @throws {Error} the system's: `ENOTDIR` or `EEXIST` below a file, `ENOENT` where a parent takes no folder, `EACCES`, `ENOSPC`, … */
export async function makeFolder(path: string): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      const { at, missing } = await nearestFolder(path);
      // A file in the place of the folder itself is refused as one in the place of a parent is.
      if (missing.length === 0 && !(await stat(at)).isDirectory()) await mkdir(at);
      for (const dir of missing) await makeOne(dir);
      return;
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' || round === ROUNDS) throw error;
    }
  }
}

export interface NearestFolder {
  /** Exists, though perhaps not as a folder. */
  readonly at: string;
  /** What is not there yet, the outermost first; `path` itself last. */
  readonly missing: readonly string[];
}

/** How much of `path` is there. @throws {Error} the system's: `ENOTDIR` below a file, `EACCES`, … */
export async function nearestFolder(path: string): Promise<NearestFolder> {
  const missing: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    if (at === dirname(at) || (await isThere(at))) return { at, missing };
    missing.unshift(at);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Another process may have made it meanwhile. */
async function makeOne(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    const found = await stat(dir).catch(() => undefined);
    if (!found?.isDirectory()) throw error;
  }
}
