/** @file The work of `antipode generate`: opens the model and the SAE, steers and generates. Printing is in `reply_output.ts`. */

import { readModelConfig } from '../lm/config.ts';
import { type GeneratedRow, generate } from '../lm/generate.ts';
import type { Edit, LanguageModel, Steering } from '../lm/language_model.ts';
import { checkSampling, type SamplingOptions } from '../lm/sampler.ts';
import { createStopMatcher } from '../lm/stop_sequences.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { formatCount, plural } from '../report/display.ts';
import type { CliContext } from './context.ts';
import type { GenerateFlags } from './generate_flags.ts';
import { namedSae, parseInterventions, planInterventions } from './interventions.ts';
import { checkPromptFlags, checkPromptLengths, modelFolder, readPrompts } from './model_inputs.ts';
import { openModel } from './model_options.ts';
import { fetchFirst, NO_DOWNLOADS, type PartlyKnown, partsToFetch } from './needed_parts.ts';
import { type AskedReply, createReplyOutput, replyJson } from './reply_output.ts';

/** @throws {AntipodeError} for a model, SAE or prompt that is missing or malformed; `interrupted` between tokens */
export async function runGenerate(context: CliContext, flags: GenerateFlags): Promise<void> {
  const terms = parseInterventions(flags);
  checkPromptFlags(flags.prompt, flags);
  checkSampling(samplingOf(flags));
  createStopMatcher(flags.stop ?? []);
  const needed = flags.dryRun
    ? await partsToFetch(context, { model: flags.model, sae: namedSae(flags, terms), flags })
    : undefined;
  if (needed) {
    const tokens = flags.prompt.map((prompt) => Buffer.byteLength(prompt) + 1);
    context.out().result(fetchFirst(needed, plannedReplies(flags, { tokens, isCounted: false })));
    return;
  }
  const folder = await modelFolder(context, flags.model);
  const tokenizer = await openTokenizer(folder);
  const prompts = await readPrompts(context, flags.prompt, tokenizer, flags);
  const config = await readModelConfig(folder);
  checkPromptLengths(prompts, config);
  const { edit, steer, facts } = await planInterventions(context, flags, terms, config);
  if (flags.dryRun) {
    const tokens = prompts.map((prompt) => prompt.tokens.length);
    const plan = plannedReplies(flags, { tokens, isCounted: true });
    context.out().result({
      human: () => plan.lines.join('\n'),
      json: () => ({ dry_run: true, model: flags.model, downloads: NO_DOWNLOADS, ...plan.facts, ...facts }),
      quiet: () => [],
    });
    return;
  }
  const editSites = edit.map(({ at }) => at);
  const model = await openModel(context, { folder, flags, use: 'generation', editSites });
  try {
    const asked = prompts.flatMap(({ text, tokens }) =>
      Array.from({ length: flags.replies }, (_, r) => ({ prompt: text, tokens, seed: flags.seed + r })),
    );
    const rows = await generateReplies(context, flags, { model, tokenizer, asked, edit, steer });
    // In the other modes everything was printed on the way.
    context.out().result({
      human: () => '',
      json: () => ({
        model: flags.model,
        precision: model.precision,
        device: model.device.name,
        sampling: samplingOf(flags),
        ...facts,
        replies: rows.map((row, r) => replyJson(asked[r]!, row)),
      }),
      quiet: () => [],
    });
  } finally {
    await model.close();
  }
}

interface PromptTokens {
  /** Of each prompt; at most, where they are not counted. */
  readonly tokens: readonly number[];
  readonly isCounted: boolean;
}

function plannedReplies(
  { nPredict, replies }: GenerateFlags,
  { tokens, isCounted }: PromptTokens,
): PartlyKnown {
  const count = replies * tokens.length;
  const prompt = replies * tokens.reduce((sum, one) => sum + one, 0);
  const most = isCounted ? '' : 'at most ';
  return {
    lines: [
      `would generate ${plural(count, 'reply', 'replies')}: ${most}${formatCount(prompt)} tokens of prompts, at most ${formatCount(count * nPredict)} new ones`,
      'would ask no language-model API, and write nothing',
    ],
    facts: {
      replies: count,
      prompt_tokens: prompt,
      prompt_tokens_are: isCounted ? 'counted' : 'at most',
      new_tokens_at_most: count * nPredict,
      llm_calls: 0,
      cost_usd: 0,
    },
  };
}

interface Job {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly asked: readonly (AskedReply & { readonly tokens: Int32Array })[];
  readonly steer: readonly Steering[];
  readonly edit: readonly Edit[];
}

/** Rows per batch: memory for keys and values grows with it, speed hardly beyond it. */
const BATCH_ROWS = 32;

async function generateReplies(context: CliContext, flags: GenerateFlags, job: Job): Promise<GeneratedRow[]> {
  const { model, tokenizer, asked, edit, steer } = job;
  const out = context.out();
  const shown = createReplyOutput({
    out,
    asked,
    isChat: flags.chat === true,
    hasHeadings: flags.replies > 1 || flags.prompt.length > 1,
    signal: context.signal,
  });
  const replies: GeneratedRow[] = [];
  try {
    for (let start = 0; start < asked.length; start += BATCH_ROWS) {
      const rows = asked.slice(start, start + BATCH_ROWS);
      const generated = await generate({
        model,
        tokenizer,
        rows: rows.map(({ tokens, seed }) => ({ prompt: tokens, seed })),
        maxNewTokens: flags.nPredict,
        sampling: samplingOf(flags),
        stops: flags.stop ?? [],
        steer,
        edit,
        onText: (row, text) => shown.text(start + row, text),
        onReply: (row, reply) => shown.reply(start + row, reply),
        // Only the document shows them, and where something steers they cost a pass over all texts.
        unsteeredLogProbabilities: out.mode === 'json',
        signal: context.signal,
      });
      replies.push(...generated);
    }
  } finally {
    shown.end();
  }
  return replies;
}

function samplingOf({ temp, topK, topP, repeatPenalty }: GenerateFlags): SamplingOptions {
  return {
    temperature: temp,
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(repeatPenalty !== undefined && { repetitionPenalty: repeatPenalty }),
  };
}
