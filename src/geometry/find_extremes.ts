/**
 * @file The extremes of the dictionaries in SAE files: within one, or between two whose directions lie in the same space of the model. One matrix of
 * each is in memory at a time. Leaves out the population of all pairs, which `measure_sae.ts` counts.
 */

import { AntipodeError } from '../errors.ts';
import type { SaeFile, Space } from '../sae/sae.ts';
import { extremes, extremesBetween } from '../search/extremes.ts';
import type { ScoredPair } from '../search/pairs.ts';
import { pairCount } from '../search/tiles.ts';
import { cosine, type FeatureMatrix, type RowDefect } from '../tensor/matrix.ts';
import { annotateExtremes, type ExtremePair, otherSpace } from './extremes.ts';

/** One of the dictionaries that are searched. */
export interface SearchedSae {
  readonly sae: SaeFile;
  /** Features that take part; all where left out. */
  readonly takesPart?: ((feature: number) => boolean) | undefined;
}

export interface FindExtremesOptions {
  readonly a: SearchedSae;
  /** Pairs are then (feature of a, feature of b). */
  readonly b?: SearchedSae | undefined;
  readonly spaces: readonly Space[];
  /** Pairs at each end of each space. */
  readonly k: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (space: Space, done: number, total: number) => void;
}

/** How much of one dictionary took part in one space. */
export interface SearchedRows {
  /** Features that were compared. */
  readonly features: number;
  readonly defects: readonly { readonly feature: number; readonly defect: RowDefect }[];
  /** Features with a direction that were not to take part. */
  readonly leftOut: number;
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
  const { a, b, k, threads, signal, onProgress } = options;
  const rowsA = await searchedRows(a, space);
  const rowsB = b && (await searchedRows(b, space));
  const asked = {
    k,
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress: (done: number, total: number) => onProgress(space, done, total) }),
  };
  const { top, bottom } = rowsB
    ? await extremesBetween(rowsA.matrix, rowsB.matrix, asked)
    : await extremes(rowsA.matrix, asked);
  const otherCosine = await cosinesIn(otherSpace(space), { a, b }, [...top, ...bottom]);
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

/** A feature that is not to take part stands there as one without a direction. */
async function searchedRows(
  { sae, takesPart }: SearchedSae,
  space: Space,
): Promise<{ readonly matrix: FeatureMatrix; readonly searched: SearchedRows }> {
  const whole = await sae.readSpace(space);
  const norms = takesPart
    ? whole.norms.map((norm, feature) => (takesPart(feature) ? norm : Number.NaN))
    : whole.norms;
  const features = countUsable(norms);
  return {
    matrix: { ...whole, norms },
    searched: {
      features,
      defects: whole.defects.map(({ row, defect }) => ({ feature: row, defect })),
      leftOut: countUsable(whole.norms) - features,
    },
  };
}

function countUsable(norms: Float64Array): number {
  let count = 0;
  for (const norm of norms) if (norm > 0) count += 1;
  return count;
}

/** Reads the rows of the pairs alone: at most 4k of each dictionary. */
async function cosinesIn(
  space: Space,
  { a, b }: Pick<FindExtremesOptions, 'a' | 'b'>,
  pairs: readonly ScoredPair[],
): Promise<(featureA: number, featureB: number) => number> {
  const [is, js] = [pairs.map(({ i }) => i), pairs.map(({ j }) => j)];
  const rowsA = await readDistinct(a.sae, space, b ? is : [...is, ...js]);
  const rowsB = b ? await readDistinct(b.sae, space, js) : rowsA;
  return (featureA, featureB) =>
    cosine(rowsA.matrix, rowsA.rowOf(featureA), rowsB.matrix, rowsB.rowOf(featureB));
}

async function readDistinct(
  sae: SaeFile,
  space: Space,
  features: readonly number[],
): Promise<{ readonly matrix: FeatureMatrix; readonly rowOf: (feature: number) => number }> {
  const distinct = [...new Set(features)].sort((x, y) => x - y);
  const rowOf = new Map(distinct.map((feature, row) => [feature, row]));
  return { matrix: await sae.readRows(space, distinct), rowOf: (feature) => rowOf.get(feature)! };
}
