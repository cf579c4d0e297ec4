/** @file How much memory `antipode extremes` takes, said before it begins, and where the rows are meanwhile. */

import { memoryLeft, memoryNeed, placeRows, shownBytes } from '../search/memory.ts';
import type { CliContext } from './context.ts';
import type { ExtremesFlags } from './extremes_flags.ts';

export interface MemoryPlan {
  /** Where the rows are. */
  readonly rows: 'held' | 'filed';
  /** Bytes that the search takes at most. */
  readonly bytes: number;
  /** The same for people, as part of a sentence. */
  readonly words: string;
}

/** Searches that take less go without saying. */
const WORTH_SAYING = 1e9;

/** @param features of each SAE @returns undefined where other engines than that for small integers on the cpu are asked for @throws {AntipodeError} `resource` where the search does not fit */
export function planMemory(
  flags: ExtremesFlags,
  features: readonly [number, number | undefined],
  width: number,
): MemoryPlan | undefined {
  if (flags.census || flags.device !== 'cpu') return undefined;
  const [rows, others] = features;
  const need = memoryNeed({ rows, others, width, k: flags.top, threads: flags.threads });
  const place = placeRows(need, flags.memory ?? memoryLeft());
  const inFiles =
    place === 'filed' ? `, and ${shownBytes(need.held - need.filed)} of rows stay in files` : '';
  return { rows: place, bytes: need[place], words: `up to ${shownBytes(need[place])} of memory${inFiles}` };
}

/** Says it where it is much, where it was asked about, and where rows stay in files. */
export function sayMemory(context: CliContext, flags: ExtremesFlags, plan: MemoryPlan | undefined): void {
  if (!plan) return;
  if (plan.bytes >= WORTH_SAYING || plan.rows === 'filed' || flags.memory !== undefined)
    context.out().note(`The search takes ${plan.words}.`);
}
