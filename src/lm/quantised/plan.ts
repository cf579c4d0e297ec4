/**
 * @file What a sidecar will be, decided before a byte of it is written: its header, the place of every block, and the pieces it is made in. The same
 * matrices under the same key give the same bytes, whoever makes them and in whatever order. The file is safetensors: for each matrix W
 * `W:scales` F32 [outputs, blocks per row], all of them first, then `W:quants` U8 [outputs, blocks per row, bytes per block].
 */

import { join } from 'node:path';
import { encodeSafetensorsHeader, type TensorPlace } from '../../formats/safetensors/safetensors.ts';
import type { DType } from '../../tensor/dtype.ts';
import type { StoredMatrix } from '../graph/list_matrices.ts';
import { type BlockBits, blockBytes, blockWeights } from './blocks.ts';

/** Goes up when the same weights would give other bytes. */
export const SIDECAR_VERSION = 1;

/** Weights per piece: 30 ms of work, so that a stop is quick and little is lost; at most 16 MB of source and 4.5 MB of result in a worker. */
const PIECE_WEIGHTS = 2 ** 22;

/** Plain data: it is sent to workers. */
export interface PlannedMatrix {
  readonly name: string;
  readonly outputs: number;
  readonly inputs: number;
  readonly layout: StoredMatrix['layout'];
  readonly blocksPerRow: number;
  readonly source: { readonly path: string; readonly offset: number; readonly dtype: SourceDType };
  /** Bytes from the start of the sidecar. */
  readonly scalesAt: number;
  readonly quantsAt: number;
}

export type SourceDType = Extract<DType, 'F32' | 'F16' | 'BF16'>;

/** Some outputs of one matrix. */
export interface Piece {
  /** Into the plan's matrices. */
  readonly matrix: number;
  readonly from: number;
  readonly outputs: number;
}

export interface SidecarPlan {
  readonly key: string;
  readonly bits: BlockBits;
  readonly header: Uint8Array;
  /** Of the finished file. */
  readonly byteLength: number;
  readonly matrices: readonly PlannedMatrix[];
  readonly pieces: readonly Piece[];
}

const DTYPES: Partial<Record<StoredMatrix['tensor']['type'], SourceDType>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
};

/** @param root that the matrices' locations are relative to */
export function sourceOf({ tensor }: StoredMatrix, root: string): PlannedMatrix['source'] {
  const dtype = DTYPES[tensor.type];
  if (!dtype) throw new Error(`internal: weights of type ${tensor.type}`);
  return { path: join(root, tensor.data.location), offset: tensor.data.offset, dtype };
}

export interface PlanOptions {
  readonly bits: BlockBits;
  /** Hash of everything that decides the bytes. */
  readonly key: string;
  readonly root: string;
  /** 2^22 where left out. */
  readonly pieceWeights?: number | undefined;
}

export function planSidecar(
  matrices: readonly StoredMatrix[],
  { bits, key, root, pieceWeights = PIECE_WEIGHTS }: PlanOptions,
): SidecarPlan {
  const blocksPerRow = ({ inputs }: StoredMatrix): number => Math.ceil(inputs / blockWeights(bits));
  const places: TensorPlace[] = [
    ...matrices.map((matrix) => ({
      name: `${matrix.name}:scales`,
      dtype: 'F32' as const,
      shape: [matrix.outputs, blocksPerRow(matrix)],
    })),
    ...matrices.map((matrix) => ({
      name: `${matrix.name}:quants`,
      dtype: 'U8' as const,
      shape: [matrix.outputs, blocksPerRow(matrix), blockBytes(bits)],
    })),
  ];
  const header = encodeSafetensorsHeader(places, {
    format: `antipode-quantised-${SIDECAR_VERSION}`,
    weights: key,
    bits: String(bits),
    block_size: String(blockWeights(bits)),
    zero_point: String(2 ** (bits - 1)),
  });
  const blockCounts = matrices.map((matrix) => matrix.outputs * blocksPerRow(matrix));
  let scalesAt = header.byteLength;
  let quantsAt = header.byteLength + 4 * blockCounts.reduce((sum, count) => sum + count, 0);
  const planned = matrices.map((matrix, m): PlannedMatrix => {
    const { name, outputs, inputs, layout } = matrix;
    const place = { scalesAt, quantsAt };
    scalesAt += 4 * blockCounts[m]!;
    quantsAt += blockBytes(bits) * blockCounts[m]!;
    const source = sourceOf(matrix, root);
    return { name, outputs, inputs, layout, blocksPerRow: blocksPerRow(matrix), source, ...place };
  });
  return {
    key,
    bits,
    header,
    byteLength: quantsAt,
    matrices: planned,
    pieces: piecesOf(planned, pieceWeights),
  };
}

function piecesOf(matrices: readonly PlannedMatrix[], pieceWeights: number): Piece[] {
  return matrices.flatMap(({ outputs, inputs }, matrix) => {
    const step = Math.max(1, Math.floor(pieceWeights / inputs));
    return Array.from({ length: Math.ceil(outputs / step) }, (_, i) => ({
      matrix,
      from: i * step,
      outputs: Math.min(step, outputs - i * step),
    }));
  });
}
