/**
 * @file One worker's share of the search for antipodal partners: tiles of products in both matrices, and float64 for the pairs that can still be someone's best.
 *
 * With |v - c| <= s for a pair's estimate v and cosine c in one matrix, and |w - g| <= t in the other, |v w - c g| <= |v| t + |w| s + s t. A pair whose product plus
 * this error is below what both its rows' bests are known to reach is the best of neither; the others wait until the bests are nearly final, and few are
 * left to decide.
 */

import { type ProductTile, visitBothByFloats, visitBothByIntegers } from './antipodal_tiles.ts';
import { type AntipodalJob, isStopped } from './jobs.ts';
import type { KernelModule } from './kernel_module.ts';
import { exactCosine } from './verify.ts';

/** Per row the best partner; -1 and NaN where none is known. */
export interface Partners {
  readonly partner: Int32Array;
  readonly score: Float64Array;
  readonly cosEncoder: Float64Array;
  readonly cosDecoder: Float64Array;
}

export interface Partner {
  readonly partner: number;
  readonly score: number;
  readonly cosEncoder: number;
  readonly cosDecoder: number;
}

export function emptyPartners(rows: number): Partners {
  return {
    partner: new Int32Array(rows).fill(-1),
    score: new Float64Array(rows).fill(Number.NaN),
    cosEncoder: new Float64Array(rows).fill(Number.NaN),
    cosDecoder: new Float64Array(rows).fill(Number.NaN),
  };
}

/** Ties go to the partner with the smaller index. */
export function enterPartner(best: Partners, row: number, found: Partner): void {
  const known = best.partner[row]!;
  const score = best.score[row]!;
  if (known !== -1 && (found.score < score || (found.score === score && found.partner > known))) return;
  best.partner[row] = found.partner;
  best.score[row] = found.score;
  best.cosEncoder[row] = found.cosEncoder;
  best.cosDecoder[row] = found.cosDecoder;
}

/** Pairs that wait before they are looked through again: 33 MB. */
const MOST_WAITING = 2 ** 20;
/** What float64 adds to products of estimates. */
const ROUNDING = 1e-15;
/** Steps per unit of score of what rows are known to reach, and what is below every score. */
export const REACHED_STEPS: number = 2 ** 29;
export const REACHED_NOTHING: number = -2 * REACHED_STEPS;

interface Waiting {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** What the score can be at most. */
  readonly limits: Float64Array;
  /** The decoder's cosine as estimated, and how far it can be off. */
  readonly estimates: Float64Array;
  readonly slacks: Float64Array;
  count: number;
}

interface Pass {
  readonly job: AntipodalJob;
  /** Per row: its best score is at least this. */
  readonly reached: Float64Array;
  readonly waiting: Waiting;
  readonly best: Partners;
}

/** @param modules a memory for the products of each matrix */
export async function runAntipodality(
  job: AntipodalJob,
  modules: readonly [KernelModule, KernelModule],
): Promise<Partners> {
  const count = job.encoder.usable.length;
  const pass: Pass = {
    job,
    reached: new Float64Array(count).fill(Number.NEGATIVE_INFINITY),
    waiting: {
      rows: new Int32Array(MOST_WAITING),
      columns: new Int32Array(MOST_WAITING),
      limits: new Float64Array(MOST_WAITING),
      estimates: new Float64Array(MOST_WAITING),
      slacks: new Float64Array(MOST_WAITING),
      count: 0,
    },
    best: emptyPartners(count),
  };
  const scan = (tile: ProductTile): void => {
    exchange(pass, tile, 'read');
    scanTile(pass, tile);
    exchange(pass, tile, 'write');
  };
  if (job.integers) await visitBothByIntegers(job, job.integers, modules, scan);
  else await visitBothByFloats(job, scan);
  if (!isStopped(job.control)) {
    makeRoom(pass);
    decide(pass);
  }
  return pass.best;
}

/** What the other workers know of the tile's rows and columns, and the reverse; it only rises. */
function exchange({ job, reached }: Pass, tile: ProductTile, way: 'read' | 'write'): void {
  const { known } = job;
  const each = (from: number, count: number): void => {
    for (let row = from; row < from + count; row++) {
      if (way === 'read') {
        reached[row] = Math.max(reached[row]!, Atomics.load(known, row) / REACHED_STEPS);
        continue;
      }
      const value = Math.floor(reached[row]! * REACHED_STEPS);
      for (let seen = Atomics.load(known, row); value > seen; ) {
        const before = Atomics.compareExchange(known, row, seen, value);
        if (before === seen) break;
        seen = before;
      }
    }
  };
  each(tile.first, tile.m);
  each(tile.left, tile.columns);
}

/** One pass over both tables of products: a kernel, and as long as it takes. */
function scanTile(pass: Pass, tile: ProductTile): void {
  const { reached, waiting } = pass;
  const { first, m, left, columns, stride, encoder, decoder } = tile;
  const floors = reached.subarray(left, left + columns);
  const [scalesE, scalesD] = [encoder.scales, decoder.scales];
  const [boundsE, boundsD] = [encoder.bounds, decoder.bounds];
  const [productsE, productsD] = [encoder.products, decoder.products];
  const [largestE, largestD] = [largestOf(boundsE, tile), largestOf(boundsD, tile)];
  for (let r = 0; r < m; r++) {
    const i = first + r;
    const [scaleE, scaleD] = [scalesE[i]!, scalesD[i]!];
    const [boundE, boundD] = [boundsE[i]! + largestE, boundsD[i]! + largestD];
    const rest = boundE * boundD + ROUNDING;
    let floor = reached[i]!;
    for (let q = Math.max(0, i + 1 - left), at = r * stride + q; q < columns; q++, at++) {
      const v = productsE[at]! * scaleE * scalesE[left + q]!;
      const w = productsD[at]! * scaleD * scalesD[left + q]!;
      const limit = v * w + Math.abs(v) * boundD + Math.abs(w) * boundE + rest;
      if (limit < floor && limit < floors[q]!) continue;
      const j = left + q;
      const [own, other] = [boundsE[i]! + boundsE[j]!, boundsD[i]! + boundsD[j]!];
      const slack = Math.abs(v) * other + Math.abs(w) * own + own * other + ROUNDING;
      const [least, most] = [v * w - slack, v * w + slack];
      if (most < reached[i]! && most < reached[j]!) continue;
      if (waiting.count === MOST_WAITING) makeRoom(pass);
      if (least > reached[i]!) reached[i] = least;
      if (least > reached[j]!) reached[j] = least;
      floor = reached[i]!;
      waiting.rows[waiting.count] = i;
      waiting.columns[waiting.count] = j;
      waiting.estimates[waiting.count] = w;
      waiting.slacks[waiting.count] = other;
      waiting.limits[waiting.count++] = most;
    }
  }
}

function largestOf(bounds: Float32Array, { left, columns }: ProductTile): number {
  let most = 0;
  for (let column = left; column < left + columns; column++) most = Math.max(most, bounds[column]!);
  return most;
}

/** Ties can keep more pairs than there is room for: then they are decided at once. */
function makeRoom(pass: Pass): void {
  decideMostPromising(pass);
  dropWaiting(pass);
  if (pass.waiting.count > MOST_WAITING / 2) decide(pass);
}

/** Of each row that waits, the pair that can be its best by most: estimates are coarse, and a decided score leaves few others in question. */
function decideMostPromising(pass: Pass): void {
  const { waiting, reached } = pass;
  const { rows, columns, limits, count } = waiting;
  const promising = new Int32Array(reached.length).fill(-1);
  for (let at = 0; at < count; at++) {
    for (const row of [rows[at]!, columns[at]!]) {
      const known = promising[row]!;
      if (known === -1 || limits[at]! > limits[known]!) promising[row] = at;
    }
  }
  for (const at of new Set(promising)) if (at !== -1) decidePair(pass, at);
}

/** Forgets the pairs that can no longer be anyone's best. */
function dropWaiting({ waiting, reached }: Pass): void {
  const { rows, columns, limits, estimates, slacks } = waiting;
  let kept = 0;
  for (let at = 0; at < waiting.count; at++) {
    const [i, j, limit] = [rows[at]!, columns[at]!, limits[at]!];
    if (limit < reached[i]! && limit < reached[j]!) continue;
    rows[kept] = i;
    columns[kept] = j;
    estimates[kept] = estimates[at]!;
    slacks[kept] = slacks[at]!;
    limits[kept++] = limit;
  }
  waiting.count = kept;
}

function decide(pass: Pass): void {
  const { waiting, job } = pass;
  for (let at = 0; at < waiting.count && !isStopped(job.control); at++) decidePair(pass, at);
  waiting.count = 0;
}

/** The encoder's cosine alone rules most pairs out: then one factor is exact, and the limit of the product falls. */
function decidePair({ job, reached, waiting, best }: Pass, at: number): void {
  const { encoder, decoder, d } = job;
  const [i, j] = [waiting.rows[at]!, waiting.columns[at]!];
  const [rowI, rowJ] = [encoder.usable[i]!, encoder.usable[j]!];
  const cosEncoder = exactCosine(encoder, rowI, encoder, rowJ, d);
  const limit = cosEncoder * waiting.estimates[at]! + Math.abs(cosEncoder) * waiting.slacks[at]! + ROUNDING;
  if (limit < reached[i]! && limit < reached[j]!) return;
  const cosDecoder = exactCosine(decoder, rowI, decoder, rowJ, d);
  const score = cosEncoder * cosDecoder;
  enterPartner(best, i, { partner: j, score, cosEncoder, cosDecoder });
  enterPartner(best, j, { partner: i, score, cosEncoder, cosDecoder });
  if (score > reached[i]!) reached[i] = score;
  if (score > reached[j]!) reached[j] = score;
}
