/** @file The most aligned and most opposed pairs of a space with what explains them: the cosine in the other space and the class. */

import type { Space } from '../sae/sae.ts';
import type { ScoredPair } from '../search/pairs.ts';
import { cosine, type FeatureMatrix } from '../tensor/matrix.ts';
import { classifyPair, type PairClass } from './pair_class.ts';

export interface ExtremePair {
  /** The space that was searched. */
  readonly space: Space;
  readonly end: 'aligned' | 'opposed';
  /** 1 = the most extreme. */
  readonly rank: number;
  readonly featureA: number;
  readonly featureB: number;
  readonly cosEncoder: number;
  readonly cosDecoder: number;
  readonly pairClass: PairClass | undefined;
}

/** @param matrices both spaces, whole; a cosine in a space where a row has no direction is NaN, and the class then undefined */
export function annotateExtremes(
  space: Space,
  end: ExtremePair['end'],
  pairs: readonly ScoredPair[],
  matrices: Readonly<Record<Space, FeatureMatrix>>,
): ExtremePair[] {
  return pairs.map(({ i, j }, index) => {
    const cosEncoder = cosine(matrices.encoder, i, matrices.encoder, j);
    const cosDecoder = cosine(matrices.decoder, i, matrices.decoder, j);
    return {
      space,
      end,
      rank: index + 1,
      featureA: i,
      featureB: j,
      cosEncoder,
      cosDecoder,
      pairClass: classifyPair(cosEncoder, cosDecoder),
    };
  });
}
