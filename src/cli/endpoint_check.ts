/** @file The question before long work with an endpoint, and what a person sees while nobody answers it. */

import type { ChatEndpoint } from '../endpoint/chat_endpoint.ts';
import { CHECK_OPTIONS, checkEndpoint } from '../endpoint/check_endpoint.ts';
import type { OpenAiEndpointOptions } from '../endpoint/openai_endpoint.ts';
import type { CliContext } from './context.ts';
import { formatSeconds } from './output.ts';

/** What answers sooner needs no word about it. */
const QUIET_MS = 1000;

/**
 * @param open gives the endpoint with these over its usual options
 * @throws {AntipodeError} `network`, `interrupted`, and as `open`
 */
export async function checkWithNotes(
  { out, signal }: CliContext,
  open: (more: Partial<OpenAiEndpointOptions>) => Promise<ChatEndpoint>,
): Promise<void> {
  const endpoint = await open({
    ...CHECK_OPTIONS,
    onWait: ({ message }, ms) =>
      out().note(`${endpoint.host}: ${message}; asked again in ${formatSeconds(Math.ceil(ms / 1000))}`),
  });
  const { model, host } = endpoint;
  const late = setTimeout(() => out().note(`asking ${model} at ${host} …`), QUIET_MS);
  try {
    await checkEndpoint(endpoint, signal);
  } finally {
    clearTimeout(late);
  }
}
