/** @file One piece of a sidecar: its weights read from the model's file, quantised, and as bytes at their places. Synchronous, for workers. */

import { readSync } from 'node:fs';
import { AntipodeError } from '../../errors.ts';
import { transposeBlock } from '../../sae/weights/transpose_block.ts';
import { bytesOf, widenToFloat32 } from '../../tensor/dtype.ts';
import { type BlockBits, blockBytes, blockWeights, quantiseBlocks } from './blocks.ts';
import type { Piece, PlannedMatrix } from './plan.ts';

/** A range of the sidecar and what belongs there. */
export interface Written {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Where the two ranges of a piece lie: scales, then quants. */
export function rangesOf(
  piece: Piece,
  matrix: PlannedMatrix,
  bits: BlockBits,
): readonly { readonly at: number; readonly byteLength: number }[] {
  const first = piece.from * matrix.blocksPerRow;
  const count = piece.outputs * matrix.blocksPerRow;
  return [
    { at: matrix.scalesAt + 4 * first, byteLength: 4 * count },
    { at: matrix.quantsAt + blockBytes(bits) * first, byteLength: blockBytes(bits) * count },
  ];
}

/**
 * @param file descriptor of the matrix's file
 * @returns the ranges of `rangesOf` with their bytes; undefined where a weight is NaN or infinite
 * @throws {AntipodeError} `format` where the file ends too early
 */
export function quantisePiece(
  file: number,
  piece: Piece,
  matrix: PlannedMatrix,
  bits: BlockBits,
): readonly Written[] | undefined {
  const count = piece.outputs * matrix.blocksPerRow;
  const scales = new Float32Array(count);
  const quants = new Uint8Array(count * blockBytes(bits));
  const read = matrix.layout === 'out-in' ? rowReader : columnReader;
  const rowAt = read(file, piece, matrix);
  // The end of the last block stays zero where the inputs do not fill it.
  const row = new Float32Array(matrix.blocksPerRow * blockWeights(bits));
  for (let r = 0; r < piece.outputs; r++) {
    rowAt(r, row);
    if (!quantiseBlocks(row, bits, { quants, scales }, r * matrix.blocksPerRow)) return undefined;
  }
  const [scalesRange, quantsRange] = rangesOf(piece, matrix, bits);
  return [
    { at: scalesRange!.at, bytes: new Uint8Array(scales.buffer) },
    { at: quantsRange!.at, bytes: quants },
  ];
}

/** Puts the weights of the piece's r-th output at the beginning of `target`. */
type RowAt = (r: number, target: Float32Array) => void;

function rowReader(file: number, { from, outputs }: Piece, { inputs, source }: PlannedMatrix): RowAt {
  const rowBytes = inputs * bytesOf(source.dtype);
  const bytes = new Uint8Array(outputs * rowBytes);
  readExactly(file, bytes, source.offset + from * rowBytes, source.path);
  return (r, target) =>
    widenToFloat32(bytes.subarray(r * rowBytes, (r + 1) * rowBytes), source.dtype, target);
}

/** Stored `[inputs, outputs]`: a stretch of every stored row, transposed. */
function columnReader(file: number, piece: Piece, { inputs, outputs, source }: PlannedMatrix): RowAt {
  const width = bytesOf(source.dtype);
  const stretch = piece.outputs * width;
  const bytes = new Uint8Array(inputs * stretch);
  if (piece.outputs === outputs) readExactly(file, bytes, source.offset, source.path);
  else {
    for (let k = 0; k < inputs; k++) {
      const at = source.offset + (k * outputs + piece.from) * width;
      readExactly(file, bytes.subarray(k * stretch, (k + 1) * stretch), at, source.path);
    }
  }
  const stored = new Float32Array(inputs * piece.outputs);
  widenToFloat32(bytes, source.dtype, stored);
  const byOutput = new Float32Array(stored.length);
  transposeBlock(stored, { rows: inputs, cols: piece.outputs }, { data: byOutput, cols: inputs }, 0);
  return (r, target) => target.set(byOutput.subarray(r * inputs, (r + 1) * inputs));
}

/** @param path for the message */
export function readExactly(file: number, target: Uint8Array, offset: number, path: string): void {
  for (let done = 0; done < target.byteLength; ) {
    const length = readSync(file, target, done, target.byteLength - done, offset + done);
    if (length === 0) {
      throw new AntipodeError('format', `${path}: the file became shorter while it was read`, {
        hint: 'run the same command again when nothing writes to it',
      });
    }
    done += length;
  }
}
