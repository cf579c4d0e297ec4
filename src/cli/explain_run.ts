/** @file The work of `antipode explain`: one pass of the model over the texts, sentences for the features, the export, and its way into the store. */

import { basename, resolve } from 'node:path';
import type { ChatEndpoint } from '../endpoint/chat_endpoint.ts';
import type { AskedFeatures } from '../explain/ask_features.ts';
import { collectFeatureStatistics } from '../explain/collect.ts';
import { explainFeatures } from '../explain/explain_features.ts';
import type { FeatureExplanation } from '../explain/explanation.ts';
import type { ExportedExplanation, SourceName } from '../explain/export_rows.ts';
import type { FeatureStatistics } from '../explain/statistics.ts';
import { checkExportFolder, type WrittenExport, writeExplanationExport } from '../explain/write_export.ts';
import { type StoreEntry, storeSource } from '../features/feature_store.ts';
import { readExports } from '../features/read_exports.ts';
import { readModelConfig } from '../lm/config.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { openSaeEncoder } from '../sae/encoder_session.ts';
import type { SaeFile } from '../sae/sae.ts';
import type { FileCorpus } from '../train/corpus/corpus.ts';
import { tokenRows } from '../train/corpus/token_rows.ts';
import type { HookPoint } from '../train/harvest/hook_name.ts';
import type { CliContext } from './context.ts';
import { checkWithNotes } from './endpoint_check.ts';
import { askModel, boundOf, endpointFor } from './explain_endpoint.ts';
import type { ExplainFlags } from './explain_flags.ts';
import { checkFeatures, modelName, sourceName } from './explain_inputs.ts';
import { partlyPlanned, planResult } from './explain_plan.ts';
import { explainResult } from './explain_text.ts';
import { checkFits, modelFolder } from './model_inputs.ts';
import { checkDevice, openModel } from './model_options.ts';
import { fetchFirst, partsToFetch } from './needed_parts.ts';
import { openNamedSae } from './open_named_sae.ts';
import { openTexts } from './open_texts.ts';
import type { Result } from './output.ts';
import { hookOfSae, otherHookWarning } from './sae_hook.ts';

/** By rules; what the export calls its author and method. */
const RULES: Author = { explanationModelName: 'antipode-rules', typeName: 'activation-words' };

type Author = Pick<ExportedExplanation, 'explanationModelName' | 'typeName'>;

/** @throws {AntipodeError} for a model, SAE or text that is missing, malformed or does not fit the others; nothing is written then */
export async function runExplain(context: CliContext, flags: ExplainFlags): Promise<void> {
  const root = resolve(context.cwd, flags.out);
  if (flags.dryRun) {
    const needed = await partsToFetch(context, { model: flags.model, sae: flags.sae, flags });
    if (needed) {
      // What is asked of an endpoint is checked all the same.
      const endpoint = await endpointFor(context, flags);
      const features = flags.features?.length ?? needed.sae?.features ?? undefined;
      context.out().result(fetchFirst(needed, partlyPlanned(flags, features, endpoint !== undefined)));
      return;
    }
  }
  const folder = await modelFolder(context, flags.model);
  const config = await readModelConfig(folder);
  const sae = await openNamedSae(context, flags, flags.sae);
  try {
    const { identity } = sae.header;
    const hook = hookOfSae(identity, flags, config);
    checkFits(sae.header, hook.layer, config);
    const warning = otherHookWarning(identity, hook);
    if (warning !== undefined) context.out().warn(warning);
    checkFeatures(sae.header, flags.features);
    const model = modelName(context, flags.model, folder);
    const source = sourceName(flags.id, identity, { layer: hook.layer, modelName: model });
    await checkExportFolder(root, source);
    const endpoint = await endpointFor(context, flags);
    const corpus = await openTexts(context, flags);
    try {
      const tokenizer = await openTokenizer(folder);
      const parts = { flags, root, folder, modelName: model, hook, sae, corpus, tokenizer, source, endpoint };
      if (flags.dryRun) await checkDevice(context, { folder, flags, use: 'activations' });
      context.out().result(flags.dryRun ? plan(parts) : await explain(context, parts));
    } finally {
      await corpus.close();
    }
  } finally {
    await sae.close();
  }
}

function plan({ flags, source, hook, sae, corpus, endpoint }: Request): Result {
  const features = flags.features?.length ?? sae.header.dSae;
  const bound = endpoint && boundOf(features);
  return planResult({ flags, source, hook, features, documents: corpus.documents, bound });
}

async function explain(context: CliContext, request: Request): Promise<Result> {
  const { flags, tokenizer, endpoint, source, hook } = request;
  if (endpoint) {
    await checkWithNotes(context, async (more) => (await endpointFor(context, flags, more)) ?? endpoint);
  }
  const statistics = await gather(context, request);
  const byRules = explainFeatures(statistics);
  const asked = endpoint && (await askModel(context, { endpoint, flags, statistics, byRules, tokenizer }));
  const explanations = byRules.map((one) => {
    const description = asked?.descriptions.get(one.feature);
    return description === undefined ? one : { ...one, description };
  });
  const written = await write(context, request, { statistics, explanations, asked });
  const stored = flags.import ? await store(context, written) : undefined;
  return explainResult({ flags, source, hook, statistics, explanations, written, stored, asked });
}

interface Request {
  readonly modelName: string;
  readonly hook: HookPoint;
  readonly flags: ExplainFlags;
  readonly root: string;
  readonly folder: string;
  readonly sae: SaeFile;
  readonly corpus: FileCorpus;
  readonly tokenizer: Tokenizer;
  readonly source: SourceName;
  readonly endpoint: ChatEndpoint | undefined;
}

async function gather(context: CliContext, request: Request): Promise<FeatureStatistics> {
  const { flags, folder, sae, corpus, tokenizer, hook } = request;
  const { features, threads, tokens: maxTokens, top, window } = flags;
  // Features of topk compete: what a few of them would do alone says nothing.
  const isPart = features !== undefined && sae.header.architecture !== 'topk';
  const model = await openModel(context, { folder, flags, use: 'activations' });
  const progress = context.out().progress('reading the texts', 1);
  try {
    const weights = isPart ? await sae.loadFeatures(features) : await sae.load();
    const encoder = await openSaeEncoder(weights, threads === undefined ? {} : { threads });
    try {
      const contextLength = Math.min(flags.context, model.config.maxPositions);
      return await collectFeatureStatistics({
        model,
        tokenizer,
        capture: hook.capture,
        dSae: sae.header.dSae,
        encode: (x) => encoder.encode(x),
        features,
        rows: tokenRows({ corpus, tokenizer, contextLength, overflow: flags.longTexts }),
        maxTokens,
        top,
        window,
        signal: context.signal,
        onProgress: ({ tokens, documents }) =>
          progress.update(Math.max(documents / corpus.documents, tokens / (maxTokens ?? Infinity))),
      });
    } finally {
      await encoder.close();
    }
  } finally {
    progress.end();
    await model.close();
  }
}

interface Explained {
  readonly statistics: FeatureStatistics;
  readonly explanations: readonly FeatureExplanation[];
  /** Where an endpoint was asked. */
  readonly asked: AskedFeatures | undefined;
}

function write(
  { signal }: CliContext,
  request: Request,
  { statistics, explanations, asked }: Explained,
): Promise<WrittenExport> {
  const { flags, root, tokenizer, source } = request;
  const author = (feature: number): Author =>
    asked?.descriptions.has(feature)
      ? { explanationModelName: flags.explainerModel ?? '', typeName: 'top-contexts' }
      : RULES;
  const content = {
    ...source,
    statistics,
    explanations: explanations.map(({ feature, description }) => ({
      feature,
      description,
      ...author(feature),
    })),
    tokenText: (id: number) => tokenizer.tokenText(id),
    hasActivations: flags.contexts,
    facts: { ...factsOf(request), ...(asked && { explainer: explainerFacts(flags, asked) }) },
  };
  return writeExplanationExport(root, content, signal);
}

/** For the manifest. */
function factsOf({ flags, modelName: model, corpus, sae, hook }: Request): Record<string, unknown> {
  return {
    model,
    sae: sae.header.identity.label,
    layer: hook.layer,
    hook: hook.hookName,
    texts: { name: flags.text === '-' ? 'stdin' : basename(flags.text), identity: corpus.sha256OrIdentity },
    settings: {
      context: flags.context,
      long_texts: flags.longTexts,
      tokens: flags.tokens ?? null,
      top: flags.top,
      window: flags.window,
    },
  };
}

function explainerFacts(
  flags: ExplainFlags,
  { descriptions, failed }: AskedFeatures,
): Record<string, unknown> {
  return { model: flags.explainerModel, explained: descriptions.size, failed };
}

async function store({ env, signal }: CliContext, { dir }: WrittenExport): Promise<StoreEntry> {
  const { sources } = await readExports([dir], { cwd: dir, signal });
  const [only] = sources;
  if (!only || sources.length !== 1) throw new Error(`internal: an export of ${sources.length} sources`);
  return storeSource(env, only, { signal });
}
