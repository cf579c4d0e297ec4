/** @file Ranks alone: products of the rows that are asked about with all rows, not of all pairs. */

import { allocateMatrix, type FeatureMatrix, rowOf, toFeatureMatrix } from '../tensor/matrix.ts';
import type { RankQuery } from './ranks.ts';
import { type SearchPairsOptions, searchPairs } from './search_pairs.ts';

/** As `ranks` of `searchPairs` over all pairs of the matrix. @throws {AntipodeError} as `searchPairs` */
export async function rankPairs(
  matrix: FeatureMatrix,
  queries: readonly Omit<RankQuery, 'except'>[],
  options: Pick<SearchPairsOptions, 'signal' | 'threads'> = {},
): Promise<Float64Array> {
  const sources = [...new Set(queries.map(({ from }) => from))];
  const slots = new Map(sources.map((from, slot) => [from, slot]));
  const asked = allocateMatrix(sources.length, matrix.cols);
  sources.forEach((from, slot) => {
    rowOf(asked, slot).set(rowOf(matrix, from));
  });
  const { ranks } = await searchPairs({
    a: toFeatureMatrix(asked),
    b: matrix,
    k: 0,
    ...options,
    ranks: queries.map(({ from, to }) => ({ from: slots.get(from)!, to, except: from })),
  });
  return ranks!.map((rank, q) => (queries[q]!.from === queries[q]!.to ? Number.NaN : rank));
}
