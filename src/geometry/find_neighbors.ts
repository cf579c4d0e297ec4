/**
 * @file The neighbours of a few features of an SAE: within it, and in other SAEs of the same model. Every cosine is a float64 one. Leaves out the
 * neighbours of all features at once, which is a search.
 */

import { throwIfInterrupted } from '../errors.ts';
import type { SaeFile, Space } from '../sae/sae.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { annotateExtremes, type ExtremePair, otherSpace } from './extremes.ts';
import { type BothEnds, bothEnds, compareWith } from './neighbors.ts';
import { cosinesIn, type SearchedRows, type SearchedSae, searchedRows } from './searched_rows.ts';

export interface FindNeighborsOptions {
  /** Features of `own`; in range. */
  readonly features: readonly number[];
  /** Its features that are left out are so as neighbours; those asked about need not take part. */
  readonly own: SearchedSae;
  readonly others: readonly SearchedSae[];
  readonly spaces: readonly Space[];
  /** Neighbours at each end. */
  readonly k: number;
  readonly signal?: AbortSignal;
  /** @param done cosines computed so far in this dictionary and space */
  readonly onProgress?: (
    step: { readonly space: Space; readonly sae: SaeFile },
    done: number,
    total: number,
  ) => void;
}

/** Of one feature, in one dictionary and one space. */
export interface FeatureNeighbors {
  readonly feature: number;
  readonly space: Space;
  /** Where the neighbours are from: 0 is the feature's own SAE, 1 the first of the others. */
  readonly among: number;
  /** What was searched; the feature itself counts though it is not its own neighbour. */
  readonly searched: SearchedRows;
  /** False where the feature has no direction in this space: there are no neighbours then. */
  readonly hasDirection: boolean;
  /** `featureA` is the feature, `featureB` the neighbour; the aligned end first, ties by index. */
  readonly neighbors: readonly ExtremePair[];
}

/** Rows that stay near the processor for the next feature: 2 MB at width 2304. */
const BLOCK_ROWS = 256;

/** Multiplications between two looks at the signal: some 50 ms. */
const WORK_PER_TURN = 5e7;

/**
 * By feature, then space, then dictionary.
 * @throws {AntipodeError} `interrupted`, and whatever reading throws
 */
export async function neighborsOf(options: FindNeighborsOptions): Promise<FeatureNeighbors[]> {
  const { own, others, features, spaces } = options;
  const found: FeatureNeighbors[] = [];
  for (const space of spaces) {
    const matrix = await own.sae.readSpace(space);
    for (const [among, target] of [own, ...others].entries()) {
      const rows = among === 0 ? matrix : await target.sae.readSpace(space);
      found.push(...(await neighborsIn(options, { space, among, target, matrix, rows })));
    }
  }
  const places = new Map(features.map((feature, place) => [feature, place]));
  const byFeature = (x: FeatureNeighbors, y: FeatureNeighbors): number =>
    places.get(x.feature)! - places.get(y.feature)!;
  return found.sort(byFeature);
}

interface Step {
  readonly space: Space;
  readonly among: number;
  readonly target: SearchedSae;
  /** Of the features asked about. */
  readonly matrix: FeatureMatrix;
  readonly rows: FeatureMatrix;
}

async function neighborsIn(options: FindNeighborsOptions, step: Step): Promise<FeatureNeighbors[]> {
  const { own, features } = options;
  const { space, among, target, matrix, rows } = step;
  const { matrix: others, searched } = searchedRows(rows, target.takesPart);
  const kept = features.map(() => bothEnds(options.k));
  await compareAll(options, step, { others, kept });
  const ends = kept.map(({ aligned, opposed }) => ({ top: aligned.finish(), bottom: opposed.finish() }));
  const pairs = ends.flatMap(({ top, bottom }) => [...top, ...bottom]);
  const otherCosine = await cosinesIn(otherSpace(space), { a: own.sae, b: target.sae }, pairs);
  return features.map((feature, f) => ({
    feature,
    space,
    among,
    searched,
    hasDirection: matrix.norms[feature]! > 0,
    neighbors: [
      ...annotateExtremes(ends[f]!.top, { space, end: 'aligned', otherCosine }),
      ...annotateExtremes(ends[f]!.bottom, { space, end: 'opposed', otherCosine }),
    ],
  }));
}

async function compareAll(
  { features, signal, onProgress }: FindNeighborsOptions,
  { space, target, matrix }: Step,
  { others, kept }: { readonly others: FeatureMatrix; readonly kept: readonly BothEnds[] },
): Promise<void> {
  let work = 0;
  for (let first = 0; first < others.rows; first += BLOCK_ROWS) {
    const last = Math.min(first + BLOCK_ROWS, others.rows);
    for (const [f, row] of features.entries()) {
      compareWith({ matrix, row }, others, { ends: kept[f]!, first, last });
      work += (last - first) * others.cols;
      if (work < WORK_PER_TURN) continue;
      work = 0;
      const done = first * features.length + (last - first) * (f + 1);
      onProgress?.({ space, sae: target.sae }, done, others.rows * features.length);
      await new Promise(setImmediate);
      throwIfInterrupted(signal);
    }
  }
  throwIfInterrupted(signal);
}
