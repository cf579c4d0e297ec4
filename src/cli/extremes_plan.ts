/** @file `antipode extremes --dry-run`: what would be read, made and searched, without doing any of it. */

import { formatCount } from '../report/display.ts';
import { findDevice } from '../search/device_pass_process.ts';
import { pairCount } from '../search/tiles.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import { areKnown, showDryRun } from './dry_run.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { planSae, type SaePlan } from './sae_plan.ts';

/** @throws {AntipodeError} for a dictionary that is damaged or makes no sense, and for a device that cannot be had */
export async function planExtremes(context: CliContext, flags: ExtremesFlags): Promise<void> {
  const saes: SaePlan[] = [await planSae(context, flags, flags.sae)];
  if (flags.with !== undefined) saes.push(await planSae(context, flags, flags.with));
  const pairs = !areKnown(saes) ? null : pairsPerSpace(saes) * flags.spaces.length;
  const filter = densityFilter(flags);
  // One that was named is tried, since nothing less tells whether it starts.
  const device =
    flags.device === 'cpu' ? { name: flags.device } : await findDevice(flags.device, context.signal);
  if (device.warning !== undefined) context.out().warn(device.warning);
  const work = flags.census ? 'search and count' : 'search';
  const what = pairs === null ? 'all pairs' : `${formatCount(pairs)} pairs`;
  const where = `${flags.spaces.join(' and ')}${device.name === 'cpu' ? '' : ` on ${device.name}`}`;
  showDryRun(context, {
    saes,
    steps: [
      ...(filter === undefined ? [] : [`leave features out by ${filter}`]),
      `${work} ${what} exhaustively in ${where}`,
    ],
    facts: { pairs_searched: pairs, device: device.name },
    out: flags.out,
  });
}

function pairsPerSpace([a, b]: readonly SaePlan[]): number {
  return pairCount(a?.features ?? 0, b ? (b.features ?? 0) : undefined);
}
