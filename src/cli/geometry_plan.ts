/** @file `antipode geometry --dry-run`: what would be read, fetched, made and computed, without doing any of it. */

import { stat } from 'node:fs/promises';
import { type ConceptCounts, countConcepts } from '../concepts/concept_set.ts';
import { loadConcepts } from '../concepts/load_concepts.ts';
import { AntipodeError } from '../errors.ts';
import type { SaeHeader } from '../sae/sae.ts';
import { SYNTHETIC_BYTES, SYNTHETIC_ID, SYNTHETIC_SIZE, syntheticFiles } from '../sae/synthetic_file.ts';
import { pairCount } from '../search/tiles.ts';
import type { CliContext } from './context.ts';
import type { GeometryFlags } from './geometry_flags.ts';
import { checkCounts } from './geometry_inputs.ts';
import { openGivenSae } from './open_named_sae.ts';
import { formatBytes, visible } from './output.ts';

interface SaePlan {
  readonly sae: string;
  readonly state: 'here' | 'to be made' | 'missing';
  /** Bytes to read, or to write when it has to be made; null where nobody knows before asking the server. */
  readonly bytes: number | null;
  /** Why it is missing and what to do. */
  readonly problem: string | null;
  readonly next: string | null;
  readonly all_pairs: number | null;
}

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
        ...saes.map(sentenceFor),
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

async function planSae(context: CliContext, flags: GeometryFlags, ref: string): Promise<SaePlan> {
  const base = { sae: ref, problem: null, next: null };
  if (ref === SYNTHETIC_ID) {
    const isMade = await stat(syntheticFiles(context.env).weights).then(
      () => true,
      () => false,
    );
    const all_pairs = pairCount(SYNTHETIC_SIZE.dSae, undefined);
    return { ...base, state: isMade ? 'here' : 'to be made', bytes: SYNTHETIC_BYTES, all_pairs };
  }
  try {
    const sae = await openGivenSae(context, flags, ref);
    const header: SaeHeader = sae.header;
    await sae.close();
    const bytes = header.files.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { ...base, state: 'here', bytes, all_pairs: pairCount(header.dSae, undefined) };
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    return {
      sae: ref,
      state: 'missing',
      bytes: null,
      problem: error.message,
      next: error.hint ?? null,
      all_pairs: null,
    };
  }
}

function sentenceFor({ sae, state, bytes, problem, next }: SaePlan): string {
  const size = bytes === null ? '' : ` (${formatBytes(bytes)})`;
  if (state === 'here') return `read ${visible(sae)}${size}`;
  if (state === 'to be made') return `make ${visible(sae)} in the cache${size}, then read it`;
  return `missing: ${visible(problem ?? sae)}${next === null ? '' : `; next: ${visible(next)}`}`;
}
