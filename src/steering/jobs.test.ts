import { expect, test } from 'vitest';
import { inJobOrder, pendingJobs, type ReplyJob, replyJobs } from './jobs.ts';
import type { ReplyRecord } from './reply_record.ts';
import { replySeed } from './reply_seeds.ts';

const options = {
  arms: [
    { name: 'control', kind: 'control' },
    { name: 'examples', kind: 'examples' },
    { name: '+Happy', kind: 'steered' },
  ],
  prompts: [{ text: 'How are you?' }, { text: 'Tell me.' }],
  replies: 2,
  examples: 3,
  seed: 1,
} as const;

function recordOf({ id, arm, prompt, reply, seed }: ReplyJob): ReplyRecord {
  return {
    ...{ id, arm, prompt, reply, seed, text: id, tokens: [], end: 'length', steered: [], positions: 0 },
    ...{ unsteered_mean_log_probability: null, distinct_1: null, distinct_2: null, repetition: 0 },
  };
}

test('a seed is 48 bits of SHA-256 over run, arm, prompt and reply', () => {
  // Python: int.from_bytes(hashlib.sha256(b'[1,"+Happy","How are you?",7]').digest()[:6], 'big')
  expect(replySeed({ seed: 1, arm: '+Happy', prompt: 'How are you?', reply: 7 })).toBe(249371696762140);
  expect(replySeed({ seed: -3, arm: 'control', prompt: 'a "quoted" line\nand é', reply: 0 })).toBe(
    196926191385765,
  );
});

test('by prompt, then reply, then arm; examples have a number of their own', () => {
  const jobs = replyJobs(options);
  const ofPrompt = (prompt: number): string[] => [
    ...[0, 1].flatMap((reply) => options.arms.map(({ name }) => `${name}/${prompt}/${reply}`)),
    `examples/${prompt}/2`,
  ];
  expect(jobs.map(({ id }) => id)).toEqual([...ofPrompt(0), ...ofPrompt(1)]);
  expect(new Set(jobs.map(({ seed }) => seed)).size).toBe(jobs.length);
  expect(jobs[2]).toEqual({
    id: '+Happy/0/0',
    arm: '+Happy',
    prompt: 0,
    reply: 0,
    seed: replySeed({ seed: 1, arm: '+Happy', prompt: 'How are you?', reply: 0 }),
  });
});

test('a seed does not change with what else the run makes, and arms may share theirs', () => {
  const more = replyJobs({
    ...options,
    arms: options.arms.slice(2),
    replies: 9,
    prompts: [...options.prompts].reverse(),
  });
  const few = replyJobs(options);
  const seedOf = (jobs: readonly ReplyJob[], id: string): number => jobs.find((job) => job.id === id)!.seed;
  expect(seedOf(more, '+Happy/1/1')).toBe(seedOf(few, '+Happy/0/1'));
  const shared = replyJobs({ ...options, seedName: () => 'same draws' });
  expect(seedOf(shared, '+Happy/0/1')).toBe(seedOf(shared, 'control/0/1'));
  expect(seedOf(shared, '+Happy/0/1')).not.toBe(seedOf(shared, '+Happy/0/0'));
});

test('what is known is not made again, and comes out in the order of the jobs', () => {
  const jobs = replyJobs(options);
  const made = [jobs[4]!, jobs[0]!, jobs[9]!];
  const known = new Map(made.map((job) => [job.id, recordOf(job)]));
  expect(pendingJobs(jobs, known)).toEqual(jobs.filter((job) => !made.includes(job)));
  expect(inJobOrder(jobs, known).map(({ id }) => id)).toEqual([0, 4, 9].map((at) => jobs[at]!.id));
});

test.each([
  ['another seed', { seed: 5 }],
  ['another place', { reply: 1 }],
  ['an arm that is not in the plan', { id: '+Sad/0/0', arm: '+Sad' }],
])('a record of another plan is refused: %s', (_, change) => {
  const jobs = replyJobs(options);
  const record = { ...recordOf(jobs[0]!), ...change };
  expect(() => pendingJobs(jobs, new Map([[record.id, record]]))).toThrow(
    expect.objectContaining({ kind: 'check', message: expect.stringContaining(record.id) }),
  );
});
