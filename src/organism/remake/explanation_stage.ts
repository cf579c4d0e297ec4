/** @file Explanations of one SAE's features by the words that carry their activation, with densities and largest activations, as Neuronpedia exports them. */

import { collectFeatureStatistics } from '../../explain/collect.ts';
import { explainFeatures } from '../../explain/explain_features.ts';
import { writeExplanationExport } from '../../explain/write_export.ts';
import { EMBEDDED_MODEL_ID } from '../../hub/embedded_default.ts';
import { openSaeEncoder } from '../../sae/encoder_session.ts';
import { tokenRows } from '../../train/corpus/token_rows.ts';
import { createCorpus } from '../grammar/corpus.ts';
import type { OrganismSettings } from '../settings.ts';
import { loadSae, saeOfLayer, withModel } from './open_parts.ts';
import type { StageProgress } from './stage_store.ts';
import { generatedCorpus } from './texts.ts';

export interface ExplanationResult {
  readonly layer: number;
  /** Of the selection seed. */
  readonly texts: number;
  readonly tokens: number;
  /** Features that fired, each with one sentence. */
  readonly explained: number;
  readonly byteLength: number;
}

export interface ExplanationStageParts {
  readonly settings: OrganismSettings;
  readonly layer: number;
  /** Of the language model's files. */
  readonly model: string;
  /** `params.npz`. */
  readonly saeFile: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** As `antipode explain` calls the author and the method of its sentences. */
const RULES = { explanationModelName: 'antipode-rules', typeName: 'activation-words' };

/** Writes `v1/{model}/{source}` into the folder. */
export function runExplanationStage(
  folder: string,
  { layer, model: modelFolder, saeFile, settings, signal, threads }: ExplanationStageParts,
  report: (progress: StageProgress) => void,
): Promise<ExplanationResult> {
  return withModel(modelFolder, threads, async ({ model, tokenizer }) => {
    const sae = await loadSae(saeFile, layer);
    const { documents } = settings.explanations;
    const corpus = generatedCorpus(createCorpus(settings.seeds.selection, 'selection'), documents);
    const { contextLength } = settings.model.training;
    const encoder = await openSaeEncoder(sae, threads === undefined ? {} : { threads });
    try {
      const statistics = await collectFeatureStatistics({
        model,
        tokenizer,
        capture: `resid.${layer}`,
        dSae: sae.dSae,
        encode: (x) => encoder.encode(x),
        rows: tokenRows({ corpus, tokenizer, contextLength }),
        signal,
        onProgress: (done) =>
          report({
            fraction: done.documents / documents,
            detail: `text ${done.documents} of ${documents}`,
          }),
      });
      const explanations = explainFeatures(statistics);
      const { byteLength } = await writeExplanationExport(
        folder,
        {
          modelId: EMBEDDED_MODEL_ID,
          sourceId: sourceOf(layer),
          statistics,
          explanations: explanations.map(({ description, feature }) => ({ feature, description, ...RULES })),
          tokenText: (id) => tokenizer.tokenText(id),
          hasActivations: false,
          facts: {
            model: EMBEDDED_MODEL_ID,
            sae: sae.identity.label,
            layer,
            texts: { name: 'grammar', identity: corpus.sha256OrIdentity },
          },
        },
        signal,
      );
      const { tokens } = statistics;
      return { layer, texts: documents, tokens, explained: explanations.length, byteLength };
    } finally {
      await encoder.close();
    }
  });
}

/** `1-res-2k`. */
function sourceOf(layer: number): string {
  return saeOfLayer(layer).id.slice(EMBEDDED_MODEL_ID.length + 1);
}
