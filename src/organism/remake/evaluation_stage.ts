/**
 * @file What the card says of the texts, the language model and the SAEs: measured on the files as they ship, opened as any reader opens them, on texts of the
 * reporting seed.
 */

import { createCorpus } from '../grammar/corpus.ts';
import type { OrganismSettings } from '../settings.ts';
import type { WordEncoder } from '../tokenizer/word_encoder.ts';
import { type CorpusFacts, corpusFacts } from './corpus_facts.ts';
import { type ModelLoss, measureLoss } from './model_loss.ts';
import { loadSae, type SaeOnDisk, withModel } from './open_parts.ts';
import { measureSae, type SaeNumbers } from './sae_numbers.ts';
import type { StageProgress } from './stage_store.ts';
import { textRows } from './texts.ts';

export interface EvaluationResult {
  readonly corpus: CorpusFacts;
  readonly model: Measured<ModelLoss>;
  /** In the order of the SAEs. */
  readonly saes: readonly Measured<SaeNumbers>[];
}

export interface Measured<Numbers> {
  readonly reporting: Numbers;
  /** On the first of these texts. */
  readonly sample: Numbers;
}

export interface EvaluationStageParts {
  readonly settings: OrganismSettings;
  /** Of the language model's files. */
  readonly model: string;
  readonly saes: readonly SaeOnDisk[];
  readonly encoder: WordEncoder;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function runEvaluationStage(
  { encoder, model: modelFolder, saes, settings, signal, threads }: EvaluationStageParts,
  report: (progress: StageProgress) => void,
): Promise<EvaluationResult> {
  const { evaluation, seeds } = settings;
  const { documents, sample } = evaluation;
  return withModel(modelFolder, threads, async ({ model, tokenizer }) => {
    const measureModel = (texts: number): Promise<ModelLoss> =>
      measureLoss(model, { encoder, seeds, texts, signal });
    const rows = textRows(createCorpus(seeds.reporting, 'report'), encoder, documents);
    const ofModel = { reporting: await measureModel(documents), sample: await measureModel(sample) };
    const ofSaes: Measured<SaeNumbers>[] = [];
    for (const [index, { layer, saeFile }] of saes.entries()) {
      report({ fraction: (index + 1) / (saes.length + 1), detail: `layer ${layer}` });
      const sae = await loadSae(saeFile, layer);
      const measure = (some: readonly Int32Array[]): Promise<SaeNumbers> =>
        measureSae(sae, { model, tokenizer, layer, rows: some, threads, signal });
      ofSaes.push({ reporting: await measure(rows), sample: await measure(rows.slice(0, sample)) });
    }
    return { corpus: corpusFacts(seeds, encoder), model: ofModel, saes: ofSaes };
  });
}
