/** @file How the commands that label replies say who labels them; opening a judge by its name, and the bound on what it may cost. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { cachedEndpoint } from '../endpoint/cached_endpoint.ts';
import type { ChatEndpoint } from '../endpoint/chat_endpoint.ts';
import { checkEndpoint } from '../endpoint/check_endpoint.ts';
import { openOpenAiEndpoint } from '../endpoint/openai_endpoint.ts';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import { antipodeCacheDir } from '../hub/cache_dirs.ts';
import { createEndpointJudge, endpointJudgeBound, type JudgeBound } from '../judge/endpoint_judge.ts';
import { DEFAULT_ANSWER_TOKENS, FEW_SHOT_EXAMPLES, MAX_QUOTED_BYTES } from '../judge/few_shot.ts';
import type { BlindReply, Judge, JudgeSetting } from '../judge/judge.ts';
import { createLexiconJudge } from '../judge/lexicon/lexicon_judge.ts';
import { createModelJudge } from '../judge/model_judge.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { CliContext } from './context.ts';
import { modelFingerprint } from './model_fingerprint.ts';
import { modelFolder } from './model_inputs.ts';
import { type ModelFlags, openModel } from './model_options.ts';
import { collect, integerOption, numberOption } from './options.ts';

/** Who labels, as the user named it. */
export type JudgeName =
  | { readonly kind: 'lexicon' }
  | { readonly kind: 'endpoint'; readonly model: string; readonly url: string }
  | { readonly kind: 'model'; readonly ref: string };

/** As the options are read; `judgeNames` makes names of them. */
export interface JudgeFlags {
  readonly judge?: readonly string[];
  readonly judgeEndpoint?: string;
  readonly judgeModel?: string;
  readonly passes: number;
  readonly judgeConcurrency: number;
  readonly judgeTokens: number;
  readonly judgePriceIn?: number;
  readonly judgePriceOut?: number;
}

/** More than the bytes of the question in `check_endpoint.ts`, and of its answer. */
const CHECK_TOKENS = 300;

const NAMES = 'lexicon, MODEL@URL, or model:FOLDER';

export function addJudgeOptions(command: Command): Command {
  return command
    .option(
      '--judge <name>',
      'who labels: lexicon (offline), MODEL@URL of an OpenAI-compatible endpoint (key in OPENAI_API_KEY), or model:REF for a model on this machine; may be repeated (default: lexicon)',
      collect,
    )
    .option('--judge-endpoint <url>', 'of a judge, as http://127.0.0.1:8080/v1')
    .option('--judge-model <name>', 'the model at --judge-endpoint')
    .option(
      '--passes <count>',
      'times that each judge labels everything, in other orders and with other examples',
      integerOption('--passes', 1, 9),
      1,
    )
    .option(
      '--judge-concurrency <count>',
      'requests under way at a time',
      integerOption('--judge-concurrency', 1, 64),
      4,
    )
    .option(
      '--judge-tokens <count>',
      'tokens of one answer; models that think before they answer need thousands',
      integerOption('--judge-tokens', 16, 100_000),
      DEFAULT_ANSWER_TOKENS,
    )
    .option(
      '--judge-price-in <price>',
      'of a million tokens of questions, in any currency: shows what an endpoint costs',
      numberOption('--judge-price-in', 0, 1e6),
    )
    .option(
      '--judge-price-out <price>',
      'of a million tokens of answers',
      numberOption('--judge-price-out', 0, 1e6),
    );
}

/**
 * All judges that are named, in order; the lexicon where none is.
 * @throws {AntipodeError} `usage` for a name that is none, one that is given twice, or half an endpoint
 */
export function judgeNames({ judge = [], judgeEndpoint: url, judgeModel: model }: JudgeFlags): JudgeName[] {
  const names = judge.map(parseJudgeName);
  if (url !== undefined && model !== undefined) names.push({ kind: 'endpoint', model, url });
  else if (url !== undefined || model !== undefined) {
    const missing = url === undefined ? '--judge-endpoint' : '--judge-model';
    throw new AntipodeError('usage', `${missing}: is missing`, {
      hint: 'give both, or --judge MODEL@URL, or neither for the lexicon',
    });
  }
  const texts = names.map((name) => JSON.stringify(name));
  if (new Set(texts).size < texts.length) {
    throw new AntipodeError('usage', '--judge: the same judge is named twice', {
      hint: '--passes 2 lets it label everything again',
    });
  }
  return names.length === 0 ? [{ kind: 'lexicon' }] : names;
}

/** @throws {AntipodeError} `usage` */
export function parseJudgeName(text: string): JudgeName {
  if (text === 'lexicon') return { kind: 'lexicon' };
  if (text.startsWith('model:') && text.length > 'model:'.length) {
    return { kind: 'model', ref: text.slice('model:'.length) };
  }
  const at = text.search(/@https?:\/\//i);
  if (at > 0) return { kind: 'endpoint', model: text.slice(0, at), url: text.slice(at + 1) };
  throw new AntipodeError(
    'usage',
    `--judge: got ${text.includes('/') ? 'an address without a model' : shownName(text)}, expected ${NAMES}`,
    {
      hint: '--judge lexicon needs nothing else; --judge gpt-4o@https://api.openai.com/v1 asks an endpoint',
    },
  );
}

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
  { env, signal }: CliContext,
  { url, model }: { readonly url: string; readonly model: string },
  { judgeConcurrency: concurrency, judgeTokens: answerTokens }: OpenJudgeRequest['flags'],
): Promise<OpenedJudge> {
  const open = async (more: { readonly retries?: number }): Promise<ChatEndpoint> => {
    const bare = await openOpenAiEndpoint({ url, model, apiKey: env['OPENAI_API_KEY'], ...more });
    const folder = join(antipodeCacheDir(env), 'replies', bare.host.replace(/[^A-Za-z0-9.-]/g, '_'));
    return cachedEndpoint(bare, folder, url);
  };
  // What fails for the moment in the check would keep somebody waiting who is still there to mend it.
  const [endpoint, once] = [await open({}), await open({ retries: 0 })];
  return {
    judge: (setting, { seed, pass }) =>
      createEndpointJudge({ endpoint, url, setting, seed, pass, concurrency, answerTokens }),
    check: () => checkEndpoint(once, signal),
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
  const open = (precision: ModelFlags['precision']): Promise<LanguageModel> =>
    openModel(context, { folder, flags: { ...run, model: ref, precision }, use: 'generation' });
  let model = await open(run.precision);
  if (run.precision === 'auto' && model.precision === 'exact') {
    // The same numbers on any number of threads, for a few more megabytes.
    await model.close();
    model = await open('f32');
  }
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
