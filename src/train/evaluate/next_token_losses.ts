/**
 * @file One pass over a batch: how surprised the model is by the next tokens, with something added to the residual stream at every position, and what
 * stands at a place meanwhile. Leaves out what is added: `evaluate_sae.ts`.
 */

import { throwIfInterrupted } from '../../errors.ts';
import type { Capture, ForwardResult, LanguageModel, Site, Steering } from '../../lm/language_model.ts';
import { logProbability } from '../../lm/sampler.ts';
import { type EvaluationBatch, MAX_LOGITS } from './evaluation_batches.ts';

export interface Added {
  readonly at: Site;
  /** `[rows, columns, d_model]`; zeros at pads. */
  readonly values: Float32Array;
}

export interface LossPassOptions {
  readonly added?: Added;
  readonly capture?: Capture;
  /** Default true; false where only the capture is wanted. */
  readonly wantsLosses?: boolean;
  /** Logits at a time, `MAX_LOGITS` where left out; fewer take less memory, for the same numbers. */
  readonly maxLogits?: number;
  /** Logits behind which a stop is heard, `LOGITS_PER_TURN` where left out. */
  readonly logitsPerTurn?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface LossPass {
  /** Sum of -ln p of the tokens behind the counted ones, float64 (log-softmax in float64). */
  readonly sum: number;
  /** How many those are: the last token of a row predicts nothing that is known. */
  readonly predictions: number;
  /** `[rows, columns, d_model]`, zeros at pads; where `capture` is given. */
  readonly captured: Float32Array | undefined;
}

/** A tenth of a second on a slow core; all of a run's together would hold up Ctrl-C for a second. */
const LOGITS_PER_TURN = 2 ** 21;

/** @throws {AntipodeError} `interrupted` between runs and while losses are summed up, and as the model */
export async function lossPass(
  model: LanguageModel,
  batch: EvaluationBatch,
  options: LossPassOptions,
): Promise<LossPass> {
  const { dModel, vocabSize } = model.config;
  const { capture, maxLogits = MAX_LOGITS, wantsLosses = true } = options;
  const rows = batch.tokens.length;
  const isWhole = !wantsLosses || rows > 1 || batch.columns * vocabSize <= maxLogits;
  const step = isWhole ? batch.columns : Math.max(1, Math.floor(maxLogits / vocabSize));
  const captured = capture === undefined ? undefined : new Float32Array(rows * batch.columns * dModel);
  const total = { sum: 0, predictions: 0 };
  const past = isWhole ? undefined : await model.createPast(rows, batch.columns);
  try {
    for (let from = 0; from < batch.columns; from += step) {
      const to = Math.min(from + step, batch.columns);
      throwIfInterrupted(options.signal);
      const result = await model.forward({
        tokens: batch.tokens.map((tokens) => tokens.subarray(from, to)),
        ...(past && { past }),
        ...(options.added && { steer: [pieceOf(options.added, batch, [from, to])] }),
        ...(capture && { capture: [capture] }),
        logits: wantsLosses ? 'all' : 'none',
      });
      // A batch of several rows is one piece, so that a piece's array goes where it begins.
      if (capture) captured!.set(result.captures.get(capture)!.values, from * dModel);
      if (!wantsLosses) continue;
      const { sum, predictions } = await lossesIn(batch, [from, result], options);
      total.sum += sum;
      total.predictions += predictions;
    }
  } finally {
    if (past) await model.releasePast(past);
  }
  return { ...total, captured };
}

/** The columns of a piece. A batch of several rows is one piece. */
function pieceOf(
  { at, values }: Added,
  { columns, tokens }: EvaluationBatch,
  [from, to]: readonly [from: number, to: number],
): Steering {
  const width = values.length / (tokens.length * columns);
  const piece = to - from === columns ? values : values.slice(from * width, to * width);
  return { at, values: piece, rows: tokens.length, columns: to - from };
}

async function lossesIn(
  { counted, tokens }: EvaluationBatch,
  [from, { logits }]: readonly [from: number, result: ForwardResult],
  { logitsPerTurn = LOGITS_PER_TURN, signal }: LossPassOptions,
): Promise<Pick<LossPass, 'sum' | 'predictions'>> {
  if (!logits) throw new Error('internal: no logits came back');
  const [, columns = 0, vocabulary = 0] = logits.shape;
  let [sum, predictions, since] = [0, 0, 0];
  for (const [row, places] of counted.entries()) {
    for (const column of places) {
      const next = tokens[row]![column + 1];
      if (next === undefined || column < from || column >= from + columns) continue;
      const start = (row * columns + column - from) * vocabulary;
      sum -= logProbability(logits.values.subarray(start, start + vocabulary), next);
      predictions += 1;
      since += vocabulary;
      if (since < logitsPerTurn) continue;
      since = 0;
      await new Promise(setImmediate);
      throwIfInterrupted(signal);
    }
  }
  return { sum, predictions };
}
