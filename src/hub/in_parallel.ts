/** @file Work on many items, a few at a time. */

import { throwIfInterrupted } from '../errors.ts';

/**
 * Begins the items in order; where one fails, no further one is begun, those under way are waited for, and the first failure is thrown.
 * @param limit items under way, at least 1
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failure) {
      const index = next++;
      try {
        throwIfInterrupted(signal);
        await work(items[index]!, index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failure) throw failure.error;
}
