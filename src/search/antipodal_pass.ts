/**
 * @file One worker's share of the search for antipodal partners: tiles of float32 products in both matrices, and float64 for the pairs that can still be
 * someone's best.
 *
 * With |v - c| <= e for both cosines of a pair, |v1 v2 - c1 c2| <= e (|v1| + |v2|) + e². A pair whose product plus this error is below what a row's best is
 * known to reach is not that row's best; the others wait until the rows' bests are nearly final, and few are left to decide.
 */

import { createProductEngine, productErrorBound } from '../onnx/product.ts';
import { writeUnitRow } from '../tensor/unit_rows.ts';
import { type AntipodalJob, CONTROL_DONE, CONTROL_NEXT, CONTROL_STOP } from './int8_jobs.ts';
import { TILE_ROWS, type Tile, tilesFor } from './tiles.ts';
import { exactCosine } from './verify.ts';
import type { SharedRows } from './worker_protocol.ts';

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

/** Pairs that wait before they are looked through again: 16 MB. */
const MOST_WAITING = 2 ** 20;

interface Waiting {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  /** What the score can be at most. */
  readonly limits: Float64Array;
  count: number;
}

interface Pass {
  readonly job: AntipodalJob;
  /** Per row: its best score is at least this. */
  readonly reached: Float64Array;
  readonly waiting: Waiting;
  readonly best: Partners;
}

export async function runAntipodality(job: AntipodalJob): Promise<Partners> {
  const { encoder, decoder, d, control } = job;
  const count = encoder.usable.length;
  const pass: Pass = {
    job,
    reached: new Float64Array(count).fill(Number.NEGATIVE_INFINITY),
    waiting: {
      rows: new Int32Array(MOST_WAITING),
      columns: new Int32Array(MOST_WAITING),
      limits: new Float64Array(MOST_WAITING),
      count: 0,
    },
    best: emptyPartners(count),
  };
  const sides = [createSide(encoder, d), createSide(decoder, d)] as const;
  const engine = await createProductEngine();
  const tiles = tilesFor(count, undefined);
  try {
    for (;;) {
      const tile = tiles[Atomics.add(control, CONTROL_NEXT, 1)];
      if (tile === undefined || Atomics.load(control, CONTROL_STOP) !== 0) break;
      const products: Float32Array[] = [];
      for (const side of sides) {
        const m = gather(side.left, side.rows, tile.i0, d);
        const n = gather(side.right, side.rows, tile.j0, d);
        const [a, b] = [side.left.unit.subarray(0, m * d), side.right.unit.subarray(0, n * d)];
        products.push(await engine.multiply(a, b, { m, n, d }, side.products.subarray(0, m * n)));
      }
      scanTile(pass, tile, products[0]!, products[1]!);
      Atomics.add(control, CONTROL_DONE, 1);
    }
  } finally {
    await engine.close();
  }
  if (Atomics.load(control, CONTROL_STOP) === 0) {
    dropWaiting(pass);
    decide(pass);
  }
  return pass.best;
}

/** Unit rows of one matrix for a tile, in private memory, which ONNX Runtime asks for. */
interface Side {
  readonly rows: SharedRows;
  readonly left: Block;
  readonly right: Block;
  readonly products: Float32Array;
}

interface Block {
  start: number;
  readonly unit: Float32Array;
}

function createSide(rows: SharedRows, d: number): Side {
  const length = Math.min(TILE_ROWS, rows.usable.length);
  const block = (): Block => ({ start: -1, unit: new Float32Array(length * d) });
  return { rows, left: block(), right: block(), products: new Float32Array(length * length) };
}

/** @returns rows of the block */
function gather(block: Block, rows: SharedRows, start: number, d: number): number {
  const count = Math.min(TILE_ROWS, rows.usable.length - start);
  if (block.start === start) return count;
  block.start = start;
  for (let r = 0; r < count; r++) writeUnitRow(block.unit, r * d, rows, rows.usable[start + r]!, d);
  return count;
}

/** One pass over both tables of products: a kernel, and as long as it takes. */
function scanTile(pass: Pass, { i0, j0 }: Tile, byEncoder: Float32Array, byDecoder: Float32Array): void {
  const { job, reached, waiting } = pass;
  const count = job.encoder.usable.length;
  const m = Math.min(TILE_ROWS, count - i0);
  const n = Math.min(TILE_ROWS, count - j0);
  const error = productErrorBound(job.d);
  const largest = error * (2 + 3 * error) + 1e-15;
  // What a product has to reach to be looked at: one comparison decides for nearly all pairs.
  const floors = Float64Array.from({ length: n }, (_, q) => reached[j0 + q]! - largest);
  for (let r = 0; r < m; r++) {
    const i = i0 + r;
    let floor = reached[i]! - largest;
    for (let q = i0 === j0 ? r + 1 : 0, at = r * n + q; q < n; q++, at++) {
      const product = byEncoder[at]! * byDecoder[at]!;
      if (product < floor && product < floors[q]!) continue;
      const slack = error * (Math.abs(byEncoder[at]!) + Math.abs(byDecoder[at]!) + error) + 1e-15;
      const j = j0 + q;
      if (product + slack < reached[i]! && product + slack < reached[j]!) continue;
      if (product - slack > reached[i]!) {
        reached[i] = product - slack;
        floor = reached[i]! - largest;
      }
      if (product - slack > reached[j]!) {
        reached[j] = product - slack;
        floors[q] = reached[j]! - largest;
      }
      if (waiting.count === MOST_WAITING) makeRoom(pass);
      waiting.rows[waiting.count] = i;
      waiting.columns[waiting.count] = j;
      waiting.limits[waiting.count++] = product + slack;
    }
  }
}

/** Ties can keep more pairs than there is room for: then they are decided at once. */
function makeRoom(pass: Pass): void {
  dropWaiting(pass);
  if (pass.waiting.count > MOST_WAITING / 2) decide(pass);
}

/** Forgets the pairs that can no longer be anyone's best. */
function dropWaiting({ waiting, reached }: Pass): void {
  const { rows, columns, limits } = waiting;
  let kept = 0;
  for (let at = 0; at < waiting.count; at++) {
    const [i, j, limit] = [rows[at]!, columns[at]!, limits[at]!];
    if (limit < reached[i]! && limit < reached[j]!) continue;
    rows[kept] = i;
    columns[kept] = j;
    limits[kept++] = limit;
  }
  waiting.count = kept;
}

function decide({ job, waiting, reached, best }: Pass): void {
  const { encoder, decoder, d } = job;
  for (let at = 0; at < waiting.count; at++) {
    const [i, j] = [waiting.rows[at]!, waiting.columns[at]!];
    const [rowI, rowJ] = [encoder.usable[i]!, encoder.usable[j]!];
    const cosEncoder = exactCosine(encoder, rowI, encoder, rowJ, d);
    const cosDecoder = exactCosine(decoder, rowI, decoder, rowJ, d);
    const score = cosEncoder * cosDecoder;
    enterPartner(best, i, { partner: j, score, cosEncoder, cosDecoder });
    enterPartner(best, j, { partner: i, score, cosEncoder, cosDecoder });
    reached[i] = Math.max(reached[i]!, score);
    reached[j] = Math.max(reached[j]!, score);
  }
  waiting.count = 0;
}
