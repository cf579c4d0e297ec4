/**
 * @file Explanations of features by a language model: for each one question with its strongest contexts, one sentence back. The contexts are data, in
 * JSON, and so is the answer: it is cut to one line and refused where it is too long or no sentence. What fails keeps the explanation by rules.
 */

import { type ChatEndpoint, EndpointFailure } from '../endpoint/chat_endpoint.ts';
import { inParallel } from '../hub/in_parallel.ts';
import type { FeatureExplanation } from './explanation.ts';
import { explanationRequest, type QuestionSource, readExplanation } from './explanation_request.ts';

export interface AskFeaturesOptions extends QuestionSource {
  readonly endpoint: ChatEndpoint;
  /** By rules; these features are asked about. */
  readonly explanations: readonly FeatureExplanation[];
  /** Questions under way at a time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface AskedFeatures {
  /** By feature. */
  readonly descriptions: ReadonlyMap<number, string>;
  /** Features without an answer that can be used. */
  readonly failed: number;
  /** Of these, not even asked: too much had failed before. */
  readonly notAsked: number;
  /** Distinct reasons, the first few. */
  readonly reasons: readonly string[];
  /** Answers that were there from an earlier run. */
  readonly cached: number;
  /** As the server counted, of answers that were not cached. */
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** A server that fails so often in a row is not asked again: every further question would only cost its timeout. */
const MOST_FAILURES_IN_A_ROW = 10;

const SHOWN_REASONS = 5;

/** @throws {AntipodeError} `interrupted`, and `resource` where an answer cannot be kept */
export async function askFeatures(options: AskFeaturesOptions): Promise<AskedFeatures> {
  const { endpoint, explanations, concurrency, signal } = options;
  const descriptions = new Map<number, string>();
  const reasons = new Set<string>();
  const counts = { failed: 0, notAsked: 0, cached: 0, promptTokens: 0, completionTokens: 0 };
  let inARow = 0;
  let isGivenUp = false;
  let done = 0;
  const fail = (reason: string): void => {
    counts.failed += 1;
    inARow += 1;
    if (reasons.size < SHOWN_REASONS) reasons.add(reason);
    if (inARow >= MOST_FAILURES_IN_A_ROW) isGivenUp = true;
  };
  const askOne = async (explanation: FeatureExplanation): Promise<void> => {
    if (isGivenUp) {
      counts.failed += 1;
      counts.notAsked += 1;
      return;
    }
    try {
      const reply = await endpoint.ask(explanationRequest(options, explanation), signal);
      if (reply.isCached) counts.cached += 1;
      else {
        counts.promptTokens += reply.promptTokens ?? 0;
        counts.completionTokens += reply.completionTokens ?? 0;
      }
      const description = readExplanation(reply.text);
      if ('problem' in description) return fail(description.problem);
      descriptions.set(explanation.feature, description.text);
      inARow = 0;
    } catch (error) {
      if (!(error instanceof EndpointFailure)) throw error;
      fail(error.message);
      if (error.isFinal) isGivenUp = true;
    } finally {
      options.onProgress?.(++done, explanations.length);
    }
  };
  await inParallel(explanations, concurrency, askOne, signal);
  return { descriptions, reasons: [...reasons], ...counts };
}
