/** @file What a process that does some work and the one that asks for it say to each other, and whether something said is that. */

import { isSentError, type SentError } from './sent_errors.ts';

/** Answered once, in the order of the calls. */
export interface Call {
  readonly call: number;
  /** `close` comes last. */
  readonly method: string;
  readonly args: readonly unknown[];
}

export type Answer =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly error: SentError }
  /** Comes before the answer to the call that is carried out, any number of times. */
  | { readonly progress: readonly unknown[] };

export function isCall(message: unknown): message is Call {
  return (
    isRecord(message) &&
    Number.isSafeInteger(message['call']) &&
    typeof message['method'] === 'string' &&
    Array.isArray(message['args'])
  );
}

export function isAnswer(message: unknown): message is Answer {
  if (!isRecord(message)) return false;
  if ('progress' in message) return Array.isArray(message['progress']);
  if (!Number.isSafeInteger(message['call'])) return false;
  return 'error' in message ? isSentError(message['error']) : 'value' in message;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
