/**
 * @file `--shard`: which part of a search this process does. Said outright (`3/8`), or left to the scheduler that started it: SLURM numbers the tasks of an array from
 * SLURM_ARRAY_TASK_MIN on, Kubernetes those of an indexed job from 0 on and does not say how many there are.
 */

import { AntipodeError } from '../errors.ts';
import type { Shard } from '../search/columns.ts';

export interface ShardWish {
  /** From 1; undefined where the scheduler tells. */
  readonly index: number | undefined;
  /** Undefined where the scheduler has to tell. */
  readonly count: number | undefined;
}

/** More parts than any array of jobs has (SLURM's MaxArraySize is at most 4,000,001) are a slip. */
const MOST_PARTS = 4_000_000;

/** @throws {AntipodeError} `usage` */
export function shardOption(text: string): ShardWish {
  const [, name, of] = /^(auto|\d{1,9})(?:\/(\d{1,9}))?$/.exec(text) ?? [];
  const index = name === undefined || name === 'auto' ? undefined : Number(name);
  const count = of === undefined ? undefined : Number(of);
  const isKnown = name === 'auto' || (index !== undefined && count !== undefined);
  if (
    isKnown &&
    (count ?? 1) >= 1 &&
    (count ?? 1) <= MOST_PARTS &&
    (index ?? 1) >= 1 &&
    (index ?? 1) <= (count ?? 1)
  )
    return { index, count };
  throw new AntipodeError(
    'usage',
    `--shard: got ${JSON.stringify(text)}, expected a part and their number such as 3/8 (from 1/8 to 8/8), auto/8, or auto`,
  );
}

/** @throws {AntipodeError} `usage` where the scheduler does not tell, or contradicts what was said */
export function resolveShard(
  { index, count }: ShardWish,
  env: Readonly<Record<string, string | undefined>>,
): Shard {
  if (index !== undefined && count !== undefined) return { index, count };
  const isSlurm = isSet(env['SLURM_ARRAY_TASK_ID']);
  const isIndexed = isSet(env['JOB_COMPLETION_INDEX']);
  if (isSlurm && isIndexed) {
    throw new AntipodeError(
      'usage',
      '--shard auto: both SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX are set',
      {
        hint: 'name the part, such as --shard 3/8',
      },
    );
  }
  if (isSlurm) return slurmShard(count, env);
  if (isIndexed) return indexedShard(count, env);
  throw new AntipodeError('usage', '--shard auto: no scheduler tells which part this is', {
    hint: 'run it as a task of a SLURM array or of an indexed Kubernetes job, or name the part, such as --shard 3/8',
  });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function slurmShard(asked: number | undefined, env: Readonly<Record<string, string | undefined>>): Shard {
  const number = (name: string, otherwise?: number): number =>
    wholeNumber(env, `SLURM_ARRAY_TASK_${name}`, otherwise);
  const [id, min, max, step] = [number('ID'), number('MIN'), number('MAX'), number('STEP', 1)];
  const count = number('COUNT');
  const index = (id - min) / step + 1;
  if ((max - min) / step + 1 !== count || !Number.isInteger(index) || index < 1 || index > count) {
    throw slurmMismatch(`the tasks ${min} to ${max} of the array are not ${count} in a row`, asked ?? count);
  }
  if (asked !== undefined && asked !== count)
    throw slurmMismatch(`the array has ${count} tasks, --shard auto/${asked} asks for ${asked} parts`, asked);
  return { index, count };
}

function slurmMismatch(problem: string, count: number): AntipodeError {
  return new AntipodeError('usage', `--shard auto: ${problem}`, {
    hint: `to run single tasks of an array from 1 to ${count} again, name the part: --shard $SLURM_ARRAY_TASK_ID/${count}`,
  });
}

function indexedShard(count: number | undefined, env: Readonly<Record<string, string | undefined>>): Shard {
  const at = wholeNumber(env, 'JOB_COMPLETION_INDEX');
  if (count === undefined) {
    throw new AntipodeError(
      'usage',
      '--shard auto: JOB_COMPLETION_INDEX does not say how many parts there are',
      {
        hint: 'say it, such as --shard auto/8 where the job has completions: 8',
      },
    );
  }
  if (at < count) return { index: at + 1, count };
  throw new AntipodeError(
    'usage',
    `--shard auto/${count}: JOB_COMPLETION_INDEX is ${at}, expected 0 to ${count - 1}`,
    { hint: 'give --shard the number of completions of the job' },
  );
}

function wholeNumber(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  otherwise?: number,
): number {
  const text = env[name];
  if (!isSet(text) && otherwise !== undefined) return otherwise;
  if (text !== undefined && /^\d{1,9}$/.test(text) && (!name.endsWith('STEP') || Number(text) > 0))
    return Number(text);
  throw new AntipodeError(
    'usage',
    `--shard auto: ${name} is ${JSON.stringify(text ?? null)}, expected a whole number`,
    {
      hint: 'name the part, such as --shard 3/8',
    },
  );
}
