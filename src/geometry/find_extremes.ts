/**
 * @file The extremes of the dictionaries in SAE files: within one, or between two whose directions lie in the same space of the model. One matrix of
 * each is in memory at a time. Leaves out the population of all pairs, which `measure_sae.ts` counts.
 */

import { AntipodeError } from '../errors.ts';
import type { DeviceChoice, RunningDevice } from '../onnx/device.ts';
import type { SaeFile, Space } from '../sae/sae.ts';
import { extremes, extremesBetween } from '../search/extremes.ts';
import { pairCount } from '../search/tiles.ts';
import { annotateExtremes, type ExtremePair, otherSpace } from './extremes.ts';
import { cosinesIn, type SearchedRows, type SearchedSae, searchedRows } from './searched_rows.ts';

export interface FindExtremesOptions {
  readonly a: SearchedSae;
  /** Pairs are then (feature of a, feature of b). */
  readonly b?: SearchedSae | undefined;
  readonly spaces: readonly Space[];
  /** Pairs at each end of each space. */
  readonly k: number;
  readonly threads?: number;
  /** As for `extremes`. */
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
  const { a, b, k, threads, device, onDevice, signal, onProgress } = options;
  const rowsA = searchedRows(await a.sae.readSpace(space), a.takesPart);
  const rowsB = b && searchedRows(await b.sae.readSpace(space), b.takesPart);
  const asked = {
    k,
    ...(threads !== undefined && { threads }),
    ...(device && { device }),
    ...(onDevice && { onDevice }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (done: number, total: number) => onProgress(space, done, total) }),
  };
  const { top, bottom } = rowsB
    ? await extremesBetween(rowsA.matrix, rowsB.matrix, asked)
    : await extremes(rowsA.matrix, asked);
  const otherCosine = await cosinesIn(otherSpace(space), { a: a.sae, b: (b ?? a).sae }, [...top, ...bottom]);
  return {
    space,
    pairs: pairCount(rowsA.searched.features, rowsB?.searched.features),
    a: rowsA.searched,
    ...(rowsB && { b: rowsB.searched }),
    extremes: [
      ...annotateExtremes(top, { space, end: 'aligned', otherCosine }),
      ...annotateExtremes(bottom, { space, end: 'opposed', otherCosine }),
    ],
  };
}
