/** @file A bound on how long a synchronous function may run, regular expressions that backtrack without end included. */

import { type Context, createContext, Script } from 'node:vm';
import { AntipodeError } from '../../errors.ts';

const CALL = new Script('work()');

/** Made once: that takes ten times as long as a call. */
let context: Context | undefined;
let bounded: (() => void) | undefined;

/**
 * What `work`, which calls nothing of this again, returns or throws. Costs about 0.05 ms. What `work` was changing when its time ran out is half changed: let go of it.
 * @throws {AntipodeError} `resource` when `work` was still running after `milliseconds`
 */
export function withinTime<T>(milliseconds: number, subject: string, work: () => T): T {
  let result: { readonly value: T } | undefined;
  context ??= createContext({ work: () => bounded?.() });
  bounded = () => {
    result = { value: work() };
  };
  try {
    CALL.runInContext(context, { timeout: milliseconds });
  } catch (error) {
    if (isTimeout(error)) {
      throw new AntipodeError(
        'resource',
        `${subject}: did not come to an end within ${milliseconds / 1000} s`,
        {
          cause: error,
        },
      );
    }
    throw error;
  } finally {
    bounded = undefined;
  }
  if (result === undefined) throw new Error('internal: a bounded function ended without a result');
  return result.value;
}

/** The error may come from the other context, whose `Error` is not ours. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
