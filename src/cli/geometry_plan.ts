/** @file `antipode geometry --dry-run`: what would be read, fetched, made and computed, without doing any of it. */

import { type ConceptCounts, countConcepts } from '../concepts/concept_set.ts';
import { loadConcepts } from '../concepts/load_concepts.ts';
import { formatCount } from '../report/display.ts';
import type { CliContext } from './context.ts';
import { showDryRun } from './dry_run.ts';
import type { ConceptFlags, GeometryFlags } from './geometry_flags.ts';
import { checkCounts } from './geometry_inputs.ts';
import { visible } from './output.ts';
import { planSae, type SaePlan } from './sae_plan.ts';

export interface ConceptPlan extends Omit<ConceptCounts, 'skippedPairs'> {
  readonly id: string;
  readonly skipped_pairs: number;
}

/** Exits with 0 also when something is missing: finding that out is what a dry run is for. */
export async function planGeometry(context: CliContext, flags: GeometryFlags): Promise<void> {
  checkCounts(flags);
  const saes: SaePlan[] = [];
  for (const ref of flags.sae) saes.push(await planSae(context, flags, ref));
  const concepts = await planConcepts(context, flags);
  const spaces = flags.only.includes('extremes') ? flags.spaces.length : 0;
  const searched = saes.reduce((sum, { all_pairs }) => sum + (all_pairs ?? 0) * spaces, 0);
  const partnered = flags.only.includes('antipodality')
    ? saes.reduce((sum, { all_pairs }) => sum + (all_pairs ?? 0), 0)
    : 0;
  showDryRun(context, {
    saes,
    steps: [
      ...concepts.map(
        ({ id, pairs }) =>
          `compare the ${pairs} feature pairs of ${visible(id)} in ${flags.spaces.join(' and ')}`,
      ),
      ...(flags.only.includes('random')
        ? [`draw ${flags.randomPairs} random pairs with seed ${flags.seed}`]
        : []),
      ...(flags.only.includes('tests')
        ? [`test opposites in ${flags.spaces.join(' and ')} with ${formatCount(flags.draws)} draws each`]
        : []),
      ...(searched > 0 ? [`search ${formatCount(searched)} pairs exhaustively`] : []),
      ...(partnered > 0
        ? [`look for the antipodal partners of features among ${formatCount(partnered)} pairs`]
        : []),
    ],
    facts: { concepts, pairs_searched: searched },
    out: flags.out,
  });
}

/** The sets of `--concepts`. @throws {AntipodeError} for one that cannot be read */
export async function planConcepts(
  context: CliContext,
  { concepts = [] }: ConceptFlags,
): Promise<ConceptPlan[]> {
  const plans: ConceptPlan[] = [];
  for (const name of concepts) {
    const set = await loadConcepts(name, { cwd: context.cwd, stdin: context.stdin });
    const { skippedPairs, ...counts } = countConcepts(set);
    plans.push({ id: set.id, ...counts, skipped_pairs: skippedPairs });
  }
  return plans;
}
