/** @file The most aligned and most opposed pairs of a space with what explains them: the cosine in the other space and the class. */

import type { Space } from '../sae/sae.ts';
import type { PairRanks, PlacedPair } from './measure_space.ts';
import { classifyPair, type PairClass } from './pair_class.ts';
import type { PlacedCosine } from './population.ts';

export interface ExtremePair extends Omit<PlacedCosine, 'cos'>, PairRanks {
  /** The space that was searched. */
  readonly space: Space;
  readonly end: 'aligned' | 'opposed';
  /** 1 = the most extreme. */
  readonly rank: number;
  readonly featureA: number;
  /** Of the other SAE, where two were compared. */
  readonly featureB: number;
  readonly cosEncoder: number;
  readonly cosDecoder: number;
  readonly pairClass: PairClass | undefined;
}

export interface AnnotateOptions {
  readonly space: Space;
  readonly end: ExtremePair['end'];
  /** The pair's cosine in the space that was not searched; NaN where a row there has no direction, and the class is then undefined. */
  readonly otherCosine: (featureA: number, featureB: number) => number;
}

/** @param pairs the most extreme first; their places stay with them */
export function annotateExtremes(
  pairs: readonly PlacedPair[],
  { space, end, otherCosine }: AnnotateOptions,
): ExtremePair[] {
  return pairs.map(({ i, j, cos, ...places }, index) => {
    const other = otherCosine(i, j);
    const [cosEncoder, cosDecoder] = space === 'encoder' ? [cos, other] : [other, cos];
    return {
      space,
      end,
      rank: index + 1,
      featureA: i,
      featureB: j,
      cosEncoder,
      cosDecoder,
      pairClass: classifyPair(cosEncoder, cosDecoder),
      ...places,
    };
  });
}

/** The space that is not this one. */
export function otherSpace(space: Space): Space {
  return space === 'encoder' ? 'decoder' : 'encoder';
}
