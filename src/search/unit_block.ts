/** @file A block of consecutive rows, scaled to length 1 in float32, in the memory of the kernels: what a product is fed with. */

import type { KernelModule } from './kernel_module.ts';
import { TILE_ROWS } from './tiles.ts';
import type { SharedRows } from './worker_protocol.ts';

export interface UnitBlock {
  /** Unit rows of places start..start + count, `[count, d]`; valid until the next call. */
  take(start: number, count: number): Float32Array;
}

export function createUnitBlock(module: KernelModule, rows: SharedRows, d: number): UnitBlock {
  const { data, norms, usable } = rows;
  const stored = module.allocate(4 * d);
  const at = module.allocate(4 * d * Math.min(TILE_ROWS, usable.length));
  let held = { start: 0, count: 0 };
  return {
    take(start, count) {
      if (held.start !== start || held.count < count) {
        const source = new Float32Array(module.buffer, stored, d);
        for (let r = 0; r < count; r++) {
          const row = usable[start + r]!;
          source.set(data.subarray(row * d, (row + 1) * d));
          module.kernels.writeUnit(stored, 0, 0, d, d, 1 / norms[row]!, at + r * d * 4);
        }
        held = { start, count };
      }
      return new Float32Array(module.buffer, at, count * d);
    },
  };
}
