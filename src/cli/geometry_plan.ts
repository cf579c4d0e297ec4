/** @file `antipode geometry --dry-run`: what would be read, fetched, made and computed, without doing any of it. */

import { type ConceptCounts, countConcepts } from '../concepts/concept_set.ts';
import { loadConcepts } from '../concepts/load_concepts.ts';
import type { CliContext } from './context.ts';
import type { GeometryFlags } from './geometry_flags.ts';
import { checkCounts } from './geometry_inputs.ts';
import { visible } from './output.ts';
import { planSae, type SaePlan, saeSentence } from './sae_plan.ts';

interface ConceptPlan extends Omit<ConceptCounts, 'skippedPairs'> {
  readonly id: string;
  readonly skipped_pairs: number;
}

/** Exits with 0 also when something is missing: finding that out is what a dry run is for. */
export async function planGeometry(context: CliContext, flags: GeometryFlags): Promise<void> {
  checkCounts(flags);
  const saes: SaePlan[] = [];
  for (const ref of flags.sae) saes.push(await planSae(context, flags, ref));
  const concepts: ConceptPlan[] = [];
  for (const name of flags.concepts ?? []) {
    const set = await loadConcepts(name, { cwd: context.cwd, stdin: context.stdin });
    const { skippedPairs, ...counts } = countConcepts(set);
    concepts.push({ id: set.id, ...counts, skipped_pairs: skippedPairs });
  }
  const spaces = flags.only.includes('extremes') ? flags.spaces.length : 0;
  const searched = saes.reduce((sum, { all_pairs }) => sum + (all_pairs ?? 0) * spaces, 0);
  context.out().result({
    human: ({ bold }) =>
      [
        bold(
          saes.some(({ state }) => state === 'missing')
            ? 'Would do, once nothing is missing:'
            : 'Would do, in this order:',
        ),
        ...saes.map(saeSentence),
        ...concepts.map(
          ({ id, pairs }) =>
            `compare the ${pairs} feature pairs of ${visible(id)} in ${flags.spaces.join(' and ')}`,
        ),
        ...(flags.only.includes('random')
          ? [`draw ${flags.randomPairs} random pairs with seed ${flags.seed}`]
          : []),
        ...(searched > 0 ? [`search ${searched.toLocaleString('en-US')} pairs exhaustively`] : []),
        flags.out === undefined
          ? 'print the tables; write nothing'
          : `print the tables; write ${visible(flags.out)}`,
        'download nothing; call no language-model API (0 calls, no cost)',
      ].join('\n'),
    json: () => ({
      saes,
      concepts,
      pairs_searched: searched,
      llm_calls: 0,
      cost_usd: 0,
      out: flags.out ?? null,
    }),
    quiet: () => saes.filter(({ state }) => state === 'missing').map(({ sae }) => sae),
  });
}
