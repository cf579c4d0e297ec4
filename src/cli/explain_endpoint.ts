/** @file `antipode explain --endpoint`: opening it, the bound on what it may cost, and the sentences that it writes. */

import { join } from 'node:path';
import { cachedEndpoint } from '../endpoint/cached_endpoint.ts';
import type { ChatEndpoint } from '../endpoint/chat_endpoint.ts';
import { type OpenAiEndpointOptions, openOpenAiEndpoint } from '../endpoint/openai_endpoint.ts';
import { AntipodeError } from '../errors.ts';
import { type AskedFeatures, askFeatures } from '../explain/ask_features.ts';
import type { FeatureExplanation } from '../explain/explanation.ts';
import { FIXED_BYTES, MAX_ANSWER_TOKENS, MAX_MATERIAL_BYTES } from '../explain/explanation_request.ts';
import type { FeatureStatistics } from '../explain/statistics.ts';
import { antipodeCacheDir } from '../hub/cache_dirs.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import type { CliContext } from './context.ts';
import type { ExplainFlags } from './explain_flags.ts';

/** Nothing is sent yet. @param more laid over the usual options @throws {AntipodeError} `usage` for one of the two options without the other, and as `openOpenAiEndpoint` */
export async function endpointFor(
  { env }: CliContext,
  { endpoint: url, explainerModel: model }: ExplainFlags,
  more: Partial<OpenAiEndpointOptions> = {},
): Promise<ChatEndpoint | undefined> {
  if (url === undefined && model === undefined) return undefined;
  if (url === undefined || model === undefined) {
    throw new AntipodeError(
      'usage',
      `explain: ${url === undefined ? '--endpoint' : '--explainer-model'} is missing`,
      { hint: 'give both, or neither for explanations by rules' },
    );
  }
  return openOpenAiEndpoint({ url, model, apiKey: env['OPENAI_API_KEY'], ...more });
}

export interface EndpointBound {
  /** The check before the work included. */
  readonly requests: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
}

/** At most, if nothing is cached and no request has to be repeated: no tokenizer makes more tokens of a text than it has bytes. */
export function boundOf(features: number): EndpointBound {
  return {
    requests: features + 1,
    prompt_tokens: (features + 1) * (FIXED_BYTES + MAX_MATERIAL_BYTES),
    completion_tokens: (features + 1) * MAX_ANSWER_TOKENS,
  };
}

export interface AskRequest {
  readonly endpoint: ChatEndpoint;
  readonly flags: ExplainFlags;
  readonly statistics: FeatureStatistics;
  readonly byRules: readonly FeatureExplanation[];
  readonly tokenizer: Tokenizer;
}

/** Answers of earlier runs are in the cache folder. What fails is warned about, and keeps its explanation by rules. */
export async function askModel(
  { env, out, signal }: CliContext,
  { endpoint, flags, statistics, byRules, tokenizer }: AskRequest,
): Promise<AskedFeatures> {
  const folder = join(antipodeCacheDir(env), 'replies', endpoint.host.replace(/[^A-Za-z0-9.-]/g, '_'));
  const progress = out().progress(`asking ${endpoint.model}`, 1);
  const asked = await askFeatures({
    endpoint: cachedEndpoint(endpoint, folder, flags.endpoint!),
    statistics,
    explanations: byRules,
    tokenizer,
    concurrency: flags.concurrency,
    signal,
    onProgress: (done, total) => progress.update(done / total),
  });
  progress.end();
  if (asked.failed > 0) out().warn(failureSentence(asked, byRules.length));
  return asked;
}

function failureSentence({ failed, notAsked, reasons }: AskedFeatures, of: number): string {
  const given = notAsked > 0 ? `; ${notAsked} were not asked for after that` : '';
  return `${failed} of ${of} explanations were not written by the endpoint and stay those by rules (${reasons.join('; ')}${given})`;
}
