/** @file The tokenizer fixtures, whole or with some of their files changed in a folder of their own. */

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AntipodeError } from '../../src/errors.ts';
import { openTokenizer } from '../../src/lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../../src/lm/tokenizer/tokenizer.ts';

export const FIXTURES: string = fileURLToPath(new URL('../fixtures/tokenizer/', import.meta.url));
export const LAYOUTS: readonly string[] = ['gemma', 'gpt2', 'llama2', 'llama3', 'metaspace', 'word_level'];

export type Json = Record<string, unknown>;

export function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'antipode-tokenizer-'));
}

/** The fixture copied into `folder` with some of its files changed: an object is laid over the file, null takes it away. */
export async function openChangedIn(
  folder: string,
  layout: string,
  changes: Record<string, Json | string | null>,
): Promise<Tokenizer> {
  await cp(`${FIXTURES}${layout}`, folder, { recursive: true });
  for (const [name, change] of Object.entries(changes)) {
    const path = join(folder, name);
    if (change === null) await rm(path);
    else if (typeof change === 'string') await writeFile(path, change);
    else {
      const before = JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as Json;
      await writeFile(path, JSON.stringify({ ...before, ...change }));
    }
  }
  return openTokenizer(folder);
}

/** The error of work that has to fail with one of ours. */
export async function failure(work: () => unknown): Promise<AntipodeError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof AntipodeError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}
