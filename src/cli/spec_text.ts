/** @file Reads a spec: a page of YAML that somebody wrote. */

import { resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { openFileSource, readBytes } from '../formats/source.ts';

/** A spec is a page; its prompts may be long. */
const MAX_SPEC_BYTES = 2 ** 20;

/** @param hint where the way to one is described @throws {AntipodeError} `missing`, `format` */
export async function readSpecText(cwd: string, path: string, hint: string): Promise<string> {
  const source = await openFileSource(resolve(cwd, path), path);
  try {
    if (source.byteLength > MAX_SPEC_BYTES) {
      throw new AntipodeError(
        'format',
        `${path}: is too large (got ${source.byteLength} bytes, expected at most ${MAX_SPEC_BYTES})`,
        { hint: `a spec is a page of YAML; ${hint}` },
      );
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readBytes(source, 0, source.byteLength));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new AntipodeError('format', `${path}: is not UTF-8 text`, {
      hint: 'save it as UTF-8, then run the same command again',
      cause: error,
    });
  } finally {
    await source.close();
  }
}
