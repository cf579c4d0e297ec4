/**
 * @file For every feature the other one with which it is most antipodal: the largest product of the two cosines, encoder with encoder and decoder with decoder
 * (Sun et al., "Dense SAE Latents Are Features, Not Bugs", arXiv 2506.15679, section 4). Exhaustive: every pair is multiplied in both matrices in integers of 8 bits,
 * or in float32 where there is no exact product of these, and float64 decides what the error bound leaves in question. Memory beyond the matrices: 2 bytes per feature and
 * dimension, and about 100 MB per worker.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { emptyPartners, enterPartner, type Partners, REACHED_NOTHING } from './antipodal_pass.ts';
import { askTiles, LARGEST_WIDTH, onIntegers } from './int8_frame.ts';
import { prepareTiles } from './int8_prepare.ts';
import { type AntipodalJob, CONTROL_LENGTH, type TileJob } from './jobs.ts';
import { checkThreads } from './pairs.ts';
import type { SharedRows } from './row_values.ts';
import { shareRows } from './shared_rows.ts';
import { pairCount, tilesFor } from './tiles.ts';
import { stoppedBy, tellingProgress } from './watch.ts';
import { withWorkers } from './worker_pool.ts';

export interface AntipodalityOptions {
  /** Default: all cores. The result does not depend on it. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** @param done pairs visited so far */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Per feature: `score[i]` = max over j != i of cos(W_enc_i, W_enc_j) * cos(W_dec_i, W_dec_j), in [-1, 1], with the feature j that has it (the smallest index of
 * equals) and both cosines, which tell two opposed features from two that are alike. -1 and NaN for features that lack a direction in either
 * matrix, and where no other feature has both.
 */
export type Antipodality = Partners;

/**
 * @param encoder `[d_sae, d_in]` @param decoder of the same shape
 * @throws {AntipodeError} `usage` where the shapes differ and for a number of threads that is none, `interrupted` on abort (within one tile), `resource` when a worker dies
 */
export async function antipodality(
  encoder: FeatureMatrix,
  decoder: FeatureMatrix,
  options: AntipodalityOptions = {},
): Promise<Antipodality> {
  checkThreads(options.threads);
  if (encoder.rows !== decoder.rows || encoder.cols !== decoder.cols) {
    throw new AntipodeError(
      'usage',
      `encoder and decoder: their shapes differ (got [${encoder.rows}, ${encoder.cols}] and [${decoder.rows}, ${decoder.cols}])`,
    );
  }
  const norms = encoder.norms.map((norm, row) => (norm > 0 && decoder.norms[row]! > 0 ? norm : Number.NaN));
  const encoderRows = shareRows({ ...encoder, norms });
  const { usable } = encoderRows;
  const all = emptyPartners(encoder.rows);
  if (usable.length < 2) return all;
  const rows: BothRows = {
    encoder: encoderRows,
    decoder: { ...shareRows(decoder), usable },
    d: encoder.cols,
  };
  const byIntegers = rows.d <= LARGEST_WIDTH ? await searchByIntegers(rows, options) : undefined;
  throwIfInterrupted(options.signal);
  const answers = byIntegers ?? (await antipodalityByFloats(rows, options));
  for (const answer of answers) {
    usable.forEach((row, place) => {
      if (answer.partner[place] === -1) return;
      enterPartner(all, row, {
        partner: usable[answer.partner[place]!]!,
        score: answer.score[place]!,
        cosEncoder: answer.cosEncoder[place]!,
        cosDecoder: answer.cosDecoder[place]!,
      });
    });
  }
  return all;
}

type BothRows = Pick<AntipodalJob, 'encoder' | 'decoder' | 'd'>;

function searchByIntegers(rows: BothRows, options: AntipodalityOptions): Promise<Partners[] | undefined> {
  const { encoder, decoder, d } = rows;
  return onIntegers(options, async (frame) => {
    const plan = { head: d, fine: 0 };
    const asBytes = (side: SharedRows): Promise<TileJob> =>
      prepareTiles({ ...frame, rows: side, others: undefined, d }, plan, undefined);
    const integers = { encoder: await asBytes(encoder), decoder: await asBytes(decoder) };
    const job = jobOf(rows, frame.control, integers);
    return askTiles(integers.encoder, () => frame.workers.ask(job), options.onProgress);
  });
}

/** For machines and widths without exact integer products. @param rows the same are usable in both @returns an answer per worker, by place among them */
export async function antipodalityByFloats(
  rows: BothRows,
  { threads, signal, onProgress }: AntipodalityOptions,
): Promise<Partners[]> {
  const job = jobOf(rows, new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH)), undefined);
  const n = rows.encoder.usable.length;
  const tiles = tilesFor(n, undefined).length;
  const total = pairCount(n, undefined);
  const { control } = job;
  return withWorkers(threads, async (workers) => {
    const answers = await stoppedBy(signal, control, () =>
      tellingProgress(onProgress, { control, tiles, total }, () =>
        workers.ask(job, Math.min(workers.count, tiles)),
      ),
    );
    throwIfInterrupted(signal);
    return answers;
  });
}

function jobOf(rows: BothRows, control: Int32Array, integers: AntipodalJob['integers']): AntipodalJob {
  const known = new Int32Array(new SharedArrayBuffer(4 * rows.encoder.usable.length));
  return { kind: 'antipodality', ...rows, integers, known: known.fill(REACHED_NOTHING), control };
}
