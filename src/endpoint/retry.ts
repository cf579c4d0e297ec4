/** @file Asking again what failed for the moment: waits that double, or as long as the server asks for (RFC 9110, Retry-After). */

import { setTimeout as sleep } from 'node:timers/promises';
import { AntipodeError } from '../errors.ts';
import { EndpointFailure } from './chat_endpoint.ts';

export interface RetryOptions {
  /** After the first attempt. */
  readonly retries: number;
  /** Before the first retry, in milliseconds; doubled for each further one. */
  readonly firstWaitMs: number;
  /** False: where nobody speaks, it is not tried again; default true. */
  readonly retriesSilence?: boolean;
  /** Before each wait. */
  readonly onWait?: ((failure: EndpointFailure, waitMs: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const LONGEST_BACKOFF_MS = 30_000;

/** A server that asks for more is given up for this request: the run would stand still. */
export const LONGEST_WAIT_MS: number = 5 * 60_000;

/** @throws the last failure; {AntipodeError} `interrupted` */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { retries, retriesSilence = true, onWait } = options;
  for (let done = 0; ; done++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof EndpointFailure) || !error.isPassing || done >= retries) throw error;
      if (error.isSilence && !retriesSilence) throw error;
      const backoff = Math.min(LONGEST_BACKOFF_MS, options.firstWaitMs * 2 ** done);
      const wait = Math.max(backoff, error.retryAfterMs ?? 0);
      if (wait > LONGEST_WAIT_MS) throw error;
      onWait?.(error, wait);
      await pause(wait, options.signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    throw new AntipodeError('interrupted', 'interrupted: nothing was left half-written', { cause: error });
  }
}

/** `retry-after-ms`, then Retry-After as seconds or as a date; undefined where neither can be read. Never negative. */
export function retryAfterOf(headers: Headers | undefined, now: number = Date.now()): number | undefined {
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
