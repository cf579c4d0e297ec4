/** @file One short question before long work: a wrong key, a misspelt model or a server that is not there shows at once, not after hours. */

import { AntipodeError } from '../errors.ts';
import { type ChatEndpoint, EndpointFailure } from './chat_endpoint.ts';
import type { OpenAiEndpointOptions } from './openai_endpoint.ts';

/**
 * Of the endpoint that is checked: somebody is still there who can mend an address where nobody speaks. What a server says is tried again as in any other
 * request.
 */
export const CHECK_OPTIONS: Pick<OpenAiEndpointOptions, 'timeoutMs' | 'retriesSilence'> = {
  timeoutMs: 30_000,
  retriesSilence: false,
};

/** @throws {AntipodeError} `network` where no answer comes, `interrupted` */
export async function checkEndpoint(endpoint: ChatEndpoint, signal?: AbortSignal): Promise<void> {
  const schema = {
    type: 'object',
    properties: { ok: { type: 'boolean' } },
    required: ['ok'],
    additionalProperties: false,
  };
  const question = {
    system: 'Answer with the JSON that is asked for.',
    user: '{"ok":true}',
    answer: { name: 'check', schema },
    maxTokens: 20,
  };
  try {
    await endpoint.ask(question, signal);
  } catch (error) {
    if (!(error instanceof EndpointFailure)) throw error;
    // Models that think first may need more than these few tokens: they are there, which is what was asked.
    if (error.isAnswered) return;
    throw new AntipodeError(
      'network',
      `${endpoint.host}: ${endpoint.model} cannot be asked: ${error.message}`,
      {
        hint: `${error.step ?? 'check the address and the name of the model'}, then run the same command again`,
        cause: error,
      },
    );
  }
}
