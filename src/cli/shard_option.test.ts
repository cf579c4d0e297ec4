import { describe, expect, it } from 'vitest';
import { resolveShard, shardOption } from './shard_option.ts';

const usage = (message: RegExp) =>
  expect.objectContaining({ kind: 'usage', message: expect.stringMatching(message) });

describe('--shard', () => {
  it.each([
    ['1/1', { index: 1, count: 1 }],
    ['3/8', { index: 3, count: 8 }],
    ['auto', { index: undefined, count: undefined }],
    ['auto/8', { index: undefined, count: 8 }],
  ])('%s', (text, wish) => expect(shardOption(text)).toEqual(wish));

  it.each(['', '3', '0/8', '9/8', '3/0', '-1/8', '1.5/8', 'auto/', 'auto/0', '3/8/2', '1/9999999999', 'x/8'])(
    '%s is refused',
    (text) =>
      expect(() => shardOption(text)).toThrow(usage(/^--shard: got .*, expected a part and their number/)),
  );
});

const slurm = (id: number, min: number, max: number, count: number, step?: number) => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_MIN: String(min),
  SLURM_ARRAY_TASK_MAX: String(max),
  SLURM_ARRAY_TASK_COUNT: String(count),
  ...(step !== undefined && { SLURM_ARRAY_TASK_STEP: String(step) }),
});

describe('in a task of a SLURM array', () => {
  it.each([
    ['from 1', slurm(3, 1, 8, 8), { index: 3, count: 8 }],
    ['from 0', slurm(0, 0, 7, 8), { index: 1, count: 8 }],
    ['from anywhere', slurm(12, 10, 13, 4), { index: 3, count: 4 }],
    ['in steps', slurm(7, 1, 13, 5, 3), { index: 3, count: 5 }],
    ['alone', slurm(4, 4, 4, 1), { index: 1, count: 1 }],
  ])('%s', (_, env, shard) => {
    expect(resolveShard(shardOption('auto'), env)).toEqual(shard);
    expect(resolveShard(shardOption(`auto/${shard.count}`), env)).toEqual(shard);
  });

  it('a count that is not the array’s is refused: some tasks may be run again', () => {
    expect(() => resolveShard(shardOption('auto/8'), slurm(3, 3, 3, 1))).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('the array has 1 tasks, --shard auto/8 asks for 8 parts'),
        hint: expect.stringContaining('--shard $SLURM_ARRAY_TASK_ID/8'),
      }),
    );
  });

  it('gaps and numbers that make no sense are refused', () => {
    for (const env of [slurm(3, 1, 7, 3), slurm(9, 1, 8, 8), slurm(2, 1, 7, 4, 2), slurm(0, 1, 8, 8)])
      expect(() => resolveShard(shardOption('auto'), env)).toThrow(usage(/^--shard auto: the tasks/));
    for (const env of [
      { SLURM_ARRAY_TASK_ID: 'x' },
      { SLURM_ARRAY_TASK_ID: '1' },
      { ...slurm(1, 1, 8, 8), SLURM_ARRAY_TASK_STEP: '0' },
    ])
      expect(() => resolveShard(shardOption('auto'), env)).toThrow(
        usage(/SLURM_ARRAY_TASK_\w+ is .*, expected a whole number/),
      );
  });
});

describe('in an indexed job', () => {
  it('counts from 0, and has to be told how many there are', () => {
    expect(resolveShard(shardOption('auto/4'), { JOB_COMPLETION_INDEX: '0' })).toEqual({
      index: 1,
      count: 4,
    });
    expect(resolveShard(shardOption('auto/4'), { JOB_COMPLETION_INDEX: '3' })).toEqual({
      index: 4,
      count: 4,
    });
    expect(() => resolveShard(shardOption('auto/4'), { JOB_COMPLETION_INDEX: '4' })).toThrow(
      usage(/expected 0 to 3/),
    );
    expect(() => resolveShard(shardOption('auto'), { JOB_COMPLETION_INDEX: '0' })).toThrow(
      usage(/does not say how many parts there are/),
    );
  });
});

it('a part that is named is that part, whatever the scheduler says; nobody and two of them say nothing', () => {
  expect(resolveShard(shardOption('2/3'), slurm(9, 1, 9, 9))).toEqual({ index: 2, count: 3 });
  expect(() => resolveShard(shardOption('auto'), { SLURM_ARRAY_TASK_ID: '' })).toThrow(
    usage(/no scheduler tells/),
  );
  expect(() =>
    resolveShard(shardOption('auto/9'), { ...slurm(1, 1, 9, 9), JOB_COMPLETION_INDEX: '0' }),
  ).toThrow(usage(/both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set/));
});
