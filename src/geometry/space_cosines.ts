/**
 * @file The cosines of one space that rows of its matrix give: of the concepts' pairs, of random pairs, of pairs asked for by name; and the means of them. Everything
 * that is reported is a float64 cosine.
 */

import { type Concept, crossPairs } from '../concepts/concept_set.ts';
import type { Space } from '../sae/sae.ts';
import { mean } from '../stats/summary.ts';
import { cosine } from '../tensor/matrix.ts';
import { createCentring } from './centring.ts';
import type { SpaceRows } from './measure_space.ts';
import type { FeaturePair } from './random_pairs.ts';

export interface PairCosine {
  readonly featureA: number;
  readonly featureB: number;
  /** NaN where one of them has no direction. */
  readonly cos: number;
}

export interface OpposedCosine extends PairCosine {
  readonly concept: Concept;
  /** Cosine after the mean direction of the dictionary is removed; absent where only rows were read. */
  readonly centredCos?: number;
}

export interface SpaceCosines {
  readonly space: Space;
  /** All combinations of all concepts, concept after concept. */
  readonly pairs: readonly OpposedCosine[];
  readonly random: readonly PairCosine[];
  /** Pairs that were asked for by name; in no mean and no test. */
  readonly named: readonly PairCosine[];
  /** Length of the mean unit direction, in [0, 1]; absent where only rows were read. */
  readonly meanDirectionLength?: number;
}

export interface SpaceCosinesOptions {
  readonly space: Space;
  readonly rows: SpaceRows;
  readonly concepts: readonly Concept[];
  readonly random: readonly FeaturePair[];
  readonly named: readonly FeaturePair[];
}

export function spaceCosines({ space, rows, concepts, random, named }: SpaceCosinesOptions): SpaceCosines {
  const centring = rows.isWhole ? createCentring(rows.rows) : undefined;
  const measure = ({ a, b }: FeaturePair): PairCosine => ({
    featureA: a,
    featureB: b,
    cos: cosine(rows.rows, rows.rowOf(a), rows.rows, rows.rowOf(b)),
  });
  return {
    space,
    pairs: concepts.flatMap((concept) =>
      crossPairs(concept).pairs.map((pair) => ({
        concept,
        ...measure(pair),
        ...(centring && { centredCos: centring.centredCosine(pair.a, pair.b) }),
      })),
    ),
    random: random.map(measure),
    named: named.map(measure),
    ...(centring && { meanDirectionLength: centring.meanLength }),
  };
}

export interface MeanCosines {
  /** Of each concept; NaN where none of its pairs has a cosine. */
  readonly concepts: readonly number[];
  /** Over all combinations, and of the concepts' means: they weigh concepts differently. */
  readonly pooled: number;
  readonly macro: number;
  readonly random: number;
}

export function meanCosines(
  concepts: readonly Concept[],
  { pairs, random }: Pick<SpaceCosines, 'pairs' | 'random'>,
): MeanCosines {
  const byConcept = new Map(concepts.map((concept) => [concept, [] as OpposedCosine[]]));
  for (const pair of pairs) byConcept.get(pair.concept)?.push(pair);
  const ofConcepts = concepts.map((concept) => meanOf(byConcept.get(concept)!));
  return {
    concepts: ofConcepts,
    pooled: meanOf(pairs),
    macro: mean(ofConcepts.filter((value) => !Number.isNaN(value))),
    random: meanOf(random),
  };
}

function meanOf(pairs: readonly PairCosine[]): number {
  return mean(pairs.map(({ cos }) => cos).filter((cos) => !Number.isNaN(cos)));
}
