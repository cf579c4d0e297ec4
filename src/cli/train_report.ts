/** @file What `antipode train sae` says at the end, what its manifest and evaluation hold, and what a dry run tells. */

import { hfPlaceOf } from '../hub/hf_cache.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { formatCount } from '../report/display.ts';
import { renderText } from '../report/text.ts';
import type { SaeEvaluation } from '../train/evaluate/evaluate_sae.ts';
import { evaluationJson } from '../train/evaluate/evaluation_json.ts';
import type { TrainedSae } from '../train/sae/trained_sae.ts';
import { evaluationTable } from './evaluation_text.ts';
import { NO_DOWNLOADS } from './needed_parts.ts';
import { type Result, visible } from './output.ts';
import type { TrainSaeFlags } from './train_flags.ts';
import { memoryOf, planNotes, type TrainingPlan } from './train_plan.ts';
import { onnxRuntimeVersion, packageVersion } from './version.ts';

export function plannedResult(plan: TrainingPlan, flags: TrainSaeFlags): Result {
  const { buffer, training } = memoryOf(plan);
  const { resolved } = plan;
  return {
    human: () => planNotes(plan, flags).map(visible).join('\n'),
    json: () => ({
      dry_run: true,
      ...commonFacts(plan, flags),
      tokens: resolved.steps * resolved.batch,
      memory_bytes: { buffer, training },
      downloads: NO_DOWNLOADS,
      out: flags.out,
    }),
    quiet: () => [],
  };
}

export interface TrainedWith {
  readonly model: LanguageModel;
  readonly trained: TrainedSae;
}

/** Everything that decides the numbers, and what came of it; neither the time nor the folder. */
export function trainingFacts(
  plan: TrainingPlan,
  flags: TrainSaeFlags,
  { model, trained }: TrainedWith,
): Record<string, unknown> {
  return {
    schema_version: 1,
    antipode: packageVersion(),
    node: process.versions.node,
    onnxruntime: onnxRuntimeVersion(),
    ...commonFacts(plan, flags),
    precision: model.precision,
    device: model.device.name,
    activation_scale: trained.scale,
    tokens: trained.activations,
    last_batch: {
      loss: trained.last.loss,
      explained_variance: trained.last.explainedVariance,
      l0: trained.last.l0,
    },
  };
}

function commonFacts(plan: TrainingPlan, flags: TrainSaeFlags): Record<string, unknown> {
  const { begunWith, bufferTokens, config, contextLength, corpus, hook, resolved, split } = plan;
  const published = hfPlaceOf(plan.folder);
  return {
    model: flags.model,
    ...(published && { model_commit: published.commit }),
    model_fingerprint: begunWith['the model'],
    hook_name: hook.hookName,
    d_in: config.dModel,
    text: {
      file: corpus.name,
      identity: corpus.sha256OrIdentity,
      documents: corpus.documents,
      held_out: split.heldOut.length,
      bytes: corpus.byteLength,
      notes: corpus.notes,
    },
    context: contextLength,
    long_texts: flags.longTexts,
    includes_special_tokens: flags.allTokens === true,
    buffer_tokens: bufferTokens,
    settings: Object.fromEntries(Object.entries(resolved).map(([name, value]) => [snakeCase(name), value])),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function trainedResult(
  plan: TrainingPlan,
  flags: TrainSaeFlags,
  evaluation: SaeEvaluation | undefined,
): Result {
  return {
    human: ({ bold }) => {
      const title = `${plan.hook.hookName}, ${formatCount(plan.resolved.dSae)} features, on texts that were held out`;
      const table =
        evaluation && renderText([evaluationTable(title, evaluation)], { sanitize: visible, bold });
      return [table ?? 'Nothing was held out, and nothing evaluated.', '', visible(flags.out)].join('\n');
    },
    json: () => ({
      ...commonFacts(plan, flags),
      evaluation: evaluation ? evaluationJson(evaluation) : null,
      format: flags.format,
      out: flags.out,
    }),
    quiet: () => [flags.out],
  };
}
