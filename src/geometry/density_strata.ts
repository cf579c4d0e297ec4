/**
 * @file Which features may stand in for which where they are matched by how often they are active: bins of log10 firing density, merged where they hold too few.
 * How often a feature is active is tied to what its direction is like, so features of like density are the fairer comparison.
 */

import type { Stratum } from '../stats/matched_draws.ts';

export interface DensityBin {
  /** Densities d with from <= d < to; 0 and 0 for features that were never active, NaN where it is not known how often. */
  readonly from: number;
  readonly to: number;
  /** Places of the concepts to fill from here, and features of the pool to fill them with. */
  readonly places: number;
  readonly candidates: number;
}

export interface DensityStrata {
  readonly strata: readonly Stratum[];
  /** Of each stratum; those without places are left out. */
  readonly bins: readonly DensityBin[];
}

/** Bins per factor of ten. */
const BINS_PER_DECADE = 4;
/** With fewer candidates than this per place, and this many more, the draws would mostly repeat the concepts' own features. */
const CANDIDATES_PER_PLACE = 2;
const SPARE_CANDIDATES = 8;

interface Bin {
  from: number;
  to: number;
  readonly places: number[];
  readonly candidates: number[];
}

/**
 * @param densities of the pool, by position; undefined where not known: such features stand in for each other alone
 * @param home the position in the pool of the feature in each place
 * @param candidates positions that may be drawn
 */
export function densityStrata(
  densities: readonly (number | undefined)[],
  home: ArrayLike<number>,
  candidates: readonly number[],
): DensityStrata {
  const byKey = new Map<number, Bin>();
  const binOf = (position: number): Bin => {
    const key = keyOf(densities[position]);
    const bin = byKey.get(key) ?? emptyBin(key);
    byKey.set(key, bin);
    return bin;
  };
  for (const position of candidates) binOf(position).candidates.push(position);
  Array.from(home).forEach((position, place) => {
    binOf(position).places.push(place);
  });
  const unknown = byKey.get(UNKNOWN);
  byKey.delete(UNKNOWN);
  const known = [...byKey].sort(([a], [b]) => a - b).map(([, bin]) => bin);
  const used = [...merge(known), ...(unknown ? [unknown] : [])].filter(({ places }) => places.length > 0);
  return {
    strata: used.map(({ places, candidates: deck }) => ({ places, candidates: deck })),
    bins: used.map(({ from, to, places, candidates: deck }) => ({
      from,
      to,
      places: places.length,
      candidates: deck.length,
    })),
  };
}

const UNKNOWN = Number.POSITIVE_INFINITY;
const NEVER = Number.NEGATIVE_INFINITY;

function keyOf(density: number | undefined): number {
  if (density === undefined || Number.isNaN(density)) return UNKNOWN;
  return density > 0 ? Math.floor(Math.log10(density) * BINS_PER_DECADE) : NEVER;
}

function emptyBin(key: number): Bin {
  const [from, to] =
    key === UNKNOWN
      ? [Number.NaN, Number.NaN]
      : key === NEVER
        ? [0, 0]
        : [10 ** (key / BINS_PER_DECADE), 10 ** ((key + 1) / BINS_PER_DECADE)];
  return { from, to, places: [], candidates: [] };
}

/** Joins the neediest bin with the neighbour that has fewer candidates, until none is in need or one is left. */
function merge(ascending: readonly Bin[]): Bin[] {
  const bins = [...ascending];
  const lacks = ({ places, candidates }: Bin): number =>
    places.length === 0 ? 0 : places.length * CANDIDATES_PER_PLACE + SPARE_CANDIDATES - candidates.length;
  while (bins.length > 1) {
    let neediest = 0;
    for (let k = 1; k < bins.length; k++) if (lacks(bins[k]!) > lacks(bins[neediest]!)) neediest = k;
    if (lacks(bins[neediest]!) <= 0) break;
    const sizeOf = (k: number): number => bins[k]?.candidates.length ?? Number.POSITIVE_INFINITY;
    const first = sizeOf(neediest - 1) <= sizeOf(neediest + 1) ? neediest - 1 : neediest;
    const [low, high] = [bins[first]!, bins[first + 1]!];
    bins.splice(first, 2, {
      from: low.from,
      to: high.to,
      places: [...low.places, ...high.places],
      candidates: [...low.candidates, ...high.candidates],
    });
  }
  return bins;
}
