/** @file The work of `antipode sae evaluate`: texts drawn and read, the evaluation, its table and the features' own numbers. */

import { resolve } from 'node:path';
import type { LanguageModel } from '../lm/language_model.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { renderText } from '../report/text.ts';
import type { SaeFile } from '../sae/sae.ts';
import type { FileCorpus } from '../train/corpus/corpus.ts';
import { evaluateSae, type SaeEvaluation } from '../train/evaluate/evaluate_sae.ts';
import { evaluationJson } from '../train/evaluate/evaluation_json.ts';
import { evaluationRows } from '../train/evaluate/evaluation_rows.ts';
import type { HookPoint } from '../train/harvest/hook_name.ts';
import type { CliContext } from './context.ts';
import { evaluationTable } from './evaluation_text.ts';
import { checkFeatureFile, type FeatureFile, writeFeatureFile } from './feature_file.ts';
import { checkFits, modelFolder } from './model_inputs.ts';
import { openModel } from './model_options.ts';
import { openNamedSae } from './open_named_sae.ts';
import { openTexts } from './open_texts.ts';
import { type Result, visible } from './output.ts';
import type { SaeEvaluateFlags } from './sae_evaluate_command.ts';
import { hookOfSae, otherHookWarning } from './sae_hook.ts';

/** @throws {AntipodeError} for a model, SAE or text that is missing, malformed or does not fit the others; nothing is written then */
export async function runSaeEvaluate(context: CliContext, flags: SaeEvaluateFlags): Promise<void> {
  const file = featureFileOf(context, flags);
  if (file) await checkFeatureFile(file);
  const folder = await modelFolder(context, flags.model);
  const sae = await openNamedSae(context, flags, flags.sae);
  try {
    const corpus = await openTexts(context, flags);
    try {
      const tokenizer = await openTokenizer(folder);
      const model = await openModel(context, { folder, flags, use: 'activations' });
      try {
        await evaluate(context, { flags, file, sae, corpus, tokenizer, model });
      } finally {
        await model.close();
      }
    } finally {
      await corpus.close();
    }
  } finally {
    await sae.close();
  }
}

function featureFileOf({ cwd }: CliContext, { out, text }: SaeEvaluateFlags): FeatureFile | undefined {
  if (out === undefined) return undefined;
  return { path: resolve(cwd, out), shown: out, inputs: text === '-' ? [] : [resolve(cwd, text)] };
}

interface Request {
  readonly flags: SaeEvaluateFlags;
  /** That gets the features' numbers. */
  readonly file: FeatureFile | undefined;
  readonly sae: SaeFile;
  readonly corpus: FileCorpus;
  readonly tokenizer: Tokenizer;
  readonly model: LanguageModel;
}

async function evaluate(context: CliContext, request: Request): Promise<void> {
  const { flags, file, sae, corpus, tokenizer, model } = request;
  const { signal } = context;
  const { identity } = sae.header;
  const hook = hookOfSae(identity, flags, model.config);
  checkFits(sae.header, hook.layer, model.config);
  const warning = otherHookWarning(identity, hook);
  if (warning !== undefined) context.out().warn(warning);
  const includesSpecial = flags.allTokens === true;
  const contextLength = Math.min(flags.context, model.config.maxPositions);
  const rows = await evaluationRows({
    corpus,
    tokenizer,
    contextLength,
    overflow: flags.longTexts,
    tokens: flags.tokens,
    seed: flags.seed,
    includesSpecial,
    signal,
  });
  const progress = context.out().progress('evaluating', 1);
  const evaluation = await evaluateSae({
    model,
    sae: await sae.load(),
    hook,
    rows,
    tokenizer,
    includesSpecial,
    losses: flags.losses,
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    signal,
    onProgress: (fraction) => progress.update(fraction),
  }).finally(() => progress.end());
  const written = await writeFeatures(context, file, evaluation);
  context.out().result(resultOf(request, { hook, contextLength, evaluation, path: written.path }));
  if (written.error !== undefined) throw written.error;
}

interface Written {
  readonly path: string | undefined;
  /** Kept until the evaluation, which took longer than the file, has been shown. */
  readonly error?: unknown;
}

async function writeFeatures(
  { signal }: CliContext,
  file: FeatureFile | undefined,
  { sparsity }: SaeEvaluation,
): Promise<Written> {
  if (file === undefined) return { path: undefined };
  try {
    await writeFeatureFile(file, sparsity, signal);
    return { path: file.path };
  } catch (error) {
    return { path: undefined, error };
  }
}

interface Evaluated {
  readonly hook: HookPoint;
  readonly contextLength: number;
  readonly evaluation: SaeEvaluation;
  /** Of the features' numbers. */
  readonly path: string | undefined;
}

function resultOf({ corpus, flags, model, sae }: Request, evaluated: Evaluated): Result {
  const { contextLength, evaluation, hook, path } = evaluated;
  const { label } = sae.header.identity;
  return {
    human: ({ bold }) => {
      const table = evaluationTable(`${label} at ${hook.hookName}`, evaluation);
      const text = renderText([table], { sanitize: visible, bold });
      return path === undefined ? text : `${text}\n${visible(path)}`;
    },
    json: () => ({
      model: flags.model,
      precision: model.precision,
      device: model.device.name,
      sae: label,
      hook_name: hook.hookName,
      sae_hook_name: sae.header.identity.hookName ?? null,
      text: corpus.sha256OrIdentity,
      seed: flags.seed,
      context: contextLength,
      includes_special_tokens: flags.allTokens === true,
      ...evaluationJson(evaluation),
      features_file: path ?? null,
    }),
    quiet: () => [path === undefined ? String(evaluation.reconstruction.explainedVariance) : visible(path)],
  };
}
