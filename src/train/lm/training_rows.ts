/**
 * @file Rows of token ids as a step takes them: from each row all but its last token as input, all but its first as targets, filled up to one length with
 * places that do not count.
 */

import { AntipodeError } from '../../errors.ts';
import type { Feed } from '../step/step_session.ts';
import type { BatchShape } from './gemma2_layers.ts';

export interface TrainingRows {
  /** What the rows come from, such as a hash with a seed: a checkpoint goes on with the same one only. */
  readonly identity: string;
  /**
   * The token ids of a row, at least 2 and at most `contextLength + 1`, without padding.
   * @param index 0, 1, 2, … without end; the same row every time that it is asked for
   */
  row(index: number): ArrayLike<number> | Promise<ArrayLike<number>>;
}

export interface Batch {
  readonly feeds: Readonly<Record<'ids' | 'targets' | 'counted', Feed>>;
  /** Targets that count. */
  readonly counted: number;
}

export interface BatchLimits {
  readonly shape: BatchShape;
  readonly vocabSize: number;
}

/**
 * @param rows at most as many as the shape has; those that are missing do not count
 * @param first what the first is called in messages
 * @throws {AntipodeError} `usage` for a row that is too short or too long, and for ids outside the vocabulary
 */
export function makeBatch(
  rows: readonly ArrayLike<number>[],
  { shape, vocabSize }: BatchLimits,
  first: number,
): Batch {
  const places = shape.rows * shape.columns;
  const ids = new BigInt64Array(places);
  const targets = new BigInt64Array(places);
  const counted = new Float32Array(places);
  let count = 0;
  rows.forEach((row, r) => {
    checkRow(row, first + r, shape.columns, vocabSize);
    for (let column = 0; column + 1 < row.length; column++) {
      const place = r * shape.columns + column;
      ids[place] = BigInt(row[column]!);
      targets[place] = BigInt(row[column + 1]!);
      counted[place] = 1;
      count++;
    }
  });
  return {
    feeds: {
      ids: { shape: [shape.rows, shape.columns], data: ids },
      targets: { shape: [places], data: targets },
      counted: { shape: [places], data: counted },
    },
    counted: count,
  };
}

function checkRow(row: ArrayLike<number>, index: number, columns: number, vocabSize: number): void {
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `training row ${index}: ${problem}`);
  };
  if (row.length < 2 || row.length > columns + 1) {
    refuse(`has ${row.length} tokens (expected 2 to ${columns + 1})`);
  }
  for (let i = 0; i < row.length; i++) {
    const id = row[i]!;
    if (!(Number.isInteger(id) && id >= 0 && id < vocabSize)) {
      refuse(`token ${i} is not in the vocabulary (got ${id}, expected 0 to ${vocabSize - 1})`);
    }
  }
}
