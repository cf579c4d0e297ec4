/** @file The work of `antipode train sae`: plan, training, evaluation on what was held out, and the folder that holds the result. */

import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkOutputDirectory } from '../formats/atomic.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { openSae } from '../sae/open.ts';
import type { SaeIdentity } from '../sae/sae.ts';
import { evaluateSae, type SaeEvaluation } from '../train/evaluate/evaluate_sae.ts';
import { evaluationJson } from '../train/evaluate/evaluation_json.ts';
import { evaluationRows } from '../train/evaluate/evaluation_rows.ts';
import { openActivationSource } from '../train/harvest/activation_source.ts';
import { type TrainingProgress, trainSae } from '../train/sae/train_sae.ts';
import type { TrainedSae } from '../train/sae/trained_sae.ts';
import { type SaeFolderFormat, writeSaeFolder } from '../train/sae/write_sae.ts';
import { LOSS_CURVE_FILE } from '../train/step/loss_curve.ts';
import type { CliContext } from './context.ts';
import { checkDevice, openModel } from './model_options.ts';
import { fetchFirst, partsToFetch } from './needed_parts.ts';
import type { Progress } from './output.ts';
import type { TrainSaeFlags } from './train_flags.ts';
import {
  checkWorkFolder,
  enterWorkFolder,
  leaveWorkFolder,
  TRAINED_SAE_FOLDER,
  type WorkFolder,
  withNextStep,
  workFolderOf,
  writeTrainedFolder,
} from './train_folder.ts';
import { planNotes, planTraining, type TrainingPlan } from './train_plan.ts';
import { plannedResult, trainedResult, trainingFacts } from './train_report.ts';

/** @throws {AntipodeError} for anything named that is missing or wrong; `interrupted` with the last checkpoint kept */
export async function runTrainSae(context: CliContext, flags: TrainSaeFlags): Promise<void> {
  const out = resolve(context.cwd, flags.out);
  await checkOutputDirectory(out, TRAINED_SAE_FOLDER);
  const needed =
    flags.dryRun === true ? await partsToFetch(context, { model: flags.model, flags: {} }) : undefined;
  if (needed) {
    const lines = ['what a training takes follows from the model: repeat this once it is here'];
    context.out().result(fetchFirst(needed, { lines, facts: { out: flags.out } }));
    return;
  }
  const plan = await planTraining(context, flags);
  try {
    const work = workFolderOf(out, flags.out.replace(/[/\\]+$/, ''));
    if (flags.dryRun === true) {
      await checkWorkFolder(work, plan.begunWith, flags.resume === true);
      await checkDevice(context, { folder: plan.folder, flags, use: 'activations' });
      context.out().result(plannedResult(plan, flags));
      return;
    }
    await enterWorkFolder(work, plan.begunWith, flags.resume === true);
    for (const note of planNotes(plan, flags)) context.out().note(note);
    const evaluation = await runInWorkFolder(context, { flags, out, plan, work });
    context.out().result(trainedResult(plan, flags, evaluation));
  } finally {
    await plan.corpus.close();
  }
}

interface Run {
  readonly flags: TrainSaeFlags;
  readonly out: string;
  readonly plan: TrainingPlan;
  readonly work: WorkFolder;
}

async function runInWorkFolder(context: CliContext, run: Run): Promise<SaeEvaluation | undefined> {
  const { flags, plan, work } = run;
  let model: LanguageModel | undefined;
  try {
    model = await openModel(context, { folder: plan.folder, flags, use: 'activations' });
    const trained = await train(context, run, model);
    const evaluation = await writeResult(context, run, model, trained);
    await leaveWorkFolder(work);
    return evaluation;
  } catch (error) {
    throw await withNextStep(error, work);
  } finally {
    await model?.close();
  }
}

async function train(
  context: CliContext,
  { flags, plan, work }: Run,
  model: LanguageModel,
): Promise<TrainedSae> {
  const { bufferTokens, contextLength, corpus, hook, settings, split, tokenizer } = plan;
  const { allTokens, longTexts: overflow, seed, threads } = flags;
  const reading = progressOf(context, 'reading the text with the model');
  const source = openActivationSource({
    model,
    tokenizer,
    corpus,
    hook,
    documents: split.training,
    contextLength,
    overflow,
    bufferTokens,
    seed,
    includesSpecial: allTokens === true,
    where: (document) => corpus.where(document),
    onHarvest: reading,
    signal: context.signal,
  });
  const shown = trainingProgress(context);
  try {
    return await trainSae({
      source,
      settings,
      folder: work.path,
      threads,
      signal: context.signal,
      onProgress: (progress) => shown.update(progress),
    });
  } finally {
    shown.end();
    await source.close();
  }
}

/** One status line for each time that something is gone through from the beginning to the end. */
function progressOf(context: CliContext, label: string): (done: number, total: number) => void {
  let progress: Progress | undefined;
  return (done, total) => {
    progress ??= context.out().progress(label, total);
    progress.update(done);
    if (done < total) return;
    progress.end();
    progress = undefined;
  };
}

function trainingProgress(context: CliContext): { update(progress: TrainingProgress): void; end(): void } {
  let progress: { readonly shown: Progress; readonly from: number } | undefined;
  return {
    update({ dead, explainedVariance, l0, step, steps }) {
      // A resumed training begins in the middle: what is left is judged by what was done since.
      progress ??= { shown: context.out().progress('training', steps - step + 1), from: step - 1 };
      const details = `step ${step} of ${steps}, explained variance ${explainedVariance.toFixed(3)}, L0 ${l0.toFixed(1)}, dead ${dead}`;
      progress.shown.update(step - progress.from, details);
    },
    end: () => progress?.shown.end(),
  };
}

async function writeResult(
  context: CliContext,
  { flags, out, plan, work }: Run,
  model: LanguageModel,
  trained: TrainedSae,
): Promise<SaeEvaluation | undefined> {
  const { signal } = context;
  let evaluation: SaeEvaluation | undefined;
  await writeTrainedFolder(out, {
    facts: trainingFacts(plan, flags, { model, trained }),
    async fill(folder) {
      const [first] = await writeFormats(folder, trained, { flags, plan });
      evaluation = await evaluate(context, { flags, plan, model, sae: first! });
      if (evaluation) {
        const text = JSON.stringify(evaluationJson(evaluation), null, 2);
        await writeFile(join(folder, 'evaluation.json'), `${text}\n`);
      }
      await copyFile(join(work.path, LOSS_CURVE_FILE), join(folder, LOSS_CURVE_FILE));
    },
    signal,
  });
  return evaluation;
}

/** @returns the folders that the formats are in: `folder` itself for one, a folder each for both */
async function writeFormats(
  folder: string,
  trained: TrainedSae,
  { flags, plan }: Pick<Run, 'flags' | 'plan'>,
): Promise<string[]> {
  const formats: readonly SaeFolderFormat[] =
    flags.format === 'both' ? ['saelens', 'gemma-scope'] : [flags.format];
  const { contextLength, corpus, hook, tokenizer } = plan;
  const { bosId } = tokenizer;
  const place = {
    modelName: plan.modelName,
    hookName: hook.hookName,
    contextLength,
    prependBos: bosId !== undefined && tokenizer.encode('')[0] === bosId,
    excludesSpecialTokens: flags.allTokens !== true,
    datasetPath: corpus.name,
  };
  const folders: string[] = [];
  for (const format of formats) {
    const target = formats.length === 1 ? folder : join(folder, format);
    await mkdir(target, { recursive: true });
    await writeSaeFolder(target, trained, { format, place });
    folders.push(target);
  }
  return folders;
}

interface Evaluated {
  readonly flags: TrainSaeFlags;
  readonly plan: TrainingPlan;
  readonly model: LanguageModel;
  /** Folder of the written SAE: what is evaluated is what others will read. */
  readonly sae: string;
}

async function evaluate(
  context: CliContext,
  { flags, model, plan, sae }: Evaluated,
): Promise<SaeEvaluation | undefined> {
  const { contextLength, corpus, hook, split, tokenizer } = plan;
  if (split.heldOut.length === 0) return undefined;
  const includesSpecial = flags.allTokens === true;
  const rows = await evaluationRows({
    corpus,
    documents: split.heldOut,
    tokenizer,
    contextLength,
    overflow: flags.longTexts,
    tokens: flags.evaluationTokens,
    includesSpecial,
    seed: flags.seed,
    signal: context.signal,
  });
  const identity: SaeIdentity = {
    label: flags.out,
    hookName: hook.hookName,
    layer: hook.layer,
    isSynthetic: false,
  };
  const file = await openSae(sae, { env: context.env, cwd: context.cwd, as: identity });
  const progress = progressOf(context, 'evaluating on the held-out texts');
  try {
    return await evaluateSae({
      model,
      sae: await file.load(),
      hook,
      rows,
      tokenizer,
      includesSpecial,
      ...(flags.threads !== undefined && { threads: flags.threads }),
      signal: context.signal,
      onProgress: (fraction) => progress(fraction, 1),
    });
  } finally {
    await file.close();
  }
}
