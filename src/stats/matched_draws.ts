/** @file Random stand-ins: distinct things drawn for given places, each from the stratum of its place. */

import type { Rng } from '../tensor/rng.ts';

/** Things that may stand for each other. */
export interface Stratum {
  /** Places to fill, at most as many as there are candidates. */
  readonly places: readonly number[];
  /** Whatever is drawn from, each once; over all strata too. */
  readonly candidates: readonly number[];
}

/**
 * @returns a function that fills `into[place]` of every place with a candidate of its stratum, all distinct, every such assignment equally likely
 * @throws Error where a stratum has more places than candidates
 */
export function createMatchedDraws(strata: readonly Stratum[], rng: Rng): (into: Int32Array) => void {
  const decks = strata.map(({ places, candidates }) => {
    if (places.length > candidates.length)
      throw new Error(`internal: ${places.length} places for ${candidates.length} candidates`);
    return { places: Int32Array.from(places), deck: Int32Array.from(candidates) };
  });
  return (into) => {
    for (const { places, deck } of decks) {
      // The start of a shuffle; where the last draw has left the deck does not matter to it.
      for (let k = 0; k < places.length; k++) {
        const other = k + rng.integer(deck.length - k);
        const drawn = deck[other]!;
        deck[other] = deck[k]!;
        deck[k] = drawn;
        into[places[k]!] = drawn;
      }
    }
  };
}
