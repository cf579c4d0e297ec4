/** @file The work of `antipode generate`: opens the model and the SAE, steers, generates and prints the replies. */

import { type GeneratedRow, generate } from '../lm/generate.ts';
import type { LanguageModel, Steering } from '../lm/language_model.ts';
import type { SamplingOptions } from '../lm/sampler.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import type { CliContext } from './context.ts';
import type { GenerateFlags } from './generate_flags.ts';
import { parseInterventions, planInterventions } from './interventions.ts';
import { modelFolder, type Prompt, readPrompts } from './model_inputs.ts';
import { openModel } from './model_options.ts';
import { visible } from './output.ts';

interface Reply {
  readonly prompt: string;
  readonly seed: number;
  readonly row: GeneratedRow;
}

/** @throws {AntipodeError} for a model, SAE or prompt that is missing or malformed; `interrupted` between tokens */
export async function runGenerate(context: CliContext, flags: GenerateFlags): Promise<void> {
  const terms = parseInterventions(flags);
  const folder = await modelFolder(context, flags.model);
  const tokenizer = await openTokenizer(folder);
  const prompts = await readPrompts(context, flags.prompt, tokenizer, flags.chat === true);
  const model = await openModel(folder, flags);
  try {
    const { steer, facts } = await planInterventions(context, flags, terms, model.config);
    const replies = await generateReplies(context, flags, {
      model,
      tokenizer,
      prompts,
      steer,
    });
    context.out().result({
      human: ({ bold, dim }) => replies.map((reply) => replyText(reply, flags, { bold, dim })).join('\n\n'),
      json: () => ({
        model: flags.model,
        sampling: samplingOf(flags),
        ...facts,
        replies: replies.map(replyJson),
      }),
      quiet: () => replies.map(({ row }) => visible(row.text.replace(/\n/g, ' '))),
    });
  } finally {
    await model.close();
  }
}

interface Job {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly prompts: readonly Prompt[];
  readonly steer: readonly Steering[];
}

/** Rows per batch: memory for keys and values grows with it, speed hardly beyond it. */
const BATCH_ROWS = 32;

async function generateReplies(context: CliContext, flags: GenerateFlags, job: Job): Promise<Reply[]> {
  const asked = job.prompts.flatMap(({ text, tokens }) =>
    Array.from({ length: flags.replies }, (_, r) => ({ text, tokens, seed: flags.seed + r })),
  );
  const progress = context.out().progress('generating', asked.length);
  const replies: Reply[] = [];
  for (let start = 0; start < asked.length; start += BATCH_ROWS) {
    const batch = asked.slice(start, start + BATCH_ROWS);
    const rows = await generate({
      model: job.model,
      tokenizer: job.tokenizer,
      rows: batch.map(({ tokens, seed }) => ({ prompt: tokens, seed })),
      maxNewTokens: flags.nPredict,
      sampling: samplingOf(flags),
      stops: flags.stop ?? [],
      steer: job.steer,
      signal: context.signal,
    });
    rows.forEach((row, r) => {
      replies.push({ prompt: batch[r]!.text, seed: batch[r]!.seed, row });
    });
    progress.update(replies.length);
  }
  progress.end();
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

function replyText(
  { prompt, seed, row }: Reply,
  flags: GenerateFlags,
  style: { readonly bold: (text: string) => string; readonly dim: (text: string) => string },
): string {
  const lines = (text: string): string => text.split('\n').map(visible).join('\n');
  const head = flags.replies > 1 || flags.prompt.length > 1 ? `${style.dim(`seed ${seed}`)}\n` : '';
  return `${head}${style.bold(lines(prompt))}${lines(row.text)}`;
}

function replyJson({ prompt, seed, row }: Reply): Record<string, unknown> {
  return {
    prompt,
    seed,
    text: row.text,
    tokens: row.tokens,
    log_probabilities: row.logProbabilities,
    end: row.end,
  };
}
