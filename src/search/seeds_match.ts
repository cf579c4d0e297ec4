/**
 * @file Guesses at extreme pairs from one bit per coordinate, on one worker: rows that agree (or disagree) in a whole group of bits are compared by all
 * bits, and the float64 cosines of the best guesses become thresholds. A guess can miss pairs; a threshold made of computed cosines cannot be wrong.
 */

import { CONTROL_NEXT, CONTROL_STOP, type MatchAnswer, type MatchJob, type SketchJob } from './jobs.ts';
import type { KernelModule } from './kernel_module.ts';
import { copyRows } from './row_values.ts';
import { exactCosine } from './verify.ts';

const CHUNK_ROWS = 128;
const MATCH_WORDS = 3;
/** Guesses kept per worker; more means that rows are nearly all alike, and any of them will do. */
const MOST_MATCHES = 1 << 17;

/** Takes chunks of rows from the shared counter and writes their bits. */
export function sketchRows(job: SketchJob, module: KernelModule): true {
  const { rows, d, groups, order, means, control } = job;
  const width = groups * 16;
  const bytes = groups * 2;
  const stride = order ? d : width;
  module.reset();
  const source = module.allocate(CHUNK_ROWS * stride * 4);
  const inverses = module.allocate(CHUNK_ROWS * 8);
  const orderAt = order ? module.allocate(4 * d) : 0;
  const meansAt = module.allocate(4 * width);
  const out = module.allocate(CHUNK_ROWS * bytes);
  const scratch = module.allocate(4 * width);
  const { buffer } = module;
  if (order) new Uint32Array(buffer, orderAt, d).set(order);
  new Float32Array(buffer, meansAt, width).set(means);
  const sourceView = new Float32Array(buffer, source, CHUNK_ROWS * stride);
  const inverseView = new Float64Array(buffer, inverses, CHUNK_ROWS);
  const outView = new Uint8Array(buffer, out, CHUNK_ROWS * bytes);
  for (;;) {
    const start = Atomics.add(control, CONTROL_NEXT, CHUNK_ROWS);
    if (start >= rows.usable.length || Atomics.load(control, CONTROL_STOP) !== 0) return true;
    const count = Math.min(CHUNK_ROWS, rows.usable.length - start);
    copyRows(rows, { d, stride, start, count }, sourceView);
    for (let r = 0; r < count; r++) inverseView[r] = 1 / rows.norms[rows.usable[start + r]!]!;
    module.kernels.sketchRows(source, stride, count, inverses, orderAt, meansAt, groups, out, scratch);
    job.out.set(outView.subarray(0, count * bytes), start * bytes);
  }
}

/** Takes groups of bits from the shared counter; the cosines of the `keep` best guesses at each end. */
export function matchRows(job: MatchJob, module: KernelModule): MatchAnswer {
  const { a, b, groups, bits, control } = job;
  const mask = 2 ** bits - 1;
  const count = a.rows.usable.length;
  const partners = (b ?? a).rows.usable.length;
  module.reset();
  const left = module.allocate(a.sketches.length);
  const right = b ? module.allocate(b.sketches.length) : left;
  const starts = module.allocate(4 * (mask + 2));
  const sorted = module.allocate(4 * partners);
  const out = module.allocate(MOST_MATCHES * MATCH_WORDS * 4);
  new Uint8Array(module.buffer, left, a.sketches.length).set(a.sketches);
  if (b) new Uint8Array(module.buffer, right, b.sketches.length).set(b.sketches);
  let found = 0;
  for (;;) {
    const group = Atomics.add(control, CONTROL_NEXT, 1);
    if (group >= groups || Atomics.load(control, CONTROL_STOP) !== 0) break;
    module.kernels.sortByGroup(right, partners, groups, group, mask, starts, sorted);
    found = module.kernels.matchGroup(
      left,
      count,
      right,
      b ? 0 : 1,
      groups,
      group,
      mask,
      starts,
      sorted,
      job.cut,
      out,
      found,
      MOST_MATCHES,
    );
  }
  return cosinesOf(job, new Int32Array(module.buffer, out, found * MATCH_WORDS), groups * 16);
}

function cosinesOf({ a, b, d, keep }: MatchJob, matches: Int32Array, bits: number): MatchAnswer {
  const byDistance: number[][] = Array.from({ length: bits + 1 }, () => []);
  for (let at = 0; at < matches.length; at += MATCH_WORDS) byDistance[matches[at + 2]!]!.push(at);
  const second = b ?? a;
  const best = (levels: readonly number[][]): Float64Array => {
    const cosines: number[] = [];
    for (const at of levels.flat().slice(0, keep)) {
      const i = a.rows.usable[matches[at]!]!;
      const j = second.rows.usable[matches[at + 1]!]!;
      cosines.push(exactCosine(a.rows, i, second.rows, j, d));
    }
    return Float64Array.from(cosines);
  };
  const half = bits / 2;
  return {
    top: best(byDistance.slice(0, half)),
    bottom: best(byDistance.slice(half + 1).reverse()),
  };
}
