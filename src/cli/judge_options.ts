/** @file Opening a judge by its name, and the bound on what it may cost. How commands name one is in `judge_flags.ts`. */

import { join } from 'node:path';
import { cachedEndpoint } from '../endpoint/cached_endpoint.ts';
import type { ChatEndpoint } from '../endpoint/chat_endpoint.ts';
import { type OpenAiEndpointOptions, openOpenAiEndpoint } from '../endpoint/openai_endpoint.ts';
import { antipodeCacheDir } from '../hub/cache_dirs.ts';
import { createEndpointJudge, endpointJudgeBound, type JudgeBound } from '../judge/endpoint_judge.ts';
import { FEW_SHOT_EXAMPLES, MAX_QUOTED_BYTES } from '../judge/few_shot.ts';
import type { BlindReply, Judge, JudgeSetting } from '../judge/judge.ts';
import { createLexiconJudge } from '../judge/lexicon/lexicon_judge.ts';
import { createModelJudge } from '../judge/model_judge.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { CliContext } from './context.ts';
import { checkWithNotes } from './endpoint_check.ts';
import type { JudgeFlags, JudgeName } from './judge_flags.ts';
import { modelFingerprint } from './model_fingerprint.ts';
import { modelFolder } from './model_inputs.ts';
import type { ModelFlags } from './model_options.ts';
import { openSteadyModel } from './steady_model.ts';

/** More than the bytes of the question in `check_endpoint.ts`, and of its answer. */
const CHECK_TOKENS = 300;

/** A judge whose parts are there; several passes share it. */
export interface OpenedJudge {
  /** @throws {AntipodeError} `usage` where the setting is none for this judge */
  judge(setting: JudgeSetting, pass: { readonly seed: number; readonly pass: number }): Judge;
  /**
   * One short question, before long work: a wrong key or a server that is not there shows at once. Costs nothing where it was asked before.
   * @throws {AntipodeError} `network`, `interrupted`
   */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenJudgeRequest {
  readonly name: JudgeName;
  readonly flags: Pick<JudgeFlags, 'judgeConcurrency' | 'judgeTokens'>;
  /** How a model on this machine is run. */
  readonly run: Pick<ModelFlags, 'precision' | 'device' | 'threads'>;
}

/**
 * The key is read from OPENAI_API_KEY and kept nowhere. Answers are kept in antipode's cache, where `explain` keeps its own.
 * @throws {AntipodeError} `usage` for an address that cannot be; `missing` and others for a model on this machine
 */
export async function openJudge(
  context: CliContext,
  { name, flags, run }: OpenJudgeRequest,
): Promise<OpenedJudge> {
  switch (name.kind) {
    case 'lexicon':
      return {
        judge: (setting) => createLexiconJudge(setting),
        check: async () => {},
        close: async () => {},
      };
    case 'endpoint':
      return openEndpointJudge(context, name, flags);
    case 'model':
      return openModelJudge(context, name.ref, run);
  }
}

async function openEndpointJudge(
  context: CliContext,
  { url, model }: { readonly url: string; readonly model: string },
  { judgeConcurrency: concurrency, judgeTokens: answerTokens }: OpenJudgeRequest['flags'],
): Promise<OpenedJudge> {
  const { env } = context;
  const bare = await openOpenAiEndpoint({ url, model, apiKey: env['OPENAI_API_KEY'] });
  const folder = join(antipodeCacheDir(env), 'replies', bare.host.replace(/[^A-Za-z0-9.-]/g, '_'));
  let isHeard = false;
  const openForCheck = async (more: Partial<OpenAiEndpointOptions>): Promise<ChatEndpoint> => {
    const checked = await openOpenAiEndpoint({ url, model, apiKey: env['OPENAI_API_KEY'], ...more });
    return {
      ...checked,
      ask: async (request, signal) => {
        const reply = await checked.ask(request, signal);
        isHeard = true;
        return reply;
      },
    };
  };
  // A check that an earlier run kept says nothing of the server now, and a question's own time-out is minutes.
  let firstHeard: Promise<void> | undefined;
  const heard: ChatEndpoint = {
    ...bare,
    ask: async (request, signal) => {
      if (!isHeard) {
        firstHeard ??= checkWithNotes(context, openForCheck);
        await firstHeard;
      }
      return bare.ask(request, signal);
    },
  };
  const endpoint = cachedEndpoint(heard, folder, url);
  return {
    judge: (setting, { seed, pass }) =>
      createEndpointJudge({ endpoint, url, setting, seed, pass, concurrency, answerTokens }),
    check: () =>
      checkWithNotes(context, async (more) => cachedEndpoint(await openForCheck(more), folder, url)),
    close: async () => {},
  };
}

async function openModelJudge(
  context: CliContext,
  ref: string,
  run: OpenJudgeRequest['run'],
): Promise<OpenedJudge> {
  const folder = await modelFolder(context, ref);
  const [tokenizer, fingerprint] = [await openTokenizer(folder), await modelFingerprint(folder)];
  const flags = { ...run, model: ref };
  const model = await openSteadyModel(context, { folder, flags, use: 'generation' });
  return {
    judge: (setting, { seed, pass }) =>
      createModelJudge({ model, tokenizer, name: ref, fingerprint, setting, seed, pass }),
    check: async () => {},
    close: () => model.close(),
  };
}

/** What an endpoint is asked at most for some replies in all passes; `cost` where prices are given. */
export interface JudgeCost extends JudgeBound {
  /** In the currency of the prices. */
  readonly cost?: number;
}

export interface BoundRequest {
  readonly name: JudgeName;
  readonly flags: Pick<JudgeFlags, 'passes' | 'judgeTokens' | 'judgePriceIn' | 'judgePriceOut'>;
  /** Still to be labelled, per pass; or how many there are going to be. */
  readonly replies: readonly Pick<BlindReply, 'prompt' | 'text'>[] | UnwrittenReplies;
  readonly setting: JudgeSetting;
  readonly seed: number;
}

export interface UnwrittenReplies {
  readonly count: number;
  readonly prompts: readonly string[];
  /** Bytes of a reply's text at most, where that is known. */
  readonly mostBytes?: number;
}

/** All zeros for judges that cost nothing. The check before the work is included. */
export function judgeCostBound({ name, flags, replies, setting, seed }: BoundRequest): JudgeCost {
  const total = { requests: 0, prompt_tokens: 0, completion_tokens: 0 };
  const add = (bound: JudgeBound, times = 1): void => {
    total.requests += times * bound.requests;
    total.prompt_tokens += times * bound.prompt_tokens;
    total.completion_tokens += times * bound.completion_tokens;
  };
  const { judgeTokens: answerTokens, passes } = flags;
  if (name.kind === 'endpoint') {
    if (!('count' in replies)) {
      for (let pass = 1; pass <= passes; pass++) {
        add(endpointJudgeBound(replies, { setting, seed, pass, answerTokens }));
      }
    } else add(longestBound(replies, { setting, seed, answerTokens }), passes * replies.count);
    if (total.requests > 0) {
      add({ requests: 1, prompt_tokens: CHECK_TOKENS, completion_tokens: CHECK_TOKENS });
    }
  }
  return { ...total, ...costOf(total, flags) };
}

/** Of one reply, if it and all examples were as long as they may be. */
function longestBound(
  { prompts, mostBytes = MAX_QUOTED_BYTES }: UnwrittenReplies,
  options: { readonly setting: JudgeSetting; readonly seed: number; readonly answerTokens: number },
): JudgeBound {
  // An escape makes six bytes of one.
  const text = 'x'.repeat(Math.min(6 * mostBytes, MAX_QUOTED_BYTES));
  const prompt = prompts.reduce((a, b) => (b.length > a.length ? b : a), '');
  const examples = Array.from({ length: FEW_SHOT_EXAMPLES }, () => ({ prompt, text }));
  const setting = { ...options.setting, examples };
  return endpointJudgeBound([{ prompt, text }], { ...options, setting, pass: 1 });
}

/** Of what a judge has counted (`Judge.usage`), or may count at most; nothing where no price is given. */
export function costOf(
  {
    prompt_tokens: questions = 0,
    completion_tokens: answers = 0,
  }: Partial<Record<'prompt_tokens' | 'completion_tokens', number>>,
  { judgePriceIn, judgePriceOut }: Pick<JudgeFlags, 'judgePriceIn' | 'judgePriceOut'>,
): { readonly cost?: number } {
  if (judgePriceIn === undefined && judgePriceOut === undefined) return {};
  return { cost: (questions * (judgePriceIn ?? 0) + answers * (judgePriceOut ?? 0)) / 1e6 };
}
