/** @file Writes the rows of a matrix as small integers, a chunk at a time, on the calling thread. The kernel and its figures: kernels/quantise.ts, `bound.ts`. */

import { FIGURES_PER_ROW } from './bound.ts';
import { CONTROL_NEXT, CONTROL_STOP, type QuantiseJob, type QuantisePart } from './jobs.ts';
import type { KernelModule } from './kernel_module.ts';
import { copyRows } from './row_values.ts';

/** Rows taken at a time: about a megabyte at d = 2304. */
const CHUNK_ROWS = 128;

/** Takes chunks of rows from the shared counter until none is left or the stop flag is set. */
export function quantiseRows(job: QuantiseJob, module: KernelModule): true {
  const { rows, d, control } = job;
  const total = rows.usable.length;
  module.reset();
  // Without an order of their own the parts need no coordinate behind them.
  const stride = job.order ? d : Math.max(...job.parts.map(({ shape }) => shape.to));
  const source = module.allocate(CHUNK_ROWS * stride * 4);
  const inverses = module.allocate(CHUNK_ROWS * 8);
  const order = job.order ? module.allocate(4 * d) : 0;
  const places = job.parts.map(({ shape, out }) => ({
    out: module.allocate(CHUNK_ROWS * shape.padded * out.BYTES_PER_ELEMENT),
    figures: module.allocate(CHUNK_ROWS * FIGURES_PER_ROW * 8),
  }));
  const scratch = module.allocate(4 * Math.max(...job.parts.map(({ shape }) => shape.padded)));
  const { buffer, kernels } = module;
  if (job.order) new Uint32Array(buffer, order, d).set(job.order);
  const sourceView = new Float32Array(buffer, source, CHUNK_ROWS * stride);
  const inverseView = new Float64Array(buffer, inverses, CHUNK_ROWS);
  for (;;) {
    const start = Atomics.add(control, CONTROL_NEXT, CHUNK_ROWS);
    if (start >= total || Atomics.load(control, CONTROL_STOP) !== 0) return true;
    const count = Math.min(CHUNK_ROWS, total - start);
    copyRows(rows, { d, stride, start, count }, sourceView);
    for (let r = 0; r < count; r++) inverseView[r] = 1 / rows.norms[rows.usable[start + r]!]!;
    job.parts.forEach((part, p) => {
      const { out, figures } = places[p]!;
      const { from, to, padded } = part.shape;
      const input = [source, stride, count, inverses, order] as const;
      if (part.out instanceof Int16Array) {
        kernels.quantiseWords(...input, from, to, padded, part.levels, out, figures, scratch);
      } else {
        kernels.quantiseBytes(...input, to, padded, part.levels, out, figures, scratch);
      }
      handOver(part, buffer, places[p]!, start, count);
    });
  }
}

/** From this thread's memory to what all threads see. */
function handOver(
  part: QuantisePart,
  buffer: ArrayBuffer,
  place: { readonly out: number; readonly figures: number },
  start: number,
  count: number,
): void {
  const perRow = part.shape.padded * part.out.BYTES_PER_ELEMENT;
  const target = new Uint8Array(part.out.buffer, part.out.byteOffset, part.out.byteLength);
  target.set(new Uint8Array(buffer, place.out, count * perRow), start * perRow);
  const figures = new Float64Array(buffer, place.figures, count * FIGURES_PER_ROW);
  part.figures.set(figures, start * FIGURES_PER_ROW);
}
