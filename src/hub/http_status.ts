/** @file What a status that is no success means, as a sentence with its next step. Leaves out what only one hub says: `hf_refusal.ts`. */

import { AntipodeError } from '../errors.ts';
import type { HttpResponse } from './http.ts';
import { NetworkFailure } from './network_failure.ts';
import { retryAfterOf } from './retry.ts';

/** @param shown what was asked for */
export function statusFailure(shown: string, { status, headers, url }: HttpResponse): AntipodeError {
  const { host } = new URL(url);
  if (status === 404 || status === 410) {
    return new AntipodeError('missing', `${shown}: not found on ${host} (HTTP ${status})`, {
      hint: 'check its name',
    });
  }
  return new NetworkFailure(`${shown}: ${host} ${PROBLEMS[status] ?? 'does not send it'} (HTTP ${status})`, {
    hint: stepOf(status, retryAfterOf(headers)),
  });
}

const PROBLEMS: Readonly<Record<number, string>> = {
  401: 'asks who you are',
  403: 'refuses it',
  407: 'is behind a proxy that asks who you are',
  429: 'is asked too often',
};

function stepOf(status: number, retryAfterMs: number | undefined): string {
  if (status === 429) {
    const wait = retryAfterMs === undefined ? 'a while' : `${Math.ceil(retryAfterMs / 1000)} s`;
    return `wait ${wait} and run the same command again; a token (HF_TOKEN) raises the limit`;
  }
  if (status >= 500 || status === 408)
    return 'the server is there, but fails: wait and run the same command again';
  if (status === 407) return 'give its user and password in HTTPS_PROXY';
  return 'check the address, and the rights that your account has there';
}
