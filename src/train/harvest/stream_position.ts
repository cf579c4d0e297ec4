/** @file Where a stream of activations stands, as it goes through JSON. */

import { AntipodeError } from '../../errors.ts';
import type { RowPlace } from './row_walk.ts';

/** The place at which the block begins, its number, and how many of its rows were served. */
export interface StreamPosition extends RowPlace {
  readonly block: number;
  readonly row: number;
}

const KEYS = ['epoch', 'at', 'part', 'block', 'row'] as const;

/** @throws {AntipodeError} `format` */
export function readPosition(value: unknown): StreamPosition {
  if (typeof value === 'object' && value !== null && KEYS.every((key) => isCount(value, key))) {
    const { at, block, epoch, part, row } = value as StreamPosition;
    if (block >= epoch) return { epoch, at, part, block, row };
  }
  throw new AntipodeError(
    'format',
    `position in the corpus: ${JSON.stringify(value)?.slice(0, 100)} is none`,
  );
}

function isCount(value: object, key: string): boolean {
  const count: unknown = (value as Record<string, unknown>)[key];
  return Number.isSafeInteger(count) && Number(count) >= 0;
}
