/** @file Writes the rows of a matrix as small integers, a chunk at a time, on the calling thread. The kernel and its figures: kernels/quantise.ts, `bound.ts`. */

import { FIGURES_PER_ROW } from './bound.ts';
import { CONTROL_NEXT, CONTROL_STOP, type QuantiseJob } from './int8_jobs.ts';
import type { KernelModule } from './kernel_module.ts';

/** Rows taken at a time: about a megabyte at d = 2304. */
const CHUNK_ROWS = 128;

/** Takes chunks of rows from the shared counter until none is left or the stop flag is set. */
export function quantiseRows(job: QuantiseJob, module: KernelModule): true {
  const { rows, d, part, control } = job;
  const total = rows.usable.length;
  const perRow = part.padded * job.out.BYTES_PER_ELEMENT;
  module.reset();
  // Without an order of its own a part needs its own coordinates alone.
  const stride = job.order ? d : part.to - part.from;
  const skipped = job.order ? 0 : part.from;
  const source = module.allocate(CHUNK_ROWS * stride * 4);
  const inverses = module.allocate(CHUNK_ROWS * 8);
  const order = job.order ? module.allocate(4 * d) : 0;
  const out = module.allocate(CHUNK_ROWS * perRow);
  const figures = module.allocate(CHUNK_ROWS * FIGURES_PER_ROW * 8);
  const scratch = module.allocate(part.padded * 4);
  const { buffer } = module;
  if (job.order) new Uint32Array(buffer, order, d).set(job.order);
  const sourceView = new Float32Array(buffer, source, CHUNK_ROWS * stride);
  const inverseView = new Float64Array(buffer, inverses, CHUNK_ROWS);
  const outView = new Uint8Array(buffer, out, CHUNK_ROWS * perRow);
  const figureView = new Float64Array(buffer, figures, CHUNK_ROWS * FIGURES_PER_ROW);
  const target = new Uint8Array(job.out.buffer, job.out.byteOffset, job.out.byteLength);
  for (;;) {
    const start = Atomics.add(control, CONTROL_NEXT, CHUNK_ROWS);
    if (start >= total || Atomics.load(control, CONTROL_STOP) !== 0) return true;
    const count = Math.min(CHUNK_ROWS, total - start);
    for (let r = 0; r < count; r++) {
      const row = rows.usable[start + r]!;
      const from = row * d + skipped;
      sourceView.set(rows.data.subarray(from, from + stride), r * stride);
      inverseView[r] = 1 / rows.norms[row]!;
    }
    if (job.out instanceof Int16Array) {
      module.kernels.quantiseWords(
        source,
        stride,
        count,
        inverses,
        order,
        part.from - skipped,
        part.to - skipped,
        part.padded,
        job.levels,
        out,
        figures,
        scratch,
      );
    } else {
      module.kernels.quantiseBytes(
        source,
        stride,
        count,
        inverses,
        order,
        part.to - skipped,
        part.padded,
        job.levels,
        out,
        figures,
        scratch,
      );
    }
    target.set(outView.subarray(0, count * perRow), start * perRow);
    job.figures.set(figureView.subarray(0, count * FIGURES_PER_ROW), start * FIGURES_PER_ROW);
  }
}
