/** @file Refusing what cannot fit this machine, before it is tried: the system would end the process in the middle of it. */

import { totalmem } from 'node:os';
import { AntipodeError } from '../errors.ts';

/** Bytes that this process could have at the very most: the machine's memory, or what its container allows. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** What memory is needed for, as the subject of a sentence in the plural, and what to do instead. */
export interface MemoryUse {
  readonly what: string;
  readonly hint: string;
}

/** @throws {AntipodeError} `resource` where `bytes` are more than this machine has */
export function refuseBeyondMemory(bytes: number, { hint, what }: MemoryUse): void {
  const limit = memoryLimit();
  if (bytes <= limit) return;
  throw new AntipodeError(
    'resource',
    `memory: ${what} take ${shown(bytes)}, there are ${shown(limit)} in all`,
    {
      hint,
    },
  );
}

/** Zeros. @throws {AntipodeError} `resource` where the memory is not there */
export function allocateFloats(length: number, { hint, what }: MemoryUse): Float32Array {
  try {
    return new Float32Array(length);
  } catch (error) {
    const message = `memory: there are no ${shown(4 * length)} more for ${what}`;
    throw new AntipodeError('resource', message, { hint, cause: error });
  }
}

/** Throws `error`, and an `AntipodeError` `resource` instead where it says that an array found no memory. */
export function rethrow(error: unknown): never {
  if (error instanceof RangeError && /allocation failed|array length/i.test(error.message)) {
    throw new AntipodeError('resource', `memory: there is too little left (${error.message})`, {
      hint: 'close other programs, or ask for fewer rows or shorter texts at a time',
      cause: error,
    });
  }
  throw error;
}

function shown(bytes: number): string {
  const [size, unit] = bytes < 1e9 ? [bytes / 1e6, 'MB'] : [bytes / 1e9, 'GB'];
  return `${size < 1000 ? Number(size.toPrecision(3)) : Math.round(size)} ${unit}`;
}
