/** @file What the tests of models in processes of their own share. */

export { failureOf as failure } from './failure_of.ts';

import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { type IsolatedModel, openIsolatedModel } from '../../src/lm/isolation/open_isolated_model.ts';
import type { ForwardRequest, ForwardResult, LanguageModel } from '../../src/lm/language_model.ts';
import { openLanguageModel } from '../../src/lm/session.ts';

/** The folder of a model fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/lm/${name}`, import.meta.url));
}

const opened: LanguageModel[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((model) => model.close()));
});

/** Closed behind the test. */
export async function openIsolated(name: string, signal?: AbortSignal): Promise<IsolatedModel> {
  const model = await openIsolatedModel(fixture(name), { threads: 1 }, signal ? { signal } : {});
  opened.push(model);
  return model as IsolatedModel;
}

/** The same model in this process. */
export async function openDirect(name: string): Promise<LanguageModel> {
  const model = await openLanguageModel(fixture(name), { threads: 1 });
  opened.push(model);
  return model;
}

/** Bits, so that -0 and 0 differ. */
export function bitsOf({ logits, captures }: ForwardResult): unknown {
  return [...captures, ['logits', logits] as const].map(([name, array]) => {
    if (!array) return [name];
    const { buffer, byteLength, byteOffset } = array.values;
    return [name, [...array.shape], Buffer.from(buffer, byteOffset, byteLength).toString('hex')];
  });
}

export function wave(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(i));
}

/** Ten seconds of work, or more, for the GPT-2 fixture. */
export const LONG: ForwardRequest = {
  tokens: Array.from({ length: 20_000 }, () => new Uint8Array(30).fill(1)),
  logits: 'none',
};
