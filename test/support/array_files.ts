/** @file What the tests of array formats share: fixtures, values in one order, and what a damaged file may lead to. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { AntipodeError } from '../../src/errors.ts';
import { openTensorSource } from '../../src/formats/detect.ts';
import { memorySource } from '../../src/formats/source.ts';
import { readFloat32, type StoredTensor } from '../../src/formats/tensor_file.ts';

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

export async function fixtureBytes(name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(fixturePath(name)));
}

export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** C order, as Python's repr of a float. */
  readonly values: readonly string[];
}

/** `inf` and `nan` are Python's spellings. */
export function numberOf(text: string): number {
  return Number(text.replace('inf', 'Infinity').replace('nan', 'NaN'));
}

/** All values as float32 in C order, whatever the order they are stored in. */
export async function valuesInCOrder(tensor: StoredTensor): Promise<number[]> {
  const stored = await readFloat32(tensor);
  if (tensor.order === 'C') return [...stored];
  const { shape } = tensor;
  return Array.from(stored, (_, flat) => {
    let rest = flat;
    let from = 0;
    const index = [...shape].reverse().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    // The first axis is the fastest in storage.
    let step = 1;
    for (const [axis, at] of index.reverse().entries()) {
      from += at * step;
      step *= shape[axis]!;
    }
    return stored[from]!;
  });
}

export async function expectTensor(
  tensor: StoredTensor | undefined,
  expected: ExpectedTensor,
): Promise<void> {
  expect(tensor).toBeDefined();
  expect(tensor!.dtype).toBe(expected.dtype);
  expect(tensor!.shape).toEqual(expected.shape);
  expect(await valuesInCOrder(tensor!)).toEqual(expected.values.map((text) => Math.fround(numberOf(text))));
}

/** Shape and all values of every tensor, or the error; anything but an `AntipodeError` fails the test. */
export async function readEverything(
  name: string,
  bytes: Uint8Array,
): Promise<Map<string, string> | AntipodeError> {
  try {
    const file = await openTensorSource(memorySource(name, bytes));
    const all = new Map<string, string>();
    for (const [key, tensor] of file.tensors) {
      const values = await valuesInCOrder(tensor);
      all.set(key, JSON.stringify([tensor.dtype, tensor.shape, values]));
    }
    await file.close();
    return all;
  } catch (error) {
    expect(error).toBeInstanceOf(AntipodeError);
    const { kind, message } = error as AntipodeError;
    expect(kind).toBe('format');
    expect(message).toContain(name);
    return error as AntipodeError;
  }
}

/** Rows out of a larger torch storage: the checksum covers the whole storage, so reading a part cannot compare it. */
const PARTS = new Set(['views.rows', 'part']);

/** Every tensor that can still be read under its old name is what it was. */
export function expectNothingFalse(
  outcome: Map<string, string> | AntipodeError,
  original: Map<string, string>,
): void {
  if (outcome instanceof AntipodeError) return;
  for (const [name, tensor] of outcome) {
    const before = original.get(name);
    if (before !== undefined && !PARTS.has(name)) expect(tensor).toBe(before);
  }
}

export async function readSound(name: string, bytes: Uint8Array): Promise<Map<string, string>> {
  const all = await readEverything(name, bytes);
  if (all instanceof AntipodeError) throw all;
  expect(all.size).toBeGreaterThan(0);
  return all;
}
