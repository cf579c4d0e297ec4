/**
 * @file The extremes of the dictionaries in SAE files: within one, or between two whose directions lie in the same space of the model. One matrix of
 * each is in memory at a time. Leaves out places of single pairs in the population, which `measure_sae.ts` counts.
 */

import { AntipodeError } from '../errors.ts';
import type { DeviceChoice, RunningDevice } from '../onnx/device.ts';
import type { SaeFile, Space } from '../sae/sae.ts';
import { type Extremes, extremes, extremesBetween } from '../search/extremes.ts';
import { pairCount } from '../search/tiles.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { searchCounted } from './counted_search.ts';
import { annotateExtremes, type ExtremePair, otherSpace } from './extremes.ts';
import type { Population } from './population.ts';
import { cosinesIn, type SearchedRows, type SearchedSae, searchedRows } from './searched_rows.ts';

export interface FindExtremesOptions {
  readonly a: SearchedSae;
  /** Pairs are then (feature of a, feature of b). */
  readonly b?: SearchedSae | undefined;
  readonly spaces: readonly Space[];
  /** Pairs at each end of each space. */
  readonly k: number;
  /** Also counts all pairs: a pass in float32 on the CPU, several times as long as a search. */
  readonly census?: boolean;
  readonly threads?: number;
  /** As for `extremes`; a census runs on the CPU. */
  readonly device?: DeviceChoice;
  /** Called once per space, with the device where another than the CPU was asked for. */
  readonly onDevice?: (device: RunningDevice) => void;
  readonly signal?: AbortSignal;
  readonly onProgress?: (space: Space, done: number, total: number) => void;
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
  const { a, b } = options;
  const rowsA = searchedRows(await a.sae.readSpace(space), a.takesPart);
  const rowsB = b && searchedRows(await b.sae.readSpace(space), b.takesPart);
  const { top, bottom, population } = await searchRows(options, space, [rowsA.matrix, rowsB?.matrix]);
  const otherCosine = await cosinesIn(otherSpace(space), { a: a.sae, b: (b ?? a).sae }, [...top, ...bottom]);
  return {
    space,
    pairs: pairCount(rowsA.searched.features, rowsB?.searched.features),
    a: rowsA.searched,
    ...(rowsB && { b: rowsB.searched }),
    ...(population && { population }),
    extremes: [
      ...annotateExtremes(top, { space, end: 'aligned', otherCosine }),
      ...annotateExtremes(bottom, { space, end: 'opposed', otherCosine }),
    ],
  };
}

interface Searched extends Extremes {
  readonly population?: Population;
}

async function searchRows(
  options: FindExtremesOptions,
  space: Space,
  [a, b]: readonly [FeatureMatrix, FeatureMatrix | undefined],
): Promise<Searched> {
  const { k, threads, device, onDevice, signal, onProgress } = options;
  const asked = {
    k,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (done: number, total: number) => onProgress(space, done, total) }),
  };
  if (options.census) {
    return searchCounted({ ...asked, a, ...(b && { b }), countBelow: [] });
  }
  const where = { ...(device && { device }), ...(onDevice && { onDevice }) };
  return b ? extremesBetween(a, b, { ...asked, ...where }) : extremes(a, { ...asked, ...where });
}
