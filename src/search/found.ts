/**
 * @file What a search has found when some columns are done: enough to go on from, and for a part to be joined with others. Every pair of those columns that is among the k
 * best of all is in it; pairs that are not may be missing, because other pairs have ruled them out.
 */

import { type ColumnRange, joinRanges, type Shard } from './columns.ts';
import { compareBottom, compareTop, type ScoredPair } from './pairs.ts';

export interface FoundPairs {
  /** At most k, by (cos descending, i, j). */
  readonly top: readonly ScoredPair[];
  /** At most k, by (cos ascending, i, j). */
  readonly bottom: readonly ScoredPair[];
}

export interface FoundSoFar extends FoundPairs {
  /** Ascending, apart from each other. */
  readonly done: readonly ColumnRange[];
}

/** How a search is done in parts, and gone on with. */
export interface PartOptions {
  /** Visits the pairs of this part alone: all of them that are among the k best of all pairs are then in the result. */
  readonly shard?: Shard;
  /** What an earlier search over the same rows with the same k and shard left in `onFound`. */
  readonly from?: FoundSoFar;
  /** What is found so far, now and then; and at the end, with all columns of the shard. What it throws ends the search. */
  readonly onFound?: (found: FoundSoFar) => void | Promise<void>;
  /** Least milliseconds between two such calls per worker. Default: 2000. */
  readonly tellEvery?: number;
}

export const NOTHING_FOUND: FoundSoFar = { done: [], top: [], bottom: [] };

/** The k best at each end of what different columns gave. */
export function joinFound(parts: readonly FoundPairs[], k: number): FoundPairs {
  const best = (end: 'top' | 'bottom'): ScoredPair[] =>
    parts
      .flatMap((part) => part[end])
      .sort(end === 'top' ? compareTop : compareBottom)
      .slice(0, k);
  return { top: best('top'), bottom: best('bottom') };
}

/** sign * cosine that k of these pairs are known to reach, per end; -Infinity where there are fewer. */
export function reachedBy({ top, bottom }: FoundPairs, k: number): { top: number; bottom: number } {
  return {
    top: top[k - 1]?.cos ?? Number.NEGATIVE_INFINITY,
    bottom: -(bottom[k - 1]?.cos ?? Number.POSITIVE_INFINITY),
  };
}

/** What one worker tells on the way: the columns that it has finished since it last told, and its best pairs so far. */
export interface WorkerNews extends FoundPairs {
  readonly finished: readonly ColumnRange[];
}

export interface KeeperOptions {
  readonly k: number;
  readonly from: FoundSoFar;
  readonly onFound: (found: FoundSoFar) => void | Promise<void>;
  /** Called once when `onFound` fails: the search need not go on. */
  readonly onFailure: () => void;
}

/** Puts together what workers tell, and hands it on one state at a time: while one is being written, later ones wait and become one. */
export interface Keeper {
  take(worker: number, news: WorkerNews): void;
  /** Once nothing is being written any more. @throws what `onFound` threw */
  settle(): Promise<void>;
}

export function createKeeper({ k, from, onFound, onFailure }: KeeperOptions): Keeper {
  const latest = new Map<number, FoundPairs>();
  let done = from.done;
  let isStale = false;
  let failure: { readonly error: unknown } | undefined;
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    while (isStale && !failure) {
      isStale = false;
      try {
        await onFound({ done, ...joinFound([from, ...latest.values()], k) });
      } catch (error) {
        failure = { error };
        onFailure();
      }
    }
    writing = undefined;
  };
  return {
    take(worker, { finished, top, bottom }) {
      latest.set(worker, { top, bottom });
      done = joinRanges([...done, ...finished]);
      isStale = true;
      writing ??= write();
    },
    async settle() {
      await writing;
      if (failure) throw failure.error;
    },
  };
}
