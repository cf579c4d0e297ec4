/**
 * @file How `antipode generate` shows replies. One reply on a terminal appears as it is written; else every reply is printed when it is whole, in
 * order, as soon as those before it are; JSON is one document at the end.
 */

import type { GeneratedRow } from '../lm/generate.ts';
import { type Output, type Style, visible } from './output.ts';

export interface AskedReply {
  readonly prompt: string;
  readonly seed: number;
}

export interface ReplyOutput {
  /** Settled text of a reply. */
  text(index: number, text: string): void;
  /** A whole reply; in any order. */
  reply(index: number, row: GeneratedRow): void;
  /** To be called whatever happens: ends the line of a reply that was cut off, and takes the status line away. */
  end(): void;
}

export interface ReplyOutputOptions {
  readonly out: Output;
  readonly asked: readonly AskedReply[];
  /** Replies answer their prompts, on a line of their own, instead of continuing them. */
  readonly isChat: boolean;
  /** More than one prompt or reply per prompt: a line with the seed stands above each. */
  readonly hasHeadings: boolean;
  /** Cuts off what is being shown. */
  readonly signal: AbortSignal;
}

export function createReplyOutput(options: ReplyOutputOptions): ReplyOutput {
  const [only] = options.asked;
  if (options.asked.length === 1 && only) {
    const shown = showLive(options, only);
    if (shown) return shown;
  }
  return printWhole(options);
}

function showLive(
  { out, signal, isChat }: ReplyOutputOptions,
  { prompt }: AskedReply,
): ReplyOutput | undefined {
  const live = out.live();
  if (!live) return undefined;
  live.write((style) => shownPrompt(prompt, isChat, style));
  // At once: a step of a large model can take longer than the command may live on.
  const cut = (): void => live.end();
  signal.addEventListener('abort', cut, { once: true });
  return {
    text: (_, text) => live.write(() => visible(text)),
    reply() {},
    end() {
      signal.removeEventListener('abort', cut);
      live.end();
    },
  };
}

function printWhole(options: ReplyOutputOptions): ReplyOutput {
  const { out, asked } = options;
  const progress = out.progress('generating', asked.length);
  const waiting = new Map<number, GeneratedRow>();
  let printed = 0;
  let finished = 0;
  return {
    text() {},
    reply(index, row) {
      waiting.set(index, row);
      finished += 1;
      for (let next = waiting.get(printed); next; next = waiting.get(printed)) {
        waiting.delete(printed);
        if (out.mode !== 'json') print(options, printed, next);
        printed += 1;
      }
      progress.update(finished);
    },
    end: () => progress.end(),
  };
}

function print(
  { out, asked, isChat, hasHeadings }: ReplyOutputOptions,
  index: number,
  row: GeneratedRow,
): void {
  const reply = asked[index]!;
  const human = (style: Style): string => {
    const head = hasHeadings ? `${style.dim(`seed ${reply.seed}`)}\n` : '';
    return `${index === 0 ? '' : '\n'}${head}${shownPrompt(reply.prompt, isChat, style)}${visible(row.text)}`;
  };
  out.item({
    human,
    json: () => replyJson(reply, row),
    quiet: () => [visible(row.text.replace(/\n/g, ' '))],
  });
}

function shownPrompt(prompt: string, isChat: boolean, { bold }: Style): string {
  return `${bold(visible(prompt))}${isChat ? '\n' : ''}`;
}

/** Of one reply; log-probabilities are natural, perplexity is e to the power of minus their mean, both null without tokens; twice where something steers. */
export function replyJson({ prompt, seed }: AskedReply, row: GeneratedRow): Record<string, unknown> {
  const { text, tokens, logProbabilities, unsteeredLogProbabilities, end } = row;
  return {
    prompt,
    seed,
    text,
    tokens,
    log_probabilities: logProbabilities,
    ...likelihood('', logProbabilities),
    ...(unsteeredLogProbabilities !== undefined &&
      unsteeredLogProbabilities !== logProbabilities && {
        unsteered_log_probabilities: unsteeredLogProbabilities,
        ...likelihood('unsteered_', unsteeredLogProbabilities),
      }),
    end,
  };
}

function likelihood(prefix: string, logProbabilities: readonly number[]): Record<string, number | null> {
  const count = logProbabilities.length;
  const mean = count === 0 ? null : logProbabilities.reduce((sum, one) => sum + one, 0) / count;
  return {
    [`${prefix}mean_log_probability`]: mean,
    [`${prefix}perplexity`]: mean === null ? null : Math.exp(-mean),
  };
}
