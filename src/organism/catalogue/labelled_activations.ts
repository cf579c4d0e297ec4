/**
 * @file The residual stream at the words of texts: what features are chosen by. The beginning and the end of a text are left out, as in the training of
 * the SAEs.
 */

import { throwIfInterrupted } from '../../errors.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import type { Matrix } from '../../tensor/matrix.ts';

export interface LabelledActivations {
  /** `[n, d_model]`. */
  readonly activations: Matrix;
  /** n words and signs in lower case, without their spaces. */
  readonly words: readonly string[];
}

export interface LabelledOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly layer: number;
  readonly texts: Iterable<string>;
  readonly signal?: AbortSignal | undefined;
}

/** Texts of one forward pass. */
const BATCH = 32;

/**
 * Batch by batch, `resid_post` of the layer.
 * @throws {AntipodeError} `interrupted` between batches, and what the model throws
 */
export async function* labelledActivations(options: LabelledOptions): AsyncGenerator<LabelledActivations> {
  let batch: Int32Array[] = [];
  for (const text of options.texts) {
    batch.push(options.tokenizer.encode(text));
    if (batch.length < BATCH) continue;
    yield await run(options, batch);
    batch = [];
  }
  if (batch.length > 0) yield await run(options, batch);
}

async function run(
  { layer, model, signal, tokenizer }: LabelledOptions,
  tokens: readonly Int32Array[],
): Promise<LabelledActivations> {
  throwIfInterrupted(signal);
  const capture = `resid.${layer}` as const;
  const result = await model.forward({ tokens, capture: [capture], logits: 'none' });
  const { shape, values } = result.captures.get(capture)!;
  const [, columns = 0, width = 0] = shape;
  const words: string[] = [];
  const places: number[] = [];
  tokens.forEach((ids, row) => {
    ids.forEach((id, column) => {
      if (tokenizer.isSpecial(id)) return;
      places.push(row * columns + column);
      words.push(tokenizer.tokenText(id).trim().toLowerCase());
    });
  });
  const data = new Float32Array(places.length * width);
  places.forEach((place, n) => {
    data.set(values.subarray(place * width, (place + 1) * width), n * width);
  });
  return { activations: { data, rows: places.length, cols: width }, words };
}
