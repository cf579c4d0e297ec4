/**
 * @file An OpenAI-compatible server (`POST …/chat/completions` with `response_format: json_schema`), by the `openai` package. Its own retries and its
 * reading of the environment are switched off: `hub/retry.ts` waits, and the key is given. Leaves out streaming and the cache.
 */

import { isIP } from 'node:net';
import type OpenAI from 'openai';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { withRetries } from '../hub/retry.ts';
import { withoutSecret } from '../hub/secret.ts';
import { boundedFetch } from './bounded_fetch.ts';
import { type ChatEndpoint, type ChatReply, type ChatRequest, EndpointFailure } from './chat_endpoint.ts';
import { failureOf, noCompletion } from './openai_failure.ts';
import { underSignal } from './shared_signal.ts';

export interface OpenAiEndpointOptions {
  /** As `http://127.0.0.1:8080/v1`. */
  readonly url: string;
  readonly model: string;
  /** Servers on one's own machine mostly need none. */
  readonly apiKey?: string | undefined;
  /** Of one attempt, from the first byte sent to the last received; default two minutes, for large models on processors. */
  readonly timeoutMs?: number;
  /** Of what fails for the moment; default 4. */
  readonly retries?: number;
  /** Default one second. */
  readonly firstWaitMs?: number;
  /** False: nobody who speaks is a failure at once; default true. */
  readonly retriesSilence?: boolean;
  /** Before each wait. */
  readonly onWait?: ((failure: EndpointFailure, waitMs: number) => void) | undefined;
}

const NO_KEY = 'none';

/** Export rows keep names of so many characters. */
const MAX_MODEL_NAME = 200;

/** @throws {AntipodeError} `usage` for an address that cannot be, or that a key would travel to in the clear */
export async function openOpenAiEndpoint(options: OpenAiEndpointOptions): Promise<ChatEndpoint> {
  const { url, model, timeoutMs = 120_000, retries = 4, firstWaitMs = 1000 } = options;
  const { retriesSilence = true, onWait } = options;
  const apiKey = options.apiKey === '' ? undefined : options.apiKey;
  const address = checkedAddress(url, apiKey);
  if (model.trim() === '' || model.length > MAX_MODEL_NAME) {
    throw new AntipodeError(
      'usage',
      `endpoint: got ${JSON.stringify(model.slice(0, 60))}, expected the name of a model`,
    );
  }
  const { default: Client } = await import('openai');
  const client = new Client({
    apiKey: apiKey ?? NO_KEY,
    baseURL: address.href.replace(/\/+$/, ''),
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: timeoutMs,
    fetch: boundedFetch,
    logLevel: 'off',
  });
  return {
    model,
    host: address.host,
    ask(request, signal) {
      const passing = (error: unknown): EndpointFailure | undefined => passingFailure(error, retriesSilence);
      const waits = { retries, firstWaitMs, onWait, passing };
      // The client never takes its listeners from a signal again: it gets one of this question's own.
      return underSignal(signal, (own) => {
        const attempt = (): Promise<ChatReply> =>
          askOnce(client, bodyOf(request, model, address), { apiKey, signal: own }).catch(
            (error: unknown) => {
              throwIfInterrupted(own);
              throw failureOf(error, { apiKey, timeoutMs });
            },
          );
        return withRetries(attempt, { ...waits, signal: own });
      });
    },
  };
}

/** What may be tried again. */
function passingFailure(error: unknown, retriesSilence: boolean): EndpointFailure | undefined {
  if (!(error instanceof EndpointFailure) || !error.isPassing) return undefined;
  return error.isSilence && !retriesSilence ? undefined : error;
}

/** @throws {AntipodeError} `usage` for an address that no endpoint may have, whatever key there is */
export function checkEndpointAddress(url: string): void {
  checkedAddress(url, undefined);
}

function checkedAddress(url: string, apiKey: string | undefined): URL {
  const refuse = (problem: string): never => {
    throw new AntipodeError('usage', `endpoint: ${problem}`, {
      hint: 'write it as http://127.0.0.1:8080/v1 or https://host/v1',
    });
  };
  const address = URL.canParse(url) ? new URL(url) : refuse('is no address');
  if (!['http:', 'https:'].includes(address.protocol)) refuse('is no address of http or https');
  if (address.username !== '' || address.password !== '') {
    refuse('holds a user name or password, which other programs could see (give the key as OPENAI_API_KEY)');
  }
  if (address.search !== '' || address.hash !== '') refuse('has a question mark or a hash in it');
  if (apiKey !== undefined && address.protocol === 'http:' && !isOwnMachine(address.hostname)) {
    refuse('OPENAI_API_KEY would travel unencrypted (expected https, or unset the key)');
  }
  return address;
}

function isOwnMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;

/** The same request always is the same text. */
function bodyOf({ system, user, answer, maxTokens }: ChatRequest, model: string, address: URL): Body {
  // OpenAI's newer models know the new name only, many other servers the old one only.
  const isOpenAi = address.hostname.endsWith('.openai.com');
  return {
    model,
    temperature: 0,
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
    ...(isOpenAi ? { max_completion_tokens: maxTokens } : { max_tokens: maxTokens }),
    response_format: {
      type: 'json_schema',
      json_schema: { name: answer.name, strict: true, schema: answer.schema },
    },
  };
}

interface Asking {
  readonly apiKey: string | undefined;
  readonly signal: AbortSignal | undefined;
}

async function askOnce(client: OpenAI, body: Body, { apiKey, signal }: Asking): Promise<ChatReply> {
  throwIfInterrupted(signal);
  const reply: unknown = await client.chat.completions.create(body, signal ? { signal } : {});
  const { text, silence, usage } = readCompletion(reply);
  const promptTokens = countOf(usage['prompt_tokens']);
  const completionTokens = countOf(usage['completion_tokens']);
  if (text === undefined) {
    throw new EndpointFailure(silence.reason, {
      isAnswered: true,
      isRefusal: silence.isRefusal,
      promptTokens,
      completionTokens,
    });
  }
  return { text: withoutSecret(text, apiKey), promptTokens, completionTokens, isCached: false };
}

/** What a server says may have any form. @throws {EndpointFailure} for what has no choices */
function readCompletion(reply: unknown): {
  readonly text: string | undefined;
  /** Why there is no text. */
  readonly silence: { readonly reason: string; readonly isRefusal: boolean };
  readonly usage: Readonly<Record<string, unknown>>;
} {
  const { choices, usage } = recordOf(reply);
  if (!Array.isArray(choices)) throw noCompletion();
  const first = recordOf(choices[0]);
  const { content, refusal } = recordOf(first['message']);
  return {
    text: typeof content === 'string' && content !== '' ? content : undefined,
    silence: silenceOf(refusal, first['finish_reason']),
    usage: recordOf(usage),
  };
}

function silenceOf(
  refusal: unknown,
  finishReason: unknown,
): { readonly reason: string; readonly isRefusal: boolean } {
  if (typeof refusal === 'string' && refusal !== '') {
    return { reason: 'the model refuses to answer', isRefusal: true };
  }
  if (finishReason === 'content_filter') return { reason: 'a filter kept the answer back', isRefusal: true };
  const within = finishReason === 'length' ? ' within its limit of tokens' : '';
  return { reason: `the answer has no text${within}`, isRefusal: false };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
