/**
 * @file The whole of the article's geometry on one SAE: concept pairs against random pairs and against all pairs, the extremes of the
 * dictionary, and each feature against itself. Reads no more of the file than the asked parts need.
 */

import { type ConceptSet, checkAgainst, featuresOf } from '../concepts/concept_set.ts';
import type { SaeFile, SaeHeader, Space } from '../sae/sae.ts';
import { type Antipodality, antipodality } from '../search/antipodality.ts';
import { cosine, type FeatureMatrix, type RowDefect } from '../tensor/matrix.ts';
import { annotateExtremes, type ExtremePair, otherSpace } from './extremes.ts';
import { measureSpace, type SpaceMeasures, type SpaceRows, type TestPlan } from './measure_space.ts';
import type { GeometryPart } from './parts.ts';
import { drawRandomPairs, type FeaturePair } from './random_pairs.ts';
import { measureSameFeature, type SameFeature } from './same_feature.ts';

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

export interface SaeGeometry {
  readonly header: SaeHeader;
  readonly concepts: ConceptSet;
  readonly spaces: readonly SpaceMeasures[];
  readonly extremes: readonly ExtremePair[];
  readonly sameFeature?: SameFeature;
  /** Of every feature. */
  readonly antipodality?: Antipodality;
  readonly randomPairs: readonly FeaturePair[];
  /** Features without a direction; of the whole dictionary where it was read, else of the rows read. */
  readonly defects: readonly DefectiveFeature[];
  /** Sentences for the reader, e.g. that the concepts were chosen for another SAE. */
  readonly warnings: readonly string[];
}

/** @throws {AntipodeError} for concept features outside the dictionary, and whatever reading and searching throw */
export async function measureSae(options: MeasureSaeOptions): Promise<SaeGeometry> {
  const { sae, concepts, parts, seed } = options;
  const warnings = checkAgainst(concepts, sae.header.dSae, sae.header.identity);
  const pairsWanted = parts.includes('pairs') || parts.includes('tests') ? concepts.concepts : [];
  const searched = parts.includes('extremes');
  const isWhole = parts.some((part) => part !== 'pairs' && part !== 'random');
  const spaces: Partial<Record<Space, SpaceRows>> = {};
  const wantsRandom = parts.includes('random');

  if (isWhole) {
    for (const space of spacesToRead(options)) {
      spaces[space] = { rows: await sae.readSpace(space), rowOf: (feature) => feature, isWhole: true };
    }
  }
  const whole = spaces;
  const isUsable = (feature: number): boolean =>
    Object.values(whole).every(({ rows }) => rows.norms[feature]! > 0);
  const random = drawRandomPairs(sae.header.dSae, wantsRandom ? options.randomPairs : 0, seed, isUsable);
  if (!isWhole) await readSingleRows(options, random, spaces);

  const measures: SpaceMeasures[] = [];
  for (const space of options.spaces) {
    measures.push(
      await measureSpace({
        space,
        rows: spaces[space]!,
        concepts: pairsWanted,
        random,
        named: namedIn(options, space),
        top: searched ? options.top : undefined,
        tests: parts.includes('tests') ? testPlan(options) : undefined,
        ...(options.threads !== undefined && { threads: options.threads }),
        ...(options.signal && { signal: options.signal }),
        ...(options.onProgress && {
          onProgress: (done: number, total: number) =>
            options.onProgress?.(`all pairs, ${space}`, done, total),
        }),
      }),
    );
  }
  return {
    header: sae.header,
    concepts,
    spaces: measures,
    extremes: searched ? collectExtremes(measures, spaces) : [],
    ...(parts.includes('antipodality') && { antipodality: await findPartners(options, spaces) }),
    ...(parts.includes('self') && {
      sameFeature: measureSameFeature(spaces.encoder!.rows, spaces.decoder!.rows, featuresOf(concepts), [
        ...new Set(random.flatMap(({ a, b }) => [a, b])),
      ]),
    }),
    randomPairs: random,
    defects: collectDefects(spaces),
    warnings,
  };
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

function findPartners(
  { threads, signal, onProgress }: MeasureSaeOptions,
  spaces: Readonly<Partial<Record<Space, SpaceRows>>>,
): Promise<Antipodality> {
  return antipodality(spaces.encoder!.rows, spaces.decoder!.rows, {
    ...(threads !== undefined && { threads }),
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: (done: number, total: number) => onProgress('all pairs, both', done, total),
    }),
  });
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
