/** @file What the process that runs a model and the one that asks say to each other, and whether something said is that. */

import { isSentError, type SentError } from './sent_errors.ts';

/** `open` comes first and once, `close` last; the others are methods of `LanguageModel`. */
export const METHODS = ['open', 'forward', 'createPast', 'releasePast', 'close'] as const;

export type Method = (typeof METHODS)[number];

/** Answered once, in the order of the calls. */
export interface Call {
  readonly call: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export type Answer =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly error: SentError }
  /** Comes before the answer to `open`, any number of times. */
  | { readonly progress: readonly unknown[] };

export function isCall(message: unknown): message is Call {
  return (
    isRecord(message) &&
    Number.isSafeInteger(message['call']) &&
    METHODS.includes(message['method'] as Method) &&
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
