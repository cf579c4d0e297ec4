/**
 * @file A chat model behind a URL as judge (the article's: GPT-4o, few-shot on unsteered replies). One question per text that differs; a question whose
 * answer cannot be read is put once more. Waiting, retries and the cache are the endpoint's.
 */

import { createHash } from 'node:crypto';
import { type ChatEndpoint, type ChatReply, EndpointFailure } from '../endpoint/chat_endpoint.ts';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import { inParallel } from '../hub/in_parallel.ts';
import {
  chooseExamples,
  DEFAULT_ANSWER_TOKENS,
  labelNames,
  labelRequest,
  MAX_QUOTED_BYTES,
  QUESTION_VERSION,
  readLabel,
  requestBytes,
} from './few_shot.ts';
import type { BlindReply, Judge, JudgeExample, JudgeOptions, JudgeSetting, Verdict } from './judge.ts';

export interface EndpointJudgeOptions {
  /** With or without a cache. */
  readonly endpoint: ChatEndpoint;
  /** Of the endpoint, path included: part of the judge's id, and not to be read from it. */
  readonly url: string;
  readonly setting: JudgeSetting;
  /** Of the examples that are shown. */
  readonly seed: number;
  /** From 1. */
  readonly pass: number;
  /** Questions under way at a time; default 4. */
  readonly concurrency?: number;
  /** Of one answer; models that think before they answer need more. */
  readonly answerTokens?: number;
}

/** A server that fails so often in a row is not asked again: every further question would only cost its timeout. */
const MOST_FAILURES_IN_A_ROW = 10;

const DEFAULT_CONCURRENCY = 4;

/** @throws {AntipodeError} `usage` for names of poles that cannot be told apart */
export function createEndpointJudge(options: EndpointJudgeOptions): Judge {
  const { endpoint, setting, seed, pass, answerTokens = DEFAULT_ANSWER_TOKENS } = options;
  labelNames(setting.poles);
  const usage = {
    requests: 0,
    cached: 0,
    repeated: 0,
    failed: 0,
    prompt_tokens: 0,
    completion_tokens: 0,
  };
  return {
    id: judgeId(options),
    title: `${shownName(endpoint.model)} at ${endpoint.host}`,
    facts: {
      kind: 'endpoint',
      model: endpoint.model,
      host: endpoint.host,
      question_version: QUESTION_VERSION,
      temperature: 0,
      answer_tokens: answerTokens,
      examples: setting.examples.length,
      max_quoted_bytes: MAX_QUOTED_BYTES,
      seed,
      pass,
    },
    label: (replies, labelOptions) => labelAll(replies, labelOptions, { ...options, answerTokens, usage }),
    usage: () => ({ ...usage }),
  };
}

/** At most; what an account is charged is what its server counts. */
export interface JudgeBound {
  readonly requests: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

/**
 * If nothing is cached, every answer has to be asked for twice, and every token is one byte. Requests that fail and are sent again are not in it.
 * @param replies that are going to be judged; equal ones are asked about once
 */
export function endpointJudgeBound(
  replies: readonly Pick<BlindReply, 'prompt' | 'text'>[],
  options: Pick<EndpointJudgeOptions, 'setting' | 'seed' | 'pass' | 'answerTokens'>,
): JudgeBound {
  const { answerTokens = DEFAULT_ANSWER_TOKENS } = options;
  const examplesOf = examplesByPrompt(options);
  const questions = new Map(replies.map((reply) => [textKey(reply), reply]));
  let promptTokens = 0;
  for (const reply of questions.values()) {
    for (const isAgain of [false, true]) {
      const asked = { reply, examples: examplesOf(reply.prompt), isAgain };
      promptTokens += requestBytes(labelRequest({ poles: options.setting.poles, answerTokens }, asked));
    }
  }
  const requests = 2 * questions.size;
  return { requests, prompt_tokens: promptTokens, completion_tokens: requests * answerTokens };
}

/** `requests` were answered; `cached` were answered in an earlier run; `repeated` are among both; `failed` got no answer after all retries. */
type Usage = Record<
  'requests' | 'cached' | 'repeated' | 'failed' | 'prompt_tokens' | 'completion_tokens',
  number
>;

type Labelling = EndpointJudgeOptions & { readonly answerTokens: number; readonly usage: Usage };

interface Outcome {
  readonly verdict: Omit<Verdict, 'key'>;
  /** Of a server that gave no answer at all. */
  readonly failure?: EndpointFailure;
}

async function labelAll(
  replies: readonly BlindReply[],
  { onVerdict, signal }: JudgeOptions,
  options: Labelling,
): Promise<void> {
  const examplesOf = examplesByPrompt(options);
  const byText = new Map<string, BlindReply[]>();
  for (const reply of replies) {
    const key = textKey(reply);
    byText.set(key, [...(byText.get(key) ?? []), reply]);
  }
  let inARow = 0;
  const askAbout = async (same: readonly BlindReply[]): Promise<void> => {
    const [reply] = same;
    if (!reply) return;
    const { verdict, failure } = await labelOne(reply, examplesOf(reply.prompt), { ...options, signal });
    for (const { key } of same) await onVerdict({ key, ...verdict });
    inARow = failure ? inARow + 1 : 0;
    if (!failure || inARow < MOST_FAILURES_IN_A_ROW) return;
    throw gaveUp(options.endpoint, failure, `${inARow} replies in a row got no answer, the last: `);
  };
  await inParallel([...byText.values()], options.concurrency ?? DEFAULT_CONCURRENCY, askAbout, signal);
}

/** @throws {AntipodeError} `network` where every further question would fail as well, `interrupted`, and `resource` where an answer cannot be kept */
async function labelOne(
  reply: BlindReply,
  examples: readonly JudgeExample[],
  { endpoint, setting: { poles }, answerTokens, usage, signal }: Labelling & Pick<JudgeOptions, 'signal'>,
): Promise<Outcome> {
  let verdict: Outcome['verdict'] = { label: 'unlabelled' };
  for (const isAgain of [false, true]) {
    if (isAgain) usage.repeated += 1;
    try {
      const request = labelRequest({ poles, answerTokens }, { reply, examples, isAgain });
      const answer = await endpoint.ask(request, signal);
      count(usage, answer);
      const read = readLabel(answer.text, poles);
      if ('label' in read) return { verdict: read };
      verdict = { label: 'unlabelled', reason: read.problem, isPassing: true };
    } catch (error) {
      if (!(error instanceof EndpointFailure)) throw error;
      if (error.isFinal) throw gaveUp(endpoint, error);
      const passing = { label: 'unlabelled', reason: error.message, isPassing: true } as const;
      if (!error.isAnswered) {
        usage.failed += 1;
        return { verdict: passing, failure: error };
      }
      count(usage, { ...error, isCached: false });
      verdict = error.isRefusal ? { label: 'unlabelled', reason: error.message } : passing;
    }
  }
  return { verdict };
}

function count(
  usage: Usage,
  { isCached, promptTokens = 0, completionTokens = 0 }: Partial<ChatReply> & Pick<ChatReply, 'isCached'>,
): void {
  if (isCached) usage.cached += 1;
  else {
    usage.requests += 1;
    usage.prompt_tokens += promptTokens;
    usage.completion_tokens += completionTokens;
  }
}

/** How the work goes on is said by whoever knows the command. */
function gaveUp({ host, model }: ChatEndpoint, failure: EndpointFailure, before = ''): AntipodeError {
  return new AntipodeError(
    'network',
    `${host}: ${model} does not label any further: ${before}${failure.message}`,
    {
      ...(failure.step === undefined ? {} : { hint: failure.step }),
      cause: failure,
    },
  );
}

/** Chosen once per prompt. */
function examplesByPrompt({
  setting,
  seed,
  pass,
}: Pick<EndpointJudgeOptions, 'setting' | 'seed' | 'pass'>): (prompt: string) => readonly JudgeExample[] {
  const chosen = new Map<string, readonly JudgeExample[]>();
  return (prompt) => {
    const known = chosen.get(prompt) ?? chooseExamples(setting.examples, { prompt, seed, pass });
    chosen.set(prompt, known);
    return known;
  };
}

function textKey({ prompt, text }: Pick<BlindReply, 'prompt' | 'text'>): string {
  return JSON.stringify([prompt, text]);
}

/** The same for every pass. */
function judgeId({ endpoint, url, setting, seed, answerTokens }: EndpointJudgeOptions): string {
  const { poles, examples } = setting;
  const shown = examples.map(({ prompt, text }) => [prompt, text]);
  const whole = [QUESTION_VERSION, url, endpoint.model, poles.a, poles.b, shown, seed, answerTokens ?? null];
  const hash = createHash('sha256').update(JSON.stringify(whole)).digest('hex').slice(0, 10);
  return `${namePart(endpoint.model, 40)}-${namePart(endpoint.host, 24)}-${hash}`;
}

function namePart(name: string, length: number): string {
  return name
    .replace(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^\.+/, '')
    .slice(0, length);
}
