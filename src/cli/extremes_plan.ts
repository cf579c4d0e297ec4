/** @file `antipode extremes --dry-run`: what would be read, made and searched, without doing any of it. */

import { formatCount } from '../report/display.ts';
import { pairsIn, type Shard, shardColumns, WHOLE } from '../search/columns.ts';
import { findDevice } from '../search/device_pass_process.ts';
import type { PartPlace } from '../search/part_keeper.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import { missingIn, showDryRun } from './dry_run.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { planMemory } from './extremes_memory.ts';
import { planSae, type SaePlan } from './sae_plan.ts';

/** @throws {AntipodeError} for a dictionary that is damaged or makes no sense, and for a device that cannot be had */
export async function planExtremes(
  context: CliContext,
  flags: ExtremesFlags,
  place?: PartPlace,
): Promise<void> {
  const { shard } = place ?? { shard: WHOLE };
  const saes: SaePlan[] = [await planSae(context, flags, flags.sae)];
  if (flags.with !== undefined) saes.push(await planSae(context, flags, flags.with));
  const pairs = missingIn(saes).length > 0 ? null : pairsPerSpace(saes, shard) * flags.spaces.length;
  const filter = densityFilter(flags);
  // One that was named is tried, since nothing less tells whether it starts.
  const device =
    flags.device === 'cpu' ? { name: flags.device } : await findDevice(flags.device, context.signal);
  if (device.warning !== undefined) context.out().warn(device.warning);
  const [a, b] = saes;
  const memory =
    a?.features && a.d_in ? planMemory(flags, [a.features, b?.features ?? undefined], a.d_in) : undefined;
  const work = flags.census === 'exact' ? 'search and count' : 'search';
  const what = pairs === null ? 'all pairs' : `${formatCount(pairs)} pairs`;
  const part = shard.count === 1 ? '' : ` (part ${shard.index} of ${shard.count})`;
  const where = `${flags.spaces.join(' and ')}${device.name === 'cpu' ? '' : ` on ${device.name}`}`;
  showDryRun(context, {
    saes,
    steps: [
      ...(memory ? [`take ${memory.words}`] : []),
      ...(filter === undefined ? [] : [`leave features out by ${filter}`]),
      `${work} ${what} exhaustively in ${where}${part}`,
    ],
    facts: { pairs_searched: pairs, device: device.name, memory_bytes: memory?.bytes ?? null },
    out: flags.shard ? place?.shown : flags.out,
  });
}

function pairsPerSpace([a, b]: readonly SaePlan[], shard: Shard): number {
  const table = { rows: a?.features ?? 0, others: b ? (b.features ?? 0) : undefined };
  return pairsIn(shardColumns(shard, table), table);
}
