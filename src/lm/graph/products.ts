/**
 * @file How a graph multiplies with stored matrices: the one place where precision and device differ. Families say which matrix, an
 * implementation beside this file says in which form it is stored and by which operator it is used.
 */

import type { GraphBuilder, Value } from './graph.ts';

export interface Matrix {
  readonly name: string;
  readonly outputs: number;
  readonly inputs: number;
  /** x is `[r, inputs]` and r may be 0; the product should then cost nothing. */
  readonly isOptional?: boolean;
}

export interface Products {
  /** x Wᵀ for W stored `[outputs, inputs]`, as torch's Linear does; x `[..., inputs]`, result `[..., outputs]`. */
  linear(x: Value, matrix: Matrix): Value;
  /** x W for W stored `[inputs, outputs]`, as GPT-2's Conv1D does. */
  linearInOut(x: Value, matrix: Matrix): Value;
  /** Rows of a stored `[rows, width]` table by int64 index, as float32; only the rows asked for are read. */
  lookUp(index: Value, name: string, shape: readonly [number, number]): Value;
  /** x yᵀ over the last two axes, of two computed float32 tensors of `rank` axes. */
  timesTransposed(x: Value, y: Value, rank: number): Value;
}

export type MakeProducts = (graph: GraphBuilder) => Products;
