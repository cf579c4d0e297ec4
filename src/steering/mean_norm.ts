/**
 * @file How long the residual stream is, on average, where an SAE reads: what the unit `mean-norm` counts in. Special tokens and the first of each text are left
 * out, whose norms are many times those of others. Each text is a forward pass of its own, so that its numbers depend on nothing else.
 */

import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { generate } from '../lm/generate.ts';
import type { Capture, LanguageModel, Site } from '../lm/language_model.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { isCounted } from '../train/corpus/token_rows.ts';
import type { ReplyPrompt } from './generate_replies.ts';
import { REPLY_BATCH_ROWS } from './reply_batch.ts';
import { replySeed } from './reply_seeds.ts';

export interface MeasuredNorm {
  /** Euclidean, the mean over tokens, rounded to 6 digits: a plan that holds it is the same wherever it is made. */
  readonly value: number;
  readonly tokens: number;
}

export interface MeasureNormOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Pick<Tokenizer, 'isSpecial'>;
  readonly site: Site;
  /** Token ids; cut where the model's context ends. */
  readonly texts: readonly ArrayLike<number>[];
  readonly signal?: AbortSignal | undefined;
}

const DIGITS = 6;

/** @throws {AntipodeError} `usage` where no token counts, `interrupted` between texts, and whatever the model throws */
export async function measureMeanNorm(options: MeasureNormOptions): Promise<MeasuredNorm> {
  const { model, signal, site, texts, tokenizer } = options;
  const capture: Capture = `resid.${site}`;
  let [sum, tokens] = [0, 0];
  for (const text of texts) {
    throwIfInterrupted(signal);
    const ids = Array.from(text).slice(0, model.config.maxPositions);
    if (!ids.some((_, column) => isCounted(ids, column, tokenizer))) continue;
    const { captures } = await model.forward({ tokens: [ids], capture: [capture], logits: 'none' });
    const { values } = captures.get(capture)!;
    const width = values.length / ids.length;
    for (let column = 0; column < ids.length; column++) {
      if (!isCounted(ids, column, tokenizer)) continue;
      let squares = 0;
      for (let c = column * width; c < (column + 1) * width; c++) squares += values[c]! ** 2;
      sum += Math.sqrt(squares);
      tokens += 1;
    }
  }
  if (tokens > 0 && Number.isFinite(sum))
    return { value: Number((sum / tokens).toPrecision(DIGITS)), tokens };
  throw new AntipodeError(
    'usage',
    'mean norm: no text has a token that counts (all are special or the first)',
    {
      hint: 'give the norm itself (mean_norm), or take the unit absolute',
    },
  );
}

export interface MeasureReplyNormOptions extends Omit<MeasureNormOptions, 'texts'> {
  readonly tokenizer: Tokenizer;
  readonly prompts: readonly ReplyPrompt[];
  /** Of the run. */
  readonly seed: number;
}

/** Prompts that are continued, at most, and how far: a mean of thousands of tokens does not move. */
const MAX_PROMPTS = 8;
const NEW_TOKENS = 32;

/**
 * Of the prompts and what the model says to them without steering, drawn by the seed at temperature 1: what the stream is like where it is going to be
 * steered. The last token of a reply is not counted, because nothing follows from it.
 * @throws {AntipodeError} as `measureMeanNorm` and `generate`
 */
export async function measureReplyNorm(options: MeasureReplyNormOptions): Promise<MeasuredNorm> {
  const { model, prompts, seed, signal, tokenizer } = options;
  const texts: number[][] = [];
  for (const { text, tokens } of prompts.slice(0, MAX_PROMPTS)) {
    const rows = Array.from({ length: REPLY_BATCH_ROWS }, (_, reply) => ({
      prompt: tokens,
      seed: replySeed({ seed, arm: 'mean norm', prompt: text, reply }),
    }));
    const room = model.config.maxPositions - tokens.length;
    const replies = await generate({
      model,
      tokenizer,
      rows,
      maxNewTokens: Math.max(0, Math.min(NEW_TOKENS, room)),
      sampling: { temperature: 1 },
      ...(signal && { signal }),
    });
    texts.push(...replies.map((reply) => [...Array.from(tokens), ...reply.tokens.slice(0, -1)]));
  }
  return measureMeanNorm({ ...options, texts });
}
