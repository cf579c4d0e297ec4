/**
 * @file The whole of the article's geometry on one SAE, and what it left out, in three steps: cosines that rows give (`measure_cosines.ts`), the exhaustive passes
 * (`search_sae.ts`), and what is concluded from both: tests, classes, verdicts. Reads no more of the file than the asked parts need.
 */

import { type ConceptSet, checkAgainst, featuresOf } from '../concepts/concept_set.ts';
import type { SaeHeader } from '../sae/sae.ts';
import type { Antipodality } from '../search/antipodality.ts';
import {
  type AntipodalGroup,
  antipodalGroups,
  type ClassCount,
  countClasses,
  type FeatureKinds,
  featureKinds,
} from './extreme_facts.ts';
import type { ExtremePair } from './extremes.ts';
import { measureCosines, type SaeCosines } from './measure_cosines.ts';
import { type MeasureSaeOptions, measuredConcepts } from './measure_options.ts';
import { concludeSpace, type SpaceMeasures, type TestPlan } from './measure_space.ts';
import type { FeaturePair } from './random_pairs.ts';
import { type DefectiveFeature, readForParts, type SpacesRead } from './sae_rows.ts';
import { type SameFeature, summarizeSameFeature } from './same_feature.ts';
import { type SaeSearch, searchSae } from './search_sae.ts';
import { DENSE_ABOVE } from './test_defaults.ts';
import { judgeSpace, type SpaceVerdict } from './verdict.ts';

export interface MeasuredAntipodality {
  readonly features: Antipodality;
  readonly groups: readonly AntipodalGroup[];
}

export interface SaeGeometry {
  readonly header: SaeHeader;
  readonly concepts: ConceptSet;
  readonly spaces: readonly SpaceMeasures[];
  readonly extremes: readonly ExtremePair[];
  /** How many of them fall in which class, of both spaces and ends. */
  readonly classes: readonly ClassCount[];
  /** One per space, in words. */
  readonly verdicts: readonly SpaceVerdict[];
  readonly sameFeature?: SameFeature;
  readonly antipodality?: MeasuredAntipodality;
  /** Of every feature, for JumpReLU dictionaries; where extremes were searched. */
  readonly thresholds?: Float32Array;
  readonly randomPairs: readonly FeaturePair[];
  /** Features without a direction; of the whole dictionary where it was read, else of the rows read. */
  readonly defects: readonly DefectiveFeature[];
  /** Sentences for the reader, e.g. that the concepts were chosen for another SAE. */
  readonly warnings: readonly string[];
}

/** @throws {AntipodeError} for concept features outside the dictionary, and whatever reading and searching throw */
export async function measureSae(options: MeasureSaeOptions): Promise<SaeGeometry> {
  checkConcepts(options);
  const read = await readForParts(options);
  const cosines = measureCosines(options, read);
  const search = await searchSae(options, read.spaces, cosines);
  return concludeSae(options, read.spaces, { cosines, search });
}

/** @returns sentences for the reader @throws {AntipodeError} for concept features outside the dictionary */
export function checkConcepts({ concepts, sae }: Pick<MeasureSaeOptions, 'concepts' | 'sae'>): string[] {
  return [...checkAgainst(concepts, sae.header.dSae, sae.header.identity)];
}

/**
 * Tests, classes and verdicts of what was measured and found.
 * @param spaces of the same SAE: tests draw random features from them
 * @throws {AntipodeError} as reading thresholds does; `interrupted`
 */
export async function concludeSae(
  options: MeasureSaeOptions,
  spaces: SpacesRead,
  { cosines, search }: { readonly cosines: SaeCosines; readonly search: SaeSearch },
): Promise<SaeGeometry> {
  const { sae, concepts, parts } = options;
  const { defects, randomPairs, sameFeature } = cosines;
  const measures = await concludeSpaces(options, spaces, { cosines, search });
  const kinds = featureKinds({ ...options, dSae: sae.header.dSae, denseAbove: denseAboveOf(options) });
  const randomFeatures = [...new Set(randomPairs.flatMap(({ a, b }) => [a, b]))];
  const features = search.antipodality;
  return {
    header: sae.header,
    concepts,
    spaces: measures,
    ...judgeExtremes(options, { measures, extremes: search.extremes, kinds }),
    ...(features && { antipodality: { features, groups: antipodalGroups(features, kinds, randomFeatures) } }),
    ...(sameFeature && {
      sameFeature: summarizeSameFeature(sameFeature, featuresOf(concepts), randomFeatures),
    }),
    ...(parts.includes('extremes') && sae.readThresholds && { thresholds: await sae.readThresholds() }),
    randomPairs,
    defects,
    warnings: checkConcepts(options),
  };
}

async function concludeSpaces(
  options: MeasureSaeOptions,
  spaces: SpacesRead,
  { cosines, search }: { readonly cosines: SaeCosines; readonly search: SaeSearch },
): Promise<SpaceMeasures[]> {
  const { parts, signal } = options;
  const measures: SpaceMeasures[] = [];
  for (const [index, measured] of cosines.spaces.entries()) {
    measures.push(
      await concludeSpace({
        concepts: measuredConcepts(options),
        cosines: measured,
        search: search.spaces[index]!,
        rows: spaces[measured.space]!,
        tests: parts.includes('tests') ? testPlan(options) : undefined,
        ...(signal && { signal }),
      }),
    );
  }
  return measures;
}

function judgeExtremes(
  options: MeasureSaeOptions,
  {
    measures,
    extremes,
    kinds,
  }: {
    readonly measures: readonly SpaceMeasures[];
    readonly extremes: readonly ExtremePair[];
    readonly kinds: FeatureKinds;
  },
): Pick<SaeGeometry, 'extremes' | 'classes' | 'verdicts'> {
  const classes = countClasses(extremes, kinds);
  const denseAbove = denseAboveOf(options);
  const verdicts = measures.map(({ space, tests }) =>
    judgeSpace({
      space,
      tests,
      classes,
      extremes: extremes.filter((pair) => pair.space === space),
      denseAbove,
    }),
  );
  return { extremes, classes, verdicts };
}

function denseAboveOf({ denseAbove = DENSE_ABOVE }: MeasureSaeOptions): number {
  return denseAbove;
}

function testPlan({ seed, draws, densityOf, denseAbove }: MeasureSaeOptions): TestPlan {
  return {
    seed,
    ...(draws !== undefined && { draws }),
    ...(densityOf && { densityOf }),
    ...(denseAbove !== undefined && { denseAbove }),
  };
}
