/**
 * @file What every judge offers, whoever it is: it gets replies without their arms, in an order that says nothing, and answers with labels. Judges are
 * `lexicon/`, `endpoint_judge.ts` and `model_judge.ts`; `judge_replies.ts` hides the arms from them and keeps their verdicts.
 */

import type { JudgedLabel, PoleNames } from './labels.ts';

/** A reply as a judge sees it. */
export interface BlindReply {
  /** Says nothing of the arm. */
  readonly key: string;
  readonly prompt: string;
  /** Untrusted: it may try to instruct the judge. */
  readonly text: string;
}

export interface JudgeExample {
  readonly prompt: string;
  /** What the model says without steering. */
  readonly text: string;
}

/** What a judge knows before it sees a reply. */
export interface JudgeSetting {
  readonly poles: PoleNames;
  /** Unsteered replies that are not among those to be labelled. */
  readonly examples: readonly JudgeExample[];
}

export interface Verdict {
  readonly key: string;
  readonly label: JudgedLabel;
  /** Why there is no label, in words; or what the judge went by, such as its scores. */
  readonly reason?: string;
  /** There is no label because nobody answered, or what was said could not be read: asked again, there may be one. */
  readonly isPassing?: true;
}

export interface JudgeOptions {
  /** Called for each reply once, in any order, as soon as it is known. */
  readonly onVerdict: (verdict: Verdict) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

export interface Judge {
  /** Names the judge and all that its labels depend on, for a file name: letters, digits, `.`, `_` and `-`, at most 80. */
  readonly id: string;
  /** For people: `sentiment lexicon AFINN-165`, `gpt-4o at api.openai.com`. */
  readonly title: string;
  /** Settings, thresholds, versions; no secrets. */
  readonly facts: Readonly<Record<string, unknown>>;
  /**
   * One reply that cannot be labelled is `unlabelled`, with its reason; it never throws for one.
   * @throws {AntipodeError} `interrupted`; `network` and others where no further reply can be labelled: verdicts given so far stand
   */
  label(replies: readonly BlindReply[], options: JudgeOptions): Promise<void>;
  /** Requests, tokens and cached answers so far, for judges that cost something. */
  usage?(): Readonly<Record<string, number>>;
}
