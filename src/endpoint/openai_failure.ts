/** @file What went wrong with a request of the `openai` package, as an `EndpointFailure` with its next step. Nothing that a server says is passed on whole. */

import { AntipodeError } from '../errors.ts';
import { retryAfterOf } from '../hub/retry.ts';
import { withoutSecret } from '../hub/secret.ts';
import { Redirected, ReplyTooLong } from './bounded_fetch.ts';
import { EndpointFailure } from './chat_endpoint.ts';

export interface FailureContext {
  readonly apiKey: string | undefined;
  /** Of one attempt. */
  readonly timeoutMs: number;
}

/** @returns failures and errors of our own as they are */
export function failureOf(error: unknown, { apiKey, timeoutMs }: FailureContext): unknown {
  if (error instanceof EndpointFailure || error instanceof AntipodeError) return error;
  if (!(error instanceof Error)) return new EndpointFailure('failed without a reason', {});
  const causes = causesOf(error);
  const redirect = causes.find((one) => one instanceof Redirected);
  if (redirect) return redirectFailure(redirect);
  if (causes.some((one) => one instanceof ReplyTooLong)) {
    return new EndpointFailure('the answer is too long', { step: NOT_AN_API });
  }
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined;
  const headers = 'headers' in error && error.headers instanceof Headers ? error.headers : undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (status !== undefined) return failureOfStatus(status, { headers, code, said: said(error, apiKey) });
  if (error.name === 'SyntaxError') {
    return new EndpointFailure('the answer is not JSON', { isPassing: true, step: NOT_AN_API });
  }
  if (error.constructor.name === 'APIConnectionTimeoutError') {
    return new EndpointFailure(`no answer within ${timeoutMs / 1000} s`, {
      isPassing: true,
      isSilence: true,
      step: 'look whether the server is busy, or still loads the model',
    });
  }
  return new EndpointFailure(connectionProblem(causes), {
    isPassing: true,
    isSilence: true,
    step: 'check the address, and that the server runs',
  });
}

/** Of a page to sign in, an empty body, an error under the status of success: nobody answered the question, and asking again changes nothing. */
export function noCompletion(): EndpointFailure {
  return new EndpointFailure('the answer is no chat completion', { step: NOT_AN_API });
}

const NOT_AN_API = 'check the address: that of an OpenAI-compatible API mostly ends in /v1';

/** It is not followed: the key would travel with it. */
function redirectFailure({ status, origin }: Redirected): EndpointFailure {
  const where = origin === undefined ? 'elsewhere' : `to ${origin.slice(0, 100)}`;
  return new EndpointFailure(`the server leads ${where} (HTTP ${status}), and redirects are not followed`, {
    isFinal: true,
    step: 'give the address that it leads to, if you trust it with your key',
  });
}

interface StatusFacts {
  readonly headers: Headers | undefined;
  readonly code: string | undefined;
  readonly said: string;
}

function failureOfStatus(status: number, { headers, code, said: text }: StatusFacts): EndpointFailure {
  const retryAfterMs = retryAfterOf(headers);
  if (status === 401 || status === 403) {
    return new EndpointFailure(`the key is refused (HTTP ${status})`, {
      isFinal: true,
      step: 'set OPENAI_API_KEY to a key of this server',
    });
  }
  const isSpent = status === 402 || code === 'insufficient_quota';
  const isFinal = status === 404 || isSpent;
  const isPassing = !isFinal && (status === 408 || status === 409 || status === 429 || status >= 500);
  return new EndpointFailure(`HTTP ${status}${text === '' ? '' : ` (${text})`}`, {
    isFinal,
    isPassing,
    retryAfterMs,
    step: isSpent ? 'look at the account of this key: it is spent' : stepOf(status, retryAfterMs),
  });
}

function stepOf(status: number, retryAfterMs: number | undefined): string {
  if (status === 404) return 'check the address, which mostly ends in /v1, and the name of the model';
  if (status === 429) {
    const wait = retryAfterMs === undefined ? 'a while' : `${Math.ceil(retryAfterMs / 1000)} s`;
    return `the server is asked too often: wait ${wait}`;
  }
  if (status === 408 || status === 409 || status >= 500) {
    return 'the server is there, but fails: look at its log, or wait';
  }
  return 'check the name of the model, and whether this server takes chat completions with response_format json_schema';
}

/** A server may repeat the key, or send anything else: cut, in one line, without the key. */
function said(error: Error, apiKey: string | undefined): string {
  const text = error.message
    .replace(/^\d{3}\s*(status code \(no body\))?/, '')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ');
  return withoutSecret(text, apiKey).trim().slice(0, 160);
}

function connectionProblem(causes: readonly Error[]): string {
  const code = causes
    .map((one) => ('code' in one && typeof one.code === 'string' ? one.code : undefined))
    .find((one) => one !== undefined);
  return code === undefined ? 'no connection' : `no connection (${code})`;
}

function causesOf(error: Error): Error[] {
  const causes: Error[] = [];
  for (let one: unknown = error; one instanceof Error && causes.length < 8; one = one.cause) causes.push(one);
  return causes;
}
