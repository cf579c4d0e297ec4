/** @file The work of `antipode extremes`: opens what was named, searches, prints the tables and writes the run folder. */

import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { checkOutputDirectory, checkOutputFile } from '../formats/atomic.ts';
import { type FindExtremesOptions, findExtremes, searchPart } from '../geometry/find_extremes.ts';
import { openPartKeeper } from '../search/part_keeper.ts';
import { type ComparedSae, openComparedSaes } from './compared_saes.ts';
import type { CliContext } from './context.ts';
import { densityFilter } from './density_range.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { planMemory, sayMemory } from './extremes_memory.ts';
import { givePart, partPlace, sayWhereItStands, whatIsKept } from './extremes_part.ts';
import { planExtremes } from './extremes_plan.ts';
import { EXTREMES_FOLDER, giveExtremes } from './extremes_result.ts';
import { closeAll } from './several_saes.ts';
import { withStages } from './stage_progress.ts';

/** @throws {AntipodeError} for anything named that is missing or wrong; nothing is written then */
export async function runExtremes(context: CliContext, flags: ExtremesFlags): Promise<void> {
  densityFilter(flags);
  const place = partPlace(context, flags);
  const isPart = flags.shard !== undefined;
  const out = flags.out === undefined ? undefined : resolve(context.cwd, flags.out);
  if (out !== undefined && !isPart) await checkOutputDirectory(out, EXTREMES_FOLDER);
  if (place) await checkOutputFile(place.path);
  if (flags.dryRun) {
    await planExtremes(context, flags, place);
    return;
  }
  const keeper = place && (await openPartKeeper(place));
  const saes = await openComparedSaes(context, flags, [flags.sae, ...[flags.with ?? []].flat()]);
  try {
    const scratch = place && dirname(place.path);
    if (place && keeper) sayWhereItStands(context, place, keeper, flags.spaces);
    if (keeper && place && isPart) {
      await withSearch({ context, flags, saes, scratch }, (options) => searchPart({ ...options, keeper }));
      givePart(context, place);
      return;
    }
    const found = await withSearch({ context, flags, saes, scratch }, (options) =>
      findExtremes({ ...options, keeper }),
    );
    await giveExtremes(context, flags, saes, found);
    if (place) await rm(place.path, { force: true });
  } catch (error) {
    throw place ? await whatIsKept(place, error) : error;
  } finally {
    await closeAll(saes);
  }
}

interface SearchSetting {
  readonly context: CliContext;
  readonly flags: ExtremesFlags;
  readonly saes: readonly ComparedSae[];
  readonly scratch: string | undefined;
}

/** Calls `work` with what is searched, and shows how far it is. */
async function withSearch<T>(
  { context, flags, saes, scratch }: SearchSetting,
  work: (options: FindExtremesOptions) => Promise<T>,
): Promise<T> {
  const [a, b] = saes as [ComparedSae, ComparedSae | undefined];
  const memory = planMemory(flags, [a.sae.header.dSae, b?.sae.header.dSae], a.sae.header.dIn);
  sayMemory(context, flags, memory);
  // Beside what is kept, because the folder for temporary files may itself be memory.
  const where = {
    ...(memory && { rows: memory.rows }),
    ...(scratch !== undefined && { scratch }),
  };
  const said = new Set<string>();
  const labels = saes.map(({ sae }) => sae.header.identity.label).join(' and ');
  return withStages(context, (update) =>
    work({
      a,
      b,
      spaces: flags.spaces,
      k: flags.top,
      ...(flags.census && { census: flags.census }),
      device: flags.device,
      ...where,
      onDevice: ({ warning }) => {
        // Each space opens it anew.
        if (warning === undefined || said.has(warning)) return;
        said.add(warning);
        context.out().warn(warning);
      },
      ...(flags.threads !== undefined && { threads: flags.threads }),
      signal: context.signal,
      onReading: (space, done, total) => update(`${labels}: reading rows, ${space}`, done, total),
      onProgress: (space, done, total) => update(`${labels}: all pairs, ${space}`, done, total),
    }),
  );
}
