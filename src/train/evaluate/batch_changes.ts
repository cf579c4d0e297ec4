/** @file What has to be added to the activations of a batch so that something else stands in their place, at the tokens that count and nowhere else. */

import { AntipodeError, throwIfInterrupted } from '../../errors.ts';
import type { SaeEncoder } from '../../sae/encoder_session.ts';
import { rowOf } from '../../tensor/matrix.ts';
import type { EvaluationBatch } from './evaluation_batches.ts';
import type { ReconstructionSums } from './reconstruction_sums.ts';

/** Of a token that counts, in `[rows, columns]`. */
interface Place {
  readonly row: number;
  readonly column: number;
  readonly index: number;
}

function placesIn({ columns, counted }: EvaluationBatch): Place[] {
  return counted.flatMap((own, row) => own.map((column) => ({ row, column, index: row * columns + column })));
}

export interface SaeChanges {
  readonly encoder: SaeEncoder;
  /** Takes in every token that counts. */
  readonly sums: ReconstructionSums;
  readonly batch: EvaluationBatch;
  /** `[rows, columns, d_in]`. */
  readonly x: Float32Array;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @returns reconstruction - x, `[rows, columns, d_in]`
 * @throws {AntipodeError} `format` where a reconstruction is not finite, `interrupted` between blocks
 */
export async function changesOfSae({ encoder, sums, batch, x, signal }: SaeChanges): Promise<Float32Array> {
  const { dIn, identity } = encoder.sae;
  const places = placesIn(batch);
  const own = { data: new Float32Array(places.length * dIn), rows: places.length, cols: dIn };
  for (const [at, { index }] of places.entries()) {
    own.data.set(x.subarray(index * dIn, (index + 1) * dIn), at * dIn);
  }
  const changes = new Float32Array(x.length);
  for await (const { firstRow, acts, reconstruction } of encoder.reconstructBlocks(own)) {
    throwIfInterrupted(signal);
    for (let i = 0; i < acts.rows; i++) {
      const { column, index, row } = places[firstRow + i]!;
      const [before, after] = [rowOf(own, firstRow + i), rowOf(reconstruction, i)];
      if (!sums.add(before, after, rowOf(acts, i))) {
        throw new AntipodeError(
          'format',
          `${identity.label}: what it reconstructs is NaN or infinite at token ${column} of row ${batch.places[row]}`,
          { hint: 'its weights may be damaged, or belong to another model: antipode sae inspect' },
        );
      }
      for (let k = 0; k < dIn; k++) changes[index * dIn + k] = after[k]! - before[k]!;
    }
  }
  return changes;
}

/**
 * @param x `[rows, columns, d]` @param target `[d]`
 * @returns target - x at every token that counts, `[rows, columns, d]`
 */
export function changesTo(batch: EvaluationBatch, x: Float32Array, target: Float64Array): Float32Array {
  const width = target.length;
  const changes = new Float32Array(x.length);
  for (const { index } of placesIn(batch)) {
    for (let k = 0; k < width; k++) changes[index * width + k] = target[k]! - x[index * width + k]!;
  }
  return changes;
}
