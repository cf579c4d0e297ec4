/**
 * @file Why the Hugging Face hub sends no file, with the step that helps: a licence to accept, a token to give, a name to correct. Nothing that the server
 * says in words is passed on: it may repeat the token.
 */

import { AntipodeError } from '../errors.ts';
import type { HfFileRequest } from './hf_cache.ts';
import type { HttpResponse } from './http.ts';
import { statusFailure } from './http_status.ts';
import { NetworkFailure } from './network_failure.ts';

const TOKENS_PAGE = 'https://huggingface.co/settings/tokens';

/** Told apart, because a name alone may have been meant for something else. */
export class NoSuchRepository extends AntipodeError {}

/** @param hasToken whether the request went out with one */
export function hfRefusal(request: HfFileRequest, response: HttpResponse, hasToken: boolean): AntipodeError {
  const { repoId, path, revision = 'main' } = request;
  const { status, headers } = response;
  const code = headers.get('x-error-code');
  const shown = path === '' ? repoId : `${repoId}/${path}`;
  if (code === 'GatedRepo') return gated(repoId, status, hasToken);
  if (isDisabled(response)) return disabled(repoId, status);
  const isUnknown = code === 'RepoNotFound' && hasToken;
  if ((status === 401 || status === 403) && !isUnknown)
    return hasToken ? refusedToken(repoId, status) : nobody(repoId, status);
  if (status !== 404 && !isUnknown) return statusFailure(shown, response);
  if (code === 'RevisionNotFound') {
    return new AntipodeError('missing', `${repoId}: has no revision ${JSON.stringify(revision)}`, {
      hint: `look at its branches and commits: https://huggingface.co/${repoId}/commits/main`,
    });
  }
  if (code === 'RepoNotFound') {
    const step = hasToken ? 'and that your token may read it, where it is private' : PRIVATE_STEP;
    return new NoSuchRepository('missing', `${repoId}: there is no such repository`, {
      hint: `check its name, ${step}`,
    });
  }
  return new AntipodeError(
    'missing',
    `${shown}: the repository has no such file at ${JSON.stringify(revision)}`,
    {
      hint: `look at its files: https://huggingface.co/${repoId}/tree/${encodeURIComponent(revision)}`,
    },
  );
}

const PRIVATE_STEP = 'and where it is private, give a token (`hf auth login`, or HF_TOKEN)';

function gated(repoId: string, status: number, hasToken: boolean): AntipodeError {
  const accept = `accept its licence at https://huggingface.co/${repoId}`;
  if (hasToken) {
    return new NetworkFailure(`${repoId}: is gated, and your account may not read it yet (HTTP ${status})`, {
      hint: `${accept} with the account of your token; a fine-grained token also has to allow gated repositories (${TOKENS_PAGE})`,
    });
  }
  return new NetworkFailure(`${repoId}: is gated, and no token was given (HTTP ${status})`, {
    hint: `${accept}, make a token at ${TOKENS_PAGE}, and give it with \`hf auth login\` or as HF_TOKEN`,
  });
}

/** Such answers have no code of their own: Python's `huggingface_hub` knows them by this text as well. */
function isDisabled({ headers, status }: HttpResponse): boolean {
  const code = headers.get('x-error-code');
  const text = headers.get('x-error-message') ?? '';
  return status === 403 && (code === 'DisabledRepo' || /\bis disabled\b/i.test(text));
}

function disabled(repoId: string, status: number): AntipodeError {
  return new NetworkFailure(`${repoId}: the hub has disabled this repository (HTTP ${status})`, {
    hint: `no token helps; its page says why: https://huggingface.co/${repoId}`,
  });
}

function refusedToken(repoId: string, status: number): AntipodeError {
  return new NetworkFailure(`${repoId}: the hub refuses your token (HTTP ${status})`, {
    hint: `make a new one at ${TOKENS_PAGE} and give it with \`hf auth login\` or as HF_TOKEN, or unset it for public repositories`,
  });
}

/** Whoever gives no token hears the same of what is private and of what is not there. */
function nobody(repoId: string, status: number): AntipodeError {
  return new NoSuchRepository(
    'network',
    `${repoId}: there is no such repository, or it is private (HTTP ${status})`,
    {
      hint: `check its name, ${PRIVATE_STEP}`,
    },
  );
}
