/** @file What an SAE of the embedded default is worth on fresh texts of the grammar. */

import type { LanguageModel } from '../../lm/language_model.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import type { Sae } from '../../sae/sae.ts';
import { evaluateSae, type SaeEvaluation } from '../../train/evaluate/evaluate_sae.ts';
import { parseHookPoint } from '../../train/harvest/hook_name.ts';

/** TransformerLens's name of the stream behind the layer. */
export function residualStream(layer: number): string {
  return `blocks.${layer}.hook_resid_post`;
}

/** On whole texts, beginning and end left out; losses in nats per token behind the evaluated ones. */
export interface SaeNumbers {
  readonly texts: number;
  readonly tokens: number;
  readonly explainedVariance: number;
  readonly l0: number;
  /** Features that no evaluated token activates. */
  readonly dead: number;
  /** Features active at more than a tenth of them. */
  readonly dense: number;
  readonly cleanLoss: number;
  readonly splicedLoss: number;
  readonly meanAblatedLoss: number;
}

export interface MeasureSaeOptions {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly layer: number;
  /** Whole texts, from `<bos>` to `<eos>`. */
  readonly rows: readonly Int32Array[];
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {AntipodeError} as `evaluateSae` */
export async function measureSae(sae: Sae, options: MeasureSaeOptions): Promise<SaeNumbers> {
  const { layer, model, rows, signal, threads, tokenizer } = options;
  const evaluation = await evaluateSae({
    model,
    sae,
    hook: parseHookPoint(residualStream(layer), model.config),
    rows,
    tokenizer,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
  });
  return numbersOf(evaluation);
}

function numbersOf({ losses, reconstruction, rows, sparsity, tokens }: SaeEvaluation): SaeNumbers {
  if (!losses || 'unavailable' in losses) throw new Error('internal: a residual stream without losses');
  return {
    texts: rows,
    tokens,
    explainedVariance: reconstruction.explainedVariance,
    l0: sparsity.l0Mean,
    dead: sparsity.dead.length,
    dense: sparsity.dense.length,
    cleanLoss: losses.clean,
    splicedLoss: losses.spliced,
    meanAblatedLoss: losses.meanAblated,
  };
}
