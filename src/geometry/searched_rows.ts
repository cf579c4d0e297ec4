/** @file Which rows of a dictionary take part in a search, and cosines of single pairs in the space that is not searched. */

import type { SaeFile, Space } from '../sae/sae.ts';
import type { ScoredPair } from '../search/pairs.ts';
import { cosine, type FeatureMatrix, type RowDefect } from '../tensor/matrix.ts';

/** One of the dictionaries that are searched. */
export interface SearchedSae {
  readonly sae: SaeFile;
  /** Features that take part; all where left out. */
  readonly takesPart?: ((feature: number) => boolean) | undefined;
}

/** How much of one dictionary took part in one space. */
export interface SearchedRows {
  /** Features that were compared. */
  readonly features: number;
  readonly defects: readonly { readonly feature: number; readonly defect: RowDefect }[];
  /** Features with a direction that were not to take part. */
  readonly leftOut: number;
}

/** The whole matrix, in which a feature that is not to take part stands as one without a direction: its norm is NaN. */
export function searchedRows<Rows extends Pick<FeatureMatrix, 'norms' | 'defects'>>(
  whole: Rows,
  takesPart: SearchedSae['takesPart'],
): { readonly matrix: Rows; readonly searched: SearchedRows } {
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

/**
 * Cosines of these pairs, reading their rows alone.
 * @param b the dictionary of each pair's second feature @returns NaN where a row has no direction; for no other pairs
 */
export async function cosinesIn(
  space: Space,
  { a, b }: { readonly a: SaeFile; readonly b: SaeFile },
  pairs: readonly ScoredPair[],
): Promise<(featureA: number, featureB: number) => number> {
  const [is, js] = [pairs.map(({ i }) => i), pairs.map(({ j }) => j)];
  const rowsA = await readDistinct(a, space, a === b ? [...is, ...js] : is);
  const rowsB = a === b ? rowsA : await readDistinct(b, space, js);
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
