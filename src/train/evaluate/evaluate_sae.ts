/**
 * @file What an SAE is worth on some text: how much of the activations it explains, how sparse it is, and how much a language model loses that goes on
 * with the reconstruction in place of its own activations. Names and conventions are those of SAELens's evaluation: special tokens (and the first
 * token of each row) neither count nor are replaced, and losses are those of the predictions made at the tokens that count. Leaves out KL divergences.
 */

import { AntipodeError } from '../../errors.ts';
import type { ModelConfig } from '../../lm/config.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { openSaeEncoder } from '../../sae/encoder_session.ts';
import { TRANSCODER_FACT } from '../../sae/loaders/load_gemma_scope.ts';
import type { Sae } from '../../sae/sae.ts';
import type { HookPoint } from '../harvest/hook_name.ts';
import { changesOfSae } from './batch_changes.ts';
import { type EvaluationBatch, evaluationBatches } from './evaluation_batches.ts';
import { lossPass } from './next_token_losses.ts';
import { createReconstructionSums, type Reconstruction, type Sparsity } from './reconstruction_sums.ts';
import { splicePlaceOf } from './splice_place.ts';
import { type SplicedLosses, spliceLosses } from './spliced_losses.ts';

export interface EvaluateSaeOptions {
  readonly model: LanguageModel;
  readonly sae: Sae;
  /** Where the SAE reads and writes. */
  readonly hook: HookPoint;
  /** Token ids as the model sees them, the beginning-of-text token included; one text or part of a text each. */
  readonly rows: readonly Int32Array[];
  /** Special tokens are known by it; without one, only the first token of each row is taken for special. */
  readonly tokenizer?: Pick<Tokenizer, 'isSpecial'>;
  /** Special tokens and the first of each row count and are replaced like others; default false. */
  readonly includesSpecial?: boolean;
  /** Default true; false saves four of five passes through the model. */
  readonly losses?: boolean;
  /** Of the SAE's products; ONNX Runtime's own choice where left out. */
  readonly threads?: number;
  /** Bytes of activations that may be kept for mean ablation, 256 MiB where left out; more are computed a second time. */
  readonly maxKeptBytes?: number;
  readonly signal?: AbortSignal;
  /** The share that is done, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

export interface SaeEvaluation {
  /** Rows with tokens that count. */
  readonly rows: number;
  /** Evaluated tokens: those that count. */
  readonly tokens: number;
  /** Tokens in all rows given that do not count. */
  readonly leftOutTokens: number;
  readonly reconstruction: Reconstruction;
  readonly sparsity: Sparsity;
  /** Undefined where they were not asked for; a sentence where the place does not allow them. */
  readonly losses: SplicedLosses | { readonly unavailable: string } | undefined;
}

/**
 * @throws {AntipodeError} `usage` where the SAE's width is not the model's, it is a transcoder, or no token counts; `format` where the SAE gives NaN or infinities;
 * `interrupted` between passes; and as the model
 */
export async function evaluateSae(options: EvaluateSaeOptions): Promise<SaeEvaluation> {
  const { hook, includesSpecial = false, losses = true, model, rows, sae, threads, tokenizer } = options;
  const { config } = model;
  checkSae(sae, config);
  const batches = evaluationBatches(rows, { config, tokenizer, includesSpecial });
  const place = losses ? splicePlaceOf(hook, config) : undefined;
  const sums = createReconstructionSums(sae.dIn, sae.dSae);
  const encoder = await openSaeEncoder(sae, threads === undefined ? {} : { threads });
  try {
    const reconstruct = (batch: EvaluationBatch, x: Float32Array): Promise<Float32Array> =>
      changesOfSae({ encoder, sums, batch, x, signal: options.signal });
    const found =
      place && 'at' in place
        ? await spliceLosses({ ...options, batches, at: place.at, reconstruct, mean: sums.mean })
        : await reconstructOnly(options, batches, reconstruct);
    const all = rows.reduce((sum, { length }) => sum + length, 0);
    return {
      rows: batches.reduce((sum, { tokens }) => sum + tokens.length, 0),
      tokens: sums.tokens,
      leftOutTokens: all - sums.tokens,
      reconstruction: sums.reconstruction(),
      sparsity: sums.sparsity(),
      losses: place && 'unavailable' in place ? place : found,
    };
  } finally {
    await encoder.close();
  }
}

function checkSae({ dIn, facts, identity }: Sae, { dModel }: ModelConfig): void {
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `${identity.label}: ${problem}`);
  };
  if (facts.includes(TRANSCODER_FACT)) {
    refuse('is a transcoder: what it gives stands in for another place than the one it reads');
  }
  if (dIn !== dModel) refuse(`does not fit the model (width ${dIn}, expected ${dModel})`);
}

async function reconstructOnly(
  { hook, model, onProgress, signal }: EvaluateSaeOptions,
  batches: readonly EvaluationBatch[],
  reconstruct: (batch: EvaluationBatch, x: Float32Array) => Promise<unknown>,
): Promise<undefined> {
  for (const [index, batch] of batches.entries()) {
    const { captured } = await lossPass(model, batch, { capture: hook.capture, wantsLosses: false, signal });
    await reconstruct(batch, captured!);
    onProgress?.((index + 1) / batches.length);
  }
}
