/** @file `antipode extremes --dry-run`: what would be read, made and searched, without doing any of it. */

import { findDevice } from '../search/device_pass_process.ts';
import { pairCount } from '../search/tiles.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { visible } from './output.ts';
import { planSae, type SaePlan, saeSentence } from './sae_plan.ts';

/** Exits with 0 also when something is missing: finding that out is what a dry run is for. */
export async function planExtremes(context: CliContext, flags: ExtremesFlags): Promise<void> {
  const saes: SaePlan[] = [await planSae(context, flags, flags.sae)];
  if (flags.with !== undefined) saes.push(await planSae(context, flags, flags.with));
  const missing = saes.filter(({ state }) => state === 'missing').map(({ sae }) => sae);
  const pairs = missing.length > 0 ? null : pairsPerSpace(saes) * flags.spaces.length;
  const filter = densityFilter(flags);
  // One that was named is tried, since nothing less tells whether it starts.
  const device =
    flags.device === 'cpu' ? { name: flags.device } : await findDevice(flags.device, context.signal);
  if (device.warning !== undefined) context.out().warn(device.warning);
  context.out().result({
    human: ({ bold }) =>
      [
        bold(missing.length > 0 ? 'Would do, once nothing is missing:' : 'Would do, in this order:'),
        ...saes.map(saeSentence),
        ...(filter === undefined ? [] : [`leave features out by ${filter}`]),
        `${flags.census ? 'search and count' : 'search'} ${pairs === null ? 'all pairs' : `${pairs.toLocaleString('en-US')} pairs`} exhaustively in ${flags.spaces.join(' and ')}${device.name === 'cpu' ? '' : ` on ${device.name}`}`,
        flags.out === undefined
          ? 'print the tables; write nothing'
          : `print the tables; write ${visible(flags.out)}`,
        'download nothing; call no language-model API (0 calls, no cost)',
      ].join('\n'),
    json: () => ({
      saes,
      pairs_searched: pairs,
      device: device.name,
      llm_calls: 0,
      cost_usd: 0,
      out: flags.out ?? null,
    }),
    quiet: () => missing,
  });
}

function pairsPerSpace([a, b]: readonly SaePlan[]): number {
  return pairCount(a?.features ?? 0, b ? (b.features ?? 0) : undefined);
}
