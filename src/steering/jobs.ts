/** @file The replies that a run makes, in the order in which they are made, and which of them are still to be made. */

import { AntipodeError } from '../errors.ts';
import type { Arm } from './arm.ts';
import type { ReplyRecord } from './reply_record.ts';
import { replySeed } from './reply_seeds.ts';

export interface ReplyJob {
  /** `+Happy/0/7`: arm, number of the prompt, number of the reply. Unique in a run. */
  readonly id: string;
  readonly arm: string;
  /** Number of the prompt, from 0. */
  readonly prompt: number;
  /** From 0. */
  readonly reply: number;
  readonly seed: number;
}

export interface ReplyJobsOptions {
  /** Names unique. */
  readonly arms: readonly Pick<Arm, 'name' | 'kind'>[];
  readonly prompts: readonly { readonly text: string }[];
  /** Per arm and prompt. */
  readonly replies: number;
  /** Per prompt, of an arm of the kind `examples`. */
  readonly examples: number;
  /** Any safe integer. */
  readonly seed: number;
  /** What stands for the arm in its seeds; its name where left out. One name for all gives reply i of every arm the same draws. */
  readonly seedName?: (arm: string) => string;
}

/** By prompt, then number of the reply, then arm: every batch has something of all arms, and a run that is stopped leaves arms of equal size. */
export function replyJobs(options: ReplyJobsOptions): ReplyJob[] {
  const { arms, prompts, replies, examples, seed, seedName = (arm) => arm } = options;
  return prompts.flatMap(({ text }, prompt) =>
    Array.from({ length: Math.max(replies, examples) }, (_, reply) =>
      arms
        .filter(({ kind }) => reply < (kind === 'examples' ? examples : replies))
        .map(({ name }) => ({
          id: `${name}/${prompt}/${reply}`,
          arm: name,
          prompt,
          reply,
          seed: replySeed({ seed, arm: seedName(name), prompt: text, reply }),
        })),
    ).flat(),
  );
}

/**
 * Those without a record, in their order.
 * @throws {AntipodeError} `check` where a record is not of these jobs: it was made with another plan
 */
export function pendingJobs(jobs: readonly ReplyJob[], known: ReadonlyMap<string, ReplyRecord>): ReplyJob[] {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  for (const { id, arm, prompt, reply, seed } of known.values()) {
    const job = byId.get(id);
    const isOwn = job?.arm === arm && job.prompt === prompt && job.reply === reply && job.seed === seed;
    if (isOwn) continue;
    throw new AntipodeError('check', `replies.jsonl: ${id} is not a reply of this run`, {
      hint: 'give the run a folder of its own with --out',
    });
  }
  return jobs.filter(({ id }) => !known.has(id));
}

/** The records in the order of the jobs, whatever order they were made in; those that are not made yet left out. */
export function inJobOrder(
  jobs: readonly ReplyJob[],
  known: ReadonlyMap<string, ReplyRecord>,
): ReplyRecord[] {
  return jobs.flatMap(({ id }) => known.get(id) ?? []);
}
