/** @file `antipode neighbors --dry-run`: what would be read, made and compared, without doing any of it. */

import { formatCount, plural } from '../report/display.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import { areKnown, showDryRun } from './dry_run.ts';
import type { NeighborsFlags } from './neighbors_flags.ts';
import { planSae, type SaePlan } from './sae_plan.ts';

export interface NeighborsRequest {
  /** The features' own SAE first. */
  readonly refs: readonly string[];
  /** Features asked about. */
  readonly count: number;
}

/** @throws {AntipodeError} for a dictionary that is damaged or makes no sense */
export async function planNeighbors(
  context: CliContext,
  flags: NeighborsFlags,
  { refs, count }: NeighborsRequest,
): Promise<void> {
  const saes: SaePlan[] = [];
  for (const ref of refs) saes.push(await planSae(context, flags, ref));
  const perFeature = saes.reduce((sum, { features }) => sum + (features ?? 0), 0);
  const cosines = !areKnown(saes) ? null : count * perFeature * flags.spaces.length;
  const filter = densityFilter(flags);
  const what = cosines === null ? 'their cosines' : `${formatCount(cosines)} cosines`;
  showDryRun(context, {
    saes,
    steps: [
      ...(filter === undefined ? [] : [`leave neighbors out by ${filter}`]),
      `compute ${what} of ${plural(count, 'feature', 'features')} in ${flags.spaces.join(' and ')}`,
    ],
    facts: { features: count, cosines },
    out: flags.out,
  });
}
