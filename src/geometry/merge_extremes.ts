/**
 * @file The extremes of SAEs from the parts of a search: joined, computed anew from the weights at hand, and described as those of a search in one piece are. Reads the rows
 * of the pairs alone.
 */

import { z } from 'zod';
import { AntipodeError } from '../errors.ts';
import { type SaeFile, SPACES } from '../sae/sae.ts';
import type { MergedParts } from '../search/merge_parts.ts';
import type { ScoredPair } from '../search/pairs.ts';
import type { PartSearch } from '../search/part_file.ts';
import { describeSpace, type FindExtremesOptions, type SpaceExtremes } from './find_extremes.ts';
import { cosinesIn } from './searched_rows.ts';

const SEARCHED = z.object({
  features: z.number().int().min(0),
  leftOut: z.number().int().min(0),
  defects: z.array(
    z.object({ feature: z.number().int().min(0), defect: z.enum(['zero-norm', 'non-finite']) }),
  ),
});
const ABOUT = z.object({ a: SEARCHED, b: SEARCHED.nullable() });

/**
 * As `findExtremes` of the same SAEs gives it, to the last bit.
 * @throws {AntipodeError} `check` where the weights at hand are not those that were searched
 */
export async function findMerged(
  saes: Pick<FindExtremesOptions, 'a' | 'b'>,
  { searches }: MergedParts,
): Promise<SpaceExtremes[]> {
  const found: SpaceExtremes[] = [];
  for (const search of searches) {
    const space = SPACES.find((one) => one === search.name);
    const about = ABOUT.safeParse(search.about);
    if (!space || !about.success) throw new AntipodeError('format', 'merge: the parts are not parts of SAEs');
    refuseOtherSizes(saes.a.sae, search.a);
    if (saes.b && search.b) refuseOtherSizes(saes.b.sae, search.b);
    const pairs = [...search.top, ...search.bottom];
    const cosineOf = await cosinesIn(space, { a: saes.a.sae, b: (saes.b ?? saes.a).sae }, pairs);
    const again = (pair: ScoredPair): ScoredPair => {
      const cos = cosineOf(pair.i, pair.j);
      if (cos !== pair.cos) throw otherWeights(saes.a.sae, `features ${pair.i} and ${pair.j}`, cos, pair.cos);
      return { ...pair, cos };
    };
    const { a, b } = about.data;
    const ends = { top: search.top.map(again), bottom: search.bottom.map(again) };
    found.push(await describeSpace(saes, space, { a, b: b ?? undefined, ...ends }));
  }
  return found;
}

function refuseOtherSizes({ header }: SaeFile, { rows, width }: PartSearch['a']): void {
  if (header.dSae === rows && header.dIn === width) return;
  throw new AntipodeError(
    'check',
    `${header.identity.label}: is not the SAE of the parts (got ${header.dSae} features of width ${header.dIn}, expected ${rows} of ${width})`,
    { hint: 'name the SAE that was searched with --sae' },
  );
}

function otherWeights({ header }: SaeFile, what: string, here: number, there: number): AntipodeError {
  return new AntipodeError(
    'check',
    `${header.identity.label}: has other weights than those that were searched (the cosine of ${what} is ${here} here, ${there} in the parts)`,
    { hint: 'name the SAE that was searched with --sae' },
  );
}
