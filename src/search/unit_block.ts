/** @file A block of consecutive rows, scaled to length 1 in float32, in the memory of the kernels: what a product is fed with. */

import type { KernelModule } from './kernel_module.ts';
import type { SharedRows } from './row_values.ts';
import { copyRows } from './row_values.ts';

/** Within these, neither a norm nor its reciprocal nor their products with a coordinate leave float32. */
const SHORTEST = 2 ** -60;
const LONGEST = 2 ** 60;

export interface UnitBlock {
  /** Unit rows of places start..start + count, `[count, d]`; valid until the next call for others than these. */
  take(start: number, count: number): Float32Array;
}

/** @param most rows taken at a time, at most */
export function createUnitBlock(
  module: KernelModule,
  rows: SharedRows,
  { d, most }: { readonly d: number; readonly most: number },
): UnitBlock {
  const { norms, usable } = rows;
  const at = module.allocate(4 * d * Math.min(most, usable.length));
  let held = { start: 0, count: 0 };
  return {
    take(start, count) {
      const within = start - held.start;
      if (within >= 0 && within + count <= held.count)
        return new Float32Array(module.buffer, at + within * d * 4, count * d);
      const block = new Float32Array(module.buffer, at, count * d);
      copyRows(rows, { d, stride: d, start, count }, block);
      for (let r = 0; r < count; r++) {
        const row = at + r * d * 4;
        const norm = norms[usable[start + r]!]!;
        if (norm > SHORTEST && norm < LONGEST) module.kernels.scaleRow(row, d, 1 / norm);
        else module.kernels.writeUnit(row, 0, 0, d, d, 1 / norm, row);
      }
      held = { start, count };
      return block;
    },
  };
}
