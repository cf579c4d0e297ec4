/**
 * @file Runs a model over a corpus and gathers what fires where: the activations at the SAE's place, encoded, in one pass. What
 * `isCounted` leaves out when SAEs are trained (special tokens, the first token of a row) is seen by the model and not counted here either.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import type { Matrix } from '../tensor/matrix.ts';
import { isCounted } from '../train/corpus/token_rows.ts';
import type { HookPoint } from '../train/harvest/hook_name.ts';
import { FeatureGatherer } from './gather.ts';
import type { FeatureStatistics } from './statistics.ts';
import { createWordReader, type RowWords } from './word_units.ts';

/** Tokens of one document, or of a part of it. */
export interface CorpusRow {
  /** Its number in the corpus. Rows of one document follow each other. */
  readonly document: number;
  /** At least one, with what the tokenizer adds; no more than the model's context. */
  readonly tokens: ArrayLike<number>;
}

export interface CollectOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Where the SAE reads. */
  readonly capture: HookPoint['capture'];
  readonly dSae: number;
  /** `[n, d_model]` to `[n, width]`: `SaeEncoder.encode`, or `encode` of `sae/`. `width` is `features.length` where given, else `dSae`. */
  readonly encode: (x: Matrix) => Promise<Matrix>;
  /**
   * Ascending. `encode` may give all features, or these alone in their order (`SaeFile.loadFeatures`; not for `topk`, whose features compete).
   */
  readonly features?: readonly number[] | undefined;
  readonly rows: AsyncIterable<CorpusRow> | Iterable<CorpusRow>;
  /** Counted tokens after which the run ends, in the middle of a row if need be; all where left out. */
  readonly maxTokens?: number | undefined;
  /** Contexts kept per feature; default 20. */
  readonly top?: number;
  /** Tokens shown per context; default 64. */
  readonly window?: number;
  readonly signal?: AbortSignal | undefined;
  /** After every batch: counted tokens and documents so far. */
  readonly onProgress?: (done: { readonly tokens: number; readonly documents: number }) => void;
}

const DEFAULT_TOP = 20;
const DEFAULT_WINDOW = 64;

/** Rows of a batch times their longest: one piece of a forward pass (`lm/forward_pass.ts`). */
const MAX_BATCH_TOKENS = 512;
const MAX_BATCH_ROWS = 32;

/** Activations encoded at a time: 2^24 float32 are 64 MiB. */
const MAX_ENCODED = 2 ** 24;

/**
 * The same rows give the same record, bit for bit where model and encoder are (ONNX Runtime is, on one machine with one number of threads).
 * @throws {AntipodeError} `usage` for features outside the SAE or rows the model refuses, `format` where activations are not finite,
 * `missing` where the corpus has no token that counts, `interrupted` between batches, and whatever model, encoder and rows throw
 */
export async function collectFeatureStatistics(options: CollectOptions): Promise<FeatureStatistics> {
  const { dSae, features, tokenizer, top = DEFAULT_TOP, window = DEFAULT_WINDOW } = options;
  checkFeatures(features, dSae);
  const reader = createWordReader(tokenizer);
  const gatherer = new FeatureGatherer({ dSae, features, joinsPieces: reader.joinsPieces, top, window });
  const done = { tokens: 0, documents: 0 };
  let document: number | undefined;
  for await (const batch of batchesOf(options)) {
    throwIfInterrupted(options.signal);
    for await (const fired of encoded(options, batch)) {
      const words: RowWords = reader.read(fired.tokens);
      gatherer.add({ ...fired, words });
      done.tokens += fired.counted.length;
      if (fired.document !== document) done.documents += 1;
      document = fired.document;
    }
    options.onProgress?.(done);
  }
  if (done.tokens > 0) return gatherer.statistics();
  throw new AntipodeError('missing', 'corpus: has no tokens that count', {
    hint: 'give texts of more than one word',
  });
}

function checkFeatures(features: readonly number[] | undefined, dSae: number): void {
  features?.forEach((feature, i) => {
    const isNext = i === 0 || feature > features[i - 1]!;
    if (Number.isInteger(feature) && feature >= 0 && feature < dSae && isNext) return;
    throw new AntipodeError(
      'usage',
      `features: got ${feature}, expected ascending numbers below ${dSae} (d_sae)`,
    );
  });
}

interface BatchRow {
  readonly document: number;
  readonly tokens: Int32Array;
  /** Positions that count, ascending. */
  readonly counted: readonly number[];
}

async function* batchesOf({ rows, tokenizer, maxTokens }: CollectOptions): AsyncIterable<BatchRow[]> {
  let batch: BatchRow[] = [];
  let longest = 0;
  let left = maxTokens ?? Number.POSITIVE_INFINITY;
  for await (const row of rows) {
    if (left <= 0) break;
    const next = countedRow(row, tokenizer, left);
    if (next.counted.length === 0) continue;
    left -= next.counted.length;
    const width = Math.max(longest, next.tokens.length);
    if (
      batch.length > 0 &&
      (batch.length >= MAX_BATCH_ROWS || width * (batch.length + 1) > MAX_BATCH_TOKENS)
    ) {
      yield batch;
      batch = [];
      longest = 0;
    }
    batch.push(next);
    longest = Math.max(longest, next.tokens.length);
  }
  if (batch.length > 0) yield batch;
}

/** The row, cut behind the last token that still counts. */
function countedRow({ document, tokens }: CorpusRow, tokenizer: Tokenizer, left: number): BatchRow {
  const ids = Int32Array.from(tokens);
  const counted: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (!isCounted(ids, i, tokenizer)) continue;
    if (counted.length >= left) return { document, tokens: ids.slice(0, i), counted };
    counted.push(i);
  }
  return { document, tokens: ids, counted };
}

interface FiredRow extends BatchRow {
  readonly positions: number[];
  readonly slots: number[];
  readonly activations: number[];
}

async function* encoded(options: CollectOptions, batch: readonly BatchRow[]): AsyncIterable<FiredRow> {
  const { model, capture: name, dSae } = options;
  const { captures } = await model.forward({
    tokens: batch.map(({ tokens }) => tokens),
    capture: [name],
    logits: 'none',
  });
  const { shape, values } = captures.get(name)!;
  const [, columns = 0, dModel = 0] = shape;
  const rows: FiredRow[] = batch.map((row) => ({ ...row, positions: [], slots: [], activations: [] }));
  const places = rows.flatMap((row, r) =>
    row.counted.map((position) => ({ row, position, from: r * columns + position })),
  );
  const atOnce = Math.max(1, Math.floor(MAX_ENCODED / dSae));
  for (let from = 0; from < places.length; from += atOnce) {
    throwIfInterrupted(options.signal);
    const part = places.slice(from, from + atOnce);
    const x = new Float32Array(part.length * dModel);
    part.forEach((one, i) => {
      x.set(values.subarray(one.from * dModel, (one.from + 1) * dModel), i * dModel);
    });
    const acts = await options.encode({ data: x, rows: part.length, cols: dModel });
    part.forEach(({ row, position }, i) => {
      takeFirings(acts, i, { row, position, options });
    });
  }
  yield* rows;
}

interface Target {
  readonly row: FiredRow;
  readonly position: number;
  readonly options: CollectOptions;
}

function takeFirings({ data, cols }: Matrix, at: number, { row, position, options }: Target): void {
  const { dSae, features } = options;
  const isChosen = features !== undefined && cols === dSae && features.length !== dSae;
  if (!isChosen && cols !== (features?.length ?? dSae)) {
    throw new Error(`internal: ${cols} activations per token of ${dSae} features`);
  }
  const count = features?.length ?? dSae;
  for (let slot = 0; slot < count; slot++) {
    const activation = data[at * cols + (isChosen ? features[slot]! : slot)]!;
    if (activation === 0 || activation < 0) continue;
    if (!Number.isFinite(activation)) throw notFinite(row.document, position, features?.[slot] ?? slot);
    row.positions.push(position);
    row.slots.push(slot);
    row.activations.push(activation);
  }
}

function notFinite(document: number, position: number, feature: number): AntipodeError {
  return new AntipodeError(
    'format',
    `feature ${feature}: its activation is not a number (document ${document}, token ${position})`,
    { hint: 'the SAE may hold NaN, or belong to another place of the model: antipode sae inspect' },
  );
}
