/** @file Progress of work in stages that are known by their names alone, each of which begins when it is first heard of. */

import type { CliContext } from './context.ts';
import type { Progress } from './output.ts';

/** @param done of `total`, in any unit */
export type UpdateStage = (stage: string, done: number, total: number) => void;

/** The status line is gone when the work has ended, however it has. */
export async function withStages<T>(
  context: CliContext,
  work: (update: UpdateStage) => Promise<T>,
): Promise<T> {
  const stages = new Map<string, Progress>();
  try {
    return await work((stage, done, total) => {
      const progress = stages.get(stage) ?? context.out().progress(stage, total);
      stages.set(stage, progress);
      progress.update(done);
    });
  } finally {
    for (const progress of stages.values()) progress.end();
  }
}
