/** @file Refusing what cannot fit this machine, before it is tried: the system would end the process in the middle of it. */

import { totalmem } from 'node:os';
import { AntipodeError } from '../errors.ts';

/** Bytes that this process could have at the very most: the machine's memory, or what its container allows. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/**
 * @param what needs them, as the subject of a sentence in the plural @param hint what to do instead
 * @throws {AntipodeError} `resource` where `bytes` are more than this machine has
 */
export function refuseBeyondMemory(bytes: number, what: string, hint: string): void {
  const limit = memoryLimit();
  if (bytes <= limit) return;
  const gigabytes = (count: number): string => `${(count / 1e9).toPrecision(3)} GB`;
  throw new AntipodeError(
    'resource',
    `memory: ${what} take ${gigabytes(bytes)}, and there are ${gigabytes(limit)} in all`,
    { hint },
  );
}
