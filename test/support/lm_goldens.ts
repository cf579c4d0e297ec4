/** @file What the tests of language models share: reference numbers, differences, a greedy loop. */

import { readFile } from 'node:fs/promises';
import { openTensorSource } from '../../src/formats/detect.ts';
import { openFileSource } from '../../src/formats/source.ts';
import { readFloat32, type TensorFile } from '../../src/formats/tensor_file.ts';
import type { LanguageModel, Steering } from '../../src/lm/language_model.ts';

/** All tensors of an `.npz` or `.safetensors` file as float32. */
export async function readGolden(path: string): Promise<ReadonlyMap<string, Float32Array>> {
  const file: TensorFile = await openTensorSource(await openFileSource(path));
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of file.tensors) values.set(name, await readFloat32(tensor));
  await file.close();
  return values;
}

export async function readJson(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
}

/** Infinity for arrays of two lengths, so that a missing part cannot pass; NaN where a NaN stands. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= most)) most = difference;
  }
  return most;
}

/** The most likely token each time, one step at a time on a kept past. */
export async function greedy(
  model: LanguageModel,
  prompt: readonly number[],
  count: number,
  steer: readonly Steering[] = [],
): Promise<number[]> {
  const past = await model.createPast(1);
  const out: number[] = [];
  let next: readonly number[] = prompt;
  while (out.length < count) {
    const { logits } = await model.forward({ tokens: [next], past, steer });
    const best = logits!.values.indexOf(Math.max(...logits!.values));
    out.push(best);
    next = [best];
  }
  await model.releasePast(past);
  return out;
}
