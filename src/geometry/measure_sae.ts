/**
 * @file The whole of the article's geometry on one SAE, and what it left out: concept pairs against random pairs and against all pairs, tests of them, the extremes
 * of the dictionary and what they are, and each feature against itself. Reads no more of the file than the asked parts need.
 */

import { type ConceptSet, checkAgainst, featuresOf } from '../concepts/concept_set.ts';
import type { SaeFile, SaeHeader, Space } from '../sae/sae.ts';
import { type Antipodality, antipodality } from '../search/antipodality.ts';
import { cosine, type FeatureMatrix, type RowDefect } from '../tensor/matrix.ts';
import {
  type AntipodalGroup,
  antipodalGroups,
  type ClassCount,
  countClasses,
  type FeatureKinds,
  featureKinds,
} from './extreme_facts.ts';
import { annotateExtremes, type ExtremePair, otherSpace } from './extremes.ts';
import { measureSpace, type SpaceMeasures, type SpaceRows, type TestPlan } from './measure_space.ts';
import type { GeometryPart } from './parts.ts';
import { drawRandomPairs, type FeaturePair } from './random_pairs.ts';
import { measureSameFeature, type SameFeature } from './same_feature.ts';
import { DENSE_ABOVE } from './test_defaults.ts';
import { judgeSpace, type SpaceVerdict } from './verdict.ts';

export interface MeasureSaeOptions {
  readonly sae: SaeFile;
  readonly concepts: ConceptSet;
  readonly spaces: readonly Space[];
  readonly parts: readonly GeometryPart[];
  readonly seed: number;
  /** Random pairs of the article's baseline. */
  readonly randomPairs: number;
  /** Further pairs to measure in a space, such as those the article names; in no mean and no test. */
  readonly named?: Readonly<Record<Space, readonly FeaturePair[]>>;
  /** Extreme pairs kept at each end of each space. */
  readonly top: number;
  /** Draws of each test; default 10,000. */
  readonly draws?: number;
  /** Share of tokens on which a feature is active, where it is known. */
  readonly densityOf?: (feature: number) => number | undefined;
  /** Share of tokens above which a feature counts as dense; default 0.1. */
  readonly denseAbove?: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: string, done: number, total: number) => void;
}

export interface DefectiveFeature {
  readonly space: Space;
  readonly feature: number;
  readonly defect: RowDefect;
}

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

type SpacesRead = Readonly<Partial<Record<Space, SpaceRows>>>;

/** @throws {AntipodeError} for concept features outside the dictionary, and whatever reading and searching throw */
export async function measureSae(options: MeasureSaeOptions): Promise<SaeGeometry> {
  const { sae, concepts, parts } = options;
  const warnings = checkAgainst(concepts, sae.header.dSae, sae.header.identity);
  const { spaces, random } = await readParts(options);
  const measures = await measureSpaces(options, spaces, random);
  const extremes = parts.includes('extremes') ? collectExtremes(measures, spaces) : [];
  const kinds = featureKinds({ ...options, dSae: sae.header.dSae, denseAbove: denseAboveOf(options) });
  const randomFeatures = [...new Set(random.flatMap(({ a, b }) => [a, b]))];
  const [W_enc, W_dec] = [spaces.encoder?.rows, spaces.decoder?.rows];
  return {
    header: sae.header,
    concepts,
    spaces: measures,
    ...judgeExtremes(options, { measures, extremes, kinds }),
    ...(parts.includes('antipodality') && {
      antipodality: await findPartners(options, spaces, { kinds, randomFeatures }),
    }),
    ...(parts.includes('self') && {
      sameFeature: measureSameFeature(W_enc!, W_dec!, featuresOf(concepts), randomFeatures),
    }),
    ...(parts.includes('extremes') && sae.readThresholds && { thresholds: await sae.readThresholds() }),
    randomPairs: random,
    defects: collectDefects(spaces),
    warnings,
  };
}

/** Whole matrices where a part needs one, single rows otherwise. */
async function readParts(
  options: MeasureSaeOptions,
): Promise<{ readonly spaces: SpacesRead; readonly random: readonly FeaturePair[] }> {
  const { sae, parts, seed } = options;
  const isWhole = parts.some((part) => part !== 'pairs' && part !== 'random');
  const spaces: Partial<Record<Space, SpaceRows>> = {};
  if (isWhole) {
    for (const space of spacesToRead(options)) {
      spaces[space] = { rows: await sae.readSpace(space), rowOf: (feature) => feature, isWhole: true };
    }
  }
  const isUsable = (feature: number): boolean =>
    Object.values(spaces).every(({ rows }) => rows.norms[feature]! > 0);
  const wanted = parts.includes('random') ? options.randomPairs : 0;
  const random = drawRandomPairs(sae.header.dSae, wanted, seed, isUsable);
  if (!isWhole) await readSingleRows(options, random, spaces);
  return { spaces, random };
}

async function measureSpaces(
  options: MeasureSaeOptions,
  spaces: SpacesRead,
  random: readonly FeaturePair[],
): Promise<SpaceMeasures[]> {
  const { concepts, parts, top, threads, signal, onProgress } = options;
  const measures: SpaceMeasures[] = [];
  for (const space of options.spaces) {
    measures.push(
      await measureSpace({
        space,
        rows: spaces[space]!,
        concepts: parts.includes('pairs') || parts.includes('tests') ? concepts.concepts : [],
        random,
        named: namedIn(options, space),
        top: parts.includes('extremes') ? top : undefined,
        tests: parts.includes('tests') ? testPlan(options) : undefined,
        ...(threads !== undefined && { threads }),
        ...(signal && { signal }),
        ...(onProgress && {
          onProgress: (done: number, total: number) => onProgress(`all pairs, ${space}`, done, total),
        }),
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

/** Both spaces wherever something is judged by both: the same-feature control, the classes of extremes, antipodality. */
function spacesToRead({ parts, spaces }: MeasureSaeOptions): readonly Space[] {
  const needsBoth = parts.some((part) => part === 'self' || part === 'extremes' || part === 'antipodality');
  return needsBoth ? ['encoder', 'decoder'] : spaces;
}

function testPlan({ seed, draws, densityOf, denseAbove }: MeasureSaeOptions): TestPlan {
  return {
    seed,
    ...(draws !== undefined && { draws }),
    ...(densityOf && { densityOf }),
    ...(denseAbove !== undefined && { denseAbove }),
  };
}

async function findPartners(
  { threads, signal, onProgress }: MeasureSaeOptions,
  spaces: SpacesRead,
  { kinds, randomFeatures }: { readonly kinds: FeatureKinds; readonly randomFeatures: readonly number[] },
): Promise<MeasuredAntipodality> {
  const features = await antipodality(spaces.encoder!.rows, spaces.decoder!.rows, {
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: (done: number, total: number) => onProgress('all pairs, both', done, total),
    }),
  });
  return { features, groups: antipodalGroups(features, kinds, randomFeatures) };
}

/** Pairs outside this dictionary are left out: a published list may belong to a larger one of the same name. */
function namedIn({ named, sae }: MeasureSaeOptions, space: Space): readonly FeaturePair[] {
  const { dSae } = sae.header;
  return (named?.[space] ?? []).filter(({ a, b }) => a < dSae && b < dSae);
}

async function readSingleRows(
  options: MeasureSaeOptions,
  random: readonly FeaturePair[],
  into: Partial<Record<Space, SpaceRows>>,
): Promise<void> {
  const concepts = options.parts.includes('pairs') ? featuresOf(options.concepts) : [];
  const named = options.spaces.flatMap((space) => namedIn(options, space));
  const features = new Set([...concepts, ...[...random, ...named].flatMap(({ a, b }) => [a, b])]);
  const wanted = [...features].sort((x, y) => x - y);
  const rowOf = new Map(wanted.map((feature, row) => [feature, row]));
  for (const space of options.spaces) {
    const rows = await options.sae.readRows(space, wanted);
    into[space] = {
      rows: underFeatureIndices(rows, wanted),
      rowOf: (feature) => rowOf.get(feature)!,
      isWhole: false,
    };
  }
}

/** Defects of single rows are reported under the feature's own index. */
function underFeatureIndices(rows: FeatureMatrix, features: readonly number[]): FeatureMatrix {
  return { ...rows, defects: rows.defects.map(({ row, defect }) => ({ row: features[row]!, defect })) };
}

function collectDefects(spaces: Partial<Record<Space, SpaceRows>>): DefectiveFeature[] {
  return (['encoder', 'decoder'] as const).flatMap((space) =>
    (spaces[space]?.rows.defects ?? []).map(({ row, defect }) => ({ space, feature: row, defect })),
  );
}

function collectExtremes(
  measures: readonly SpaceMeasures[],
  spaces: Partial<Record<Space, SpaceRows>>,
): ExtremePair[] {
  return measures.flatMap(({ space, top = [], bottom = [] }) => {
    const other = spaces[otherSpace(space)]!.rows;
    const otherCosine = (a: number, b: number): number => cosine(other, a, other, b);
    return [
      ...annotateExtremes(top, { space, end: 'aligned', otherCosine }),
      ...annotateExtremes(bottom, { space, end: 'opposed', otherCosine }),
    ];
  });
}
