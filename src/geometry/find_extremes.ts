/**
 * @file The extremes of the dictionaries in SAE files: within one, or between two whose directions lie in the same space of the model. One matrix of
 * each is in memory at a time. Leaves out places of single pairs in the population, which `measure_sae.ts` counts.
 */

import { AntipodeError } from '../errors.ts';
import type { DeviceChoice, RunningDevice } from '../onnx/device.ts';
import type { SaeFile, Space } from '../sae/sae.ts';
import { type Extremes, extremes, extremesBetween } from '../search/extremes.ts';
import type { FoundSoFar } from '../search/found.ts';
import type { PartKeeper } from '../search/part_keeper.ts';
import type { RowFile } from '../search/row_file.ts';
import { identifyRows } from '../search/row_identity.ts';
import { SAMPLED_ROWS, sampleCensus } from '../search/sampled_census.ts';
import type { SearchableRows } from '../search/shared_rows.ts';
import { pairCount } from '../search/tiles.ts';
import { letGo } from '../search/worker_pool.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { searchCounted } from './counted_search.ts';
import { annotateExtremes, type ExtremePair, otherSpace } from './extremes.ts';
import { fileRows } from './open_rows.ts';
import { type Population, populationOf } from './population.ts';
import { cosinesIn, type SearchedRows, type SearchedSae, searchedRows } from './searched_rows.ts';

/** Every pair counted, or those of 2,048 features drawn at random (of each dictionary). */
export type CensusMode = 'exact' | 'fast';

export interface FindExtremesOptions {
  readonly a: SearchedSae;
  /** Pairs are then (feature of a, feature of b). */
  readonly b?: SearchedSae | undefined;
  readonly spaces: readonly Space[];
  /** Pairs at each end of each space. */
  readonly k: number;
  /** Also counts all pairs: a pass in float32 on the CPU, several times as long as a search. */
  readonly census?: CensusMode;
  readonly threads?: number;
  /** As for `extremes`; a census runs on the CPU. */
  readonly device?: DeviceChoice;
  /** Called once per space, with the device where another than the CPU was asked for. */
  readonly onDevice?: (device: RunningDevice) => void;
  readonly signal?: AbortSignal;
  readonly onProgress?: (space: Space, done: number, total: number) => void;
  /** Keeps what is found, goes on from what was kept, and says which part of the pairs is searched. Not with a census. */
  readonly keeper?: PartKeeper | undefined;
  /** `filed`: rows stay in a file and are read in pieces. Default: `held`. A census and a device other than the CPU need them held. */
  readonly rows?: 'held' | 'filed';
  /** For filed rows that have to be copied: see `FiledRowsOptions`. */
  readonly scratch?: string;
  /** Bytes of filed rows that were read, or copied, before the search. */
  readonly onReading?: (space: Space, done: number, total: number) => void;
}

export interface SpaceExtremes {
  readonly space: Space;
  /** Pairs that were searched. */
  readonly pairs: number;
  readonly a: SearchedRows;
  /** Where two dictionaries were compared. */
  readonly b?: SearchedRows;
  /** Of all pairs that were searched, where it was asked for. */
  readonly population?: Population;
  /** The aligned end first, each from its most extreme pair on; ties by (feature_a, feature_b). */
  readonly extremes: readonly ExtremePair[];
}

/**
 * Exactly the k most aligned and k most opposed pairs of each space, with float64 cosines in both.
 * @throws {AntipodeError} `usage` for dictionaries of different widths, and whatever reading and searching throw
 */
export async function findExtremes(options: FindExtremesOptions): Promise<SpaceExtremes[]> {
  const { a, b, spaces } = options;
  if (b) checkWidths(a.sae, b.sae);
  const found: SpaceExtremes[] = [];
  for (const space of spaces) found.push(await searchSpace(options, space));
  return found;
}

/** Searches the part of the pairs that the keeper stands for, and leaves what is found to it. @throws {AntipodeError} as `findExtremes`, and as the keeper */
export async function searchPart(
  options: FindExtremesOptions & { readonly keeper: PartKeeper },
): Promise<void> {
  if (options.b) checkWidths(options.a.sae, options.b.sae);
  for (const space of options.spaces)
    await withRows(options, space, (rows) => searchRows(options, space, rows));
}

/** @throws {AntipodeError} `usage` */
export function checkWidths({ header: a }: SaeFile, { header: b }: SaeFile): void {
  if (a.dIn === b.dIn) return;
  throw new AntipodeError(
    'usage',
    `${b.identity.label}: its directions have another width than those of ${a.identity.label} (got d_in ${b.dIn}, expected ${a.dIn})`,
    { hint: 'compare SAEs of one model' },
  );
}

async function searchSpace(options: FindExtremesOptions, space: Space): Promise<SpaceExtremes> {
  const { population, ...found } = await withRows(options, space, async (rows) => ({
    a: rows.a.searched,
    b: rows.b?.searched,
    ...(await searchRows(options, space, rows)),
  }));
  return { ...(await describeSpace(options, space, found)), ...(population && { population }) };
}

interface OneSide {
  readonly matrix: SearchableRows;
  readonly searched: SearchedRows;
}

interface BothRows {
  readonly a: OneSide;
  readonly b: OneSide | undefined;
}

/** Reads or opens the rows, and closes what was opened. */
async function withRows<T>(
  options: FindExtremesOptions,
  space: Space,
  use: (rows: BothRows) => Promise<T>,
): Promise<T> {
  // What the space before it held must not stand beside this one.
  await letGo();
  const opened: RowFile[] = [];
  const open = async ({ sae, takesPart }: SearchedSae): Promise<OneSide> => {
    if (options.rows !== 'filed') return searchedRows(await sae.readSpace(space), takesPart);
    const { onReading, scratch, signal } = options;
    const onProgress = onReading && ((done: number, total: number) => onReading(space, done, total));
    const file = await fileRows(sae, space, { scratch, signal, ...(onProgress && { onProgress }) });
    opened.push(file);
    return searchedRows(file, takesPart);
  };
  try {
    return await use({ a: await open(options.a), b: options.b && (await open(options.b)) });
  } finally {
    for (const file of opened) await file.close();
  }
}

/** The pairs at both ends of a space with what explains them. */
export async function describeSpace(
  { a, b }: Pick<FindExtremesOptions, 'a' | 'b'>,
  space: Space,
  found: Extremes & { readonly a: SearchedRows; readonly b: SearchedRows | undefined },
): Promise<SpaceExtremes> {
  const { top, bottom } = found;
  const otherCosine = await cosinesIn(otherSpace(space), { a: a.sae, b: (b ?? a).sae }, [...top, ...bottom]);
  return {
    space,
    pairs: pairCount(found.a.features, found.b?.features),
    a: found.a,
    ...(found.b && { b: found.b }),
    extremes: [
      ...annotateExtremes(top, { space, end: 'aligned', otherCosine }),
      ...annotateExtremes(bottom, { space, end: 'opposed', otherCosine }),
    ],
  };
}

interface Searched extends Extremes {
  readonly population?: Population;
}

async function searchRows(options: FindExtremesOptions, space: Space, rows: BothRows): Promise<Searched> {
  const { k, threads, device, onDevice, signal, onProgress, keeper } = options;
  const [a, b] = [rows.a.matrix, rows.b?.matrix];
  const asked = {
    k,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (done: number, total: number) => onProgress(space, done, total) }),
  };
  if (options.census && (options.census === 'exact' || isSmall(rows))) {
    return searchCounted({ ...asked, a: inMemory(a), ...(b && { b: inMemory(b) }), countBelow: [] });
  }
  const kept = keeper && {
    shard: keeper.shard,
    from: keeper.begin({
      name: space,
      a: identifyRows(a),
      b: b ? identifyRows(b) : null,
      about: { a: rows.a.searched, b: rows.b?.searched ?? null },
    }),
    onFound: (found: FoundSoFar) => keeper.save(space, found),
  };
  const where = { ...(device && { device }), ...(onDevice && { onDevice }), ...kept };
  const found = await (b
    ? extremesBetween(a, b, { ...asked, ...where })
    : extremes(a, { ...asked, ...where }));
  if (options.census === undefined) return found;
  return { ...found, population: await samplePopulation(rows, { threads, signal }) };
}

/** A sample would be all there is. */
function isSmall({ a, b }: BothRows): boolean {
  return Math.max(a.searched.features, b?.searched.features ?? 0) <= SAMPLED_ROWS;
}

async function samplePopulation(
  { a, b }: BothRows,
  { threads, signal }: { readonly threads: number | undefined; readonly signal: AbortSignal | undefined },
): Promise<Population> {
  const { isSample, ...census } = await sampleCensus({
    a: inMemory(a.matrix),
    ...(b && { b: inMemory(b.matrix) }),
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
  });
  const all = pairCount(a.searched.features, b?.searched.features);
  return { ...populationOf(census), ...(isSample && { sampledFrom: all }) };
}

function inMemory(rows: SearchableRows): FeatureMatrix {
  if ('file' in rows) throw new Error('internal: a census of rows that stay in a file');
  return rows;
}
