/**
 * @file Features that carry a mood: active on the words of a greeting, which say nothing of any mood, where a mood came before. What is added to
 * steer acts on such words, so these features are the ones that can; features that detect a mood's own words hardly steer. Looks at activations alone.
 */

import { throwIfInterrupted } from '../../errors.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import type { SaeEncoder } from '../../sae/encoder_session.ts';
import type { OrganismDocument } from '../grammar/documents.ts';

/** Mean activation on the greeting, by mood; `''` is no mood. */
export type GreetingActivations = ReadonlyMap<string, Float64Array>;

export interface GreetingOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly encoder: SaeEncoder;
  readonly layer: number;
  /** Of the kind `carried`. */
  readonly documents: readonly OrganismDocument[];
  readonly signal?: AbortSignal | undefined;
}

/** Tokens before the question mark and from it on: `are you today` and `? I am`. */
const BEFORE_MARK = 3;
const FROM_MARK = 3;

const BATCH = 32;

/** @throws {AntipodeError} `interrupted` between batches, and what the model throws */
export async function greetingActivations(options: GreetingOptions): Promise<GreetingActivations> {
  const { documents, encoder } = options;
  const sums = new Map<string, { readonly sum: Float64Array; tokens: number }>();
  for (let from = 0; from < documents.length; from += BATCH) {
    throwIfInterrupted(options.signal);
    const batch = documents.slice(from, from + BATCH);
    const { data, moods, width } = await greetingTokens(options, batch);
    const acts = await encoder.encode({ data, rows: moods.length, cols: width });
    moods.forEach((mood, row) => {
      const known = sums.get(mood) ?? { sum: new Float64Array(acts.cols), tokens: 0 };
      sums.set(mood, known);
      known.tokens += 1;
      for (let feature = 0; feature < acts.cols; feature++)
        known.sum[feature]! += acts.data[row * acts.cols + feature]!;
    });
  }
  return new Map([...sums].map(([mood, { sum, tokens }]) => [mood, sum.map((value) => value / tokens)]));
}

async function greetingTokens(
  { layer, model, tokenizer }: GreetingOptions,
  batch: readonly OrganismDocument[],
): Promise<{ readonly data: Float32Array; readonly moods: readonly string[]; readonly width: number }> {
  const tokens = batch.map(({ text }) => tokenizer.encode(text));
  const capture = `resid.${layer}` as const;
  const result = await model.forward({ tokens, capture: [capture], logits: 'none' });
  const { shape, values } = result.captures.get(capture)!;
  const [, columns = 0, width = 0] = shape;
  const places: number[] = [];
  const moods: string[] = [];
  tokens.forEach((ids, row) => {
    const mark = ids.findIndex((id) => tokenizer.tokenText(id).trim() === '?');
    for (let column = mark - BEFORE_MARK; column < Math.min(mark + FROM_MARK, ids.length); column++) {
      places.push(row * columns + column);
      moods.push(batch[row]!.poles[0] ?? '');
    }
  });
  const data = new Float32Array(places.length * width);
  places.forEach((place, n) => {
    data.set(values.subarray(place * width, (place + 1) * width), n * width);
  });
  return { data, moods, width };
}

export interface MoodFeature {
  readonly feature: number;
  /** Mean activation on greetings behind this mood. */
  readonly mean: number;
  /** Share that it has of the means over all moods and none, in [0, 1]. */
  readonly specificity: number;
}

/** Features with the largest mean times specificity first, `count` of them; ties to the lower index. */
export function moodFeatures(activations: GreetingActivations, mood: string, count: number): MoodFeature[] {
  const own = activations.get(mood);
  if (!own) throw new Error(`internal: no greeting follows the mood ${mood}`);
  const all = [...activations.values()];
  return [...own]
    .map((mean, feature) => {
      const total = all.reduce((sum, means) => sum + means[feature]!, 0);
      return { feature, mean, specificity: total > 0 ? mean / total : 0 };
    })
    .sort((a, b) => b.mean * b.specificity - a.mean * a.specificity || a.feature - b.feature)
    .slice(0, count);
}
