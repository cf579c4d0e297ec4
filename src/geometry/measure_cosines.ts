/** @file All cosines of one SAE that rows of its matrices give, without a look at other pairs: of concepts, random pairs, named pairs, and of each feature with itself. */

import { type MeasureSaeOptions, measuredConcepts } from './measure_options.ts';
import type { FeaturePair } from './random_pairs.ts';
import { collectDefects, type DefectiveFeature, namedIn, type SaeRows } from './sae_rows.ts';
import { sameFeatureCosines } from './same_feature.ts';
import { type SpaceCosines, spaceCosines } from './space_cosines.ts';

export interface SaeCosines {
  /** In the order asked for. */
  readonly spaces: readonly SpaceCosines[];
  readonly randomPairs: readonly FeaturePair[];
  /** cos(W_enc[:, i], W_dec[i, :]) for every feature; NaN where either has no direction. */
  readonly sameFeature?: Float64Array;
  /** Features without a direction; of the whole dictionary where it was read, else of the rows read. */
  readonly defects: readonly DefectiveFeature[];
}

export function measureCosines(options: MeasureSaeOptions, { spaces, random }: SaeRows): SaeCosines {
  const { parts } = options;
  return {
    spaces: options.spaces.map((space) =>
      spaceCosines({
        space,
        rows: spaces[space]!,
        concepts: measuredConcepts(options),
        random,
        named: namedIn(options, space),
      }),
    ),
    randomPairs: random,
    ...(parts.includes('self') && {
      sameFeature: sameFeatureCosines(spaces.encoder!.rows, spaces.decoder!.rows),
    }),
    defects: collectDefects(spaces),
  };
}
