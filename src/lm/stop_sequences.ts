/** @file Ends a text at a stop sequence while it is being written, holding back what may still become one. Works on UTF-16 units, exactly. */

import { AntipodeError } from '../errors.ts';

/** Enough for any marker; what is held back, and the work per piece, grow with it. */
const MAX_STOP_LENGTH = 1000;
const MAX_STOPS = 100;

export interface StopPiece {
  /** What may be shown now; the stop sequence itself is never part of it. */
  readonly text: string;
  /** The stop sequence that was met. What is pushed afterwards is dropped. */
  readonly stop: string | undefined;
}

export interface StopMatcher {
  push(text: string): StopPiece;
  /** What was held back and became no stop sequence; empty after a stop. */
  end(): string;
}

/**
 * The first stop sequence to be complete wins, and of those complete at the same unit the longest; so the result does not depend on how
 * the text is cut into pieces.
 * @throws {AntipodeError} `usage` for an empty, too long or too many stop sequences
 */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  if (stops.length > MAX_STOPS) {
    throw new AntipodeError(
      'usage',
      `stop sequences: too many (got ${stops.length}, expected at most ${MAX_STOPS})`,
    );
  }
  for (const stop of stops) {
    if (stop.length === 0 || stop.length > MAX_STOP_LENGTH) {
      throw new AntipodeError(
        'usage',
        `stop sequence: has no usable length (got ${stop.length} characters, expected 1 to ${MAX_STOP_LENGTH})`,
      );
    }
  }
  let held = '';
  let met: string | undefined;
  return {
    push(text) {
      if (met !== undefined) return { text: '', stop: met };
      const waiting = held + text;
      const match = firstMatch(waiting, stops);
      if (match !== undefined) {
        met = match.stop;
        held = '';
        return { text: waiting.slice(0, match.start), stop: met };
      }
      const settled = waiting.length - openLength(waiting, stops);
      held = waiting.slice(settled);
      return { text: waiting.slice(0, settled), stop: undefined };
    },
    end() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

function firstMatch(text: string, stops: readonly string[]): { start: number; stop: string } | undefined {
  let best: { start: number; stop: string } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start < 0) continue;
    const isEarlier = best === undefined ? 0 : start + stop.length - (best.start + best.stop.length);
    if (best === undefined || isEarlier < 0 || (isEarlier === 0 && start < best.start))
      best = { start, stop };
  }
  return best;
}

/** The length of the longest end of the text that is the beginning of a stop sequence. */
function openLength(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}
