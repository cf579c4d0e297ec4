/** @file What the thread that makes a sidecar and its workers say to each other. */

import type { ErrorKind } from '../../errors.ts';
import type { BlockBits } from './blocks.ts';
import type { Piece, PlannedMatrix } from './plan.ts';

export interface QuantiseJob {
  readonly bits: BlockBits;
  readonly matrices: readonly PlannedMatrix[];
  readonly pieces: readonly Piece[];
  /** The unfinished sidecar, of its full length. */
  readonly target: string;
  /** CRC-32 of pieces that an earlier run wrote down as finished, to be checked; NaN for the others. */
  readonly expected: Float64Array;
  /** Int32, shared: see the `CONTROL_*` indices. */
  readonly control: Int32Array;
}

/** Next piece to take; nonzero = stop. */
export const CONTROL_NEXT = 0;
export const CONTROL_STOP = 1;
export const CONTROL_LENGTH = 2;

export type WorkerAnswer =
  /** A piece is in the file. `isKept`: it was there already. */
  | {
      readonly type: 'piece';
      readonly piece: number;
      readonly checksum: number;
      readonly isKept: boolean;
    }
  | { readonly type: 'non-finite'; readonly matrix: number }
  /** `kind` and `hint` of an `AntipodeError`, `code` of a system error. */
  | {
      readonly type: 'failed';
      readonly message: string;
      readonly kind?: ErrorKind;
      readonly hint?: string | undefined;
      readonly code?: string | undefined;
    }
  | { readonly type: 'finished' };
