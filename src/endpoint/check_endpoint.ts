/** @file One short question before long work: a wrong key, a misspelt model or a server that is not there shows at once, not after hours. */

import { AntipodeError } from '../errors.ts';
import { type ChatEndpoint, EndpointFailure } from './chat_endpoint.ts';

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
      `${endpoint.host}: ${endpoint.model} does not answer: ${error.message}`,
      {
        hint: 'check the address, the name of the model and OPENAI_API_KEY',
        cause: error,
      },
    );
  }
}
