/** @file The error of our own that some work ends with, for tests that look at more of it than its message. */

import { expect } from 'vitest';
import { AntipodeError } from '../../src/errors.ts';

export async function failureOf(work: Promise<unknown>): Promise<AntipodeError> {
  const error: unknown = await work.then(
    () => undefined,
    (one: unknown) => one,
  );
  expect(error).toBeInstanceOf(AntipodeError);
  return error as AntipodeError;
}
