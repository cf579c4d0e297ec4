/** @file Asking again what failed for the moment: waits that double, or as long as the server asks for (RFC 9110, Retry-After). */

import { setTimeout as sleep } from 'node:timers/promises';
import { AntipodeError } from '../errors.ts';

/** A failure that the same request may not meet again. */
export interface Passing {
  /** The server asks to wait so long, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Something came of the last attempt, so that counting begins anew. */
  readonly isFurther?: boolean;
}

/** How often, and how long. */
export interface Waits {
  /** After the first attempt. */
  readonly retries: number;
  /** Before the first retry, in milliseconds; doubled for each further one. */
  readonly firstWaitMs: number;
}

export interface RetryOptions<Failure> extends Waits {
  /** Undefined for what is not tried again. */
  readonly passing: (error: unknown) => (Failure & Passing) | undefined;
  /** Before each wait. */
  readonly onWait?: ((failure: Failure, waitMs: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const LONGEST_BACKOFF_MS = 30_000;

/** A server that asks for more is given up for this request: the run would stand still. */
const LONGEST_WAIT_MS = 5 * 60_000;

/** @throws the last failure; {AntipodeError} `interrupted` */
export async function withRetries<T, Failure>(
  attempt: () => Promise<T>,
  options: RetryOptions<Failure>,
): Promise<T> {
  for (let done = 0; ; done++) {
    try {
      return await attempt();
    } catch (error) {
      const failure = options.passing(error);
      if (failure?.isFurther) done = 0;
      if (!failure || done >= options.retries) throw error;
      const wait = waitBefore(done, options.firstWaitMs, failure.retryAfterMs);
      if (wait > LONGEST_WAIT_MS) throw error;
      options.onWait?.(failure, wait);
      await pause(wait, options.signal);
    }
  }
}

/** @param done retries before this one */
function waitBefore(done: number, firstWaitMs: number, retryAfterMs: number = 0): number {
  return Math.max(Math.min(LONGEST_BACKOFF_MS, firstWaitMs * 2 ** done), retryAfterMs);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    throw new AntipodeError('interrupted', 'interrupted: nothing was left half-written', { cause: error });
  }
}

/** `retry-after-ms`, then Retry-After as seconds or as a date; undefined where neither can be read. Never negative. */
export function retryAfterOf(
  headers: Pick<Headers, 'get'> | undefined,
  now: number = Date.now(),
): number | undefined {
  const exact = numberOf(headers?.get('retry-after-ms'));
  if (exact !== undefined) return exact;
  const text = headers?.get('retry-after');
  const seconds = numberOf(text);
  if (seconds !== undefined) return seconds * 1000;
  const date = text === null || text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function numberOf(text: string | null | undefined): number | undefined {
  return text !== null && text !== undefined && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}
