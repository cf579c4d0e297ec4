/** @file What is read of an SAE for what is asked: whole matrices where a part needs one, single rows otherwise. Draws the random pairs, which decide what is read. */

import { featuresOf } from '../concepts/concept_set.ts';
import type { Space } from '../sae/sae.ts';
import type { FeatureMatrix, RowDefect } from '../tensor/matrix.ts';
import type { MeasureSaeOptions } from './measure_options.ts';
import type { SpaceRows } from './measure_space.ts';
import { drawRandomPairs, type FeaturePair } from './random_pairs.ts';

export type SpacesRead = Readonly<Partial<Record<Space, SpaceRows>>>;

export interface DefectiveFeature {
  readonly space: Space;
  readonly feature: number;
  readonly defect: RowDefect;
}

export interface SaeRows {
  readonly spaces: SpacesRead;
  readonly random: readonly FeaturePair[];
}

/** @throws {AntipodeError} as reading the file and `drawRandomPairs` do */
export async function readForParts(options: MeasureSaeOptions): Promise<SaeRows> {
  const { sae, parts, seed } = options;
  const isWhole = parts.some((part) => part !== 'pairs' && part !== 'random');
  const spaces: Partial<Record<Space, SpaceRows>> = isWhole ? await readWhole(options) : {};
  const isUsable = (feature: number): boolean =>
    Object.values(spaces).every(({ rows }) => rows.norms[feature]! > 0);
  const wanted = parts.includes('random') ? options.randomPairs : 0;
  const random = drawRandomPairs(sae.header.dSae, wanted, seed, isUsable);
  if (!isWhole) await readSingleRows(options, random, spaces);
  return { spaces, random };
}

/** Every feature of the spaces that the parts need. */
export async function readWhole(
  options: Pick<MeasureSaeOptions, 'parts' | 'sae' | 'spaces'>,
): Promise<Partial<Record<Space, SpaceRows>>> {
  const spaces: Partial<Record<Space, SpaceRows>> = {};
  for (const space of spacesToRead(options)) {
    const rows = await options.sae.readSpace(space);
    spaces[space] = { rows, rowOf: (feature) => feature, isWhole: true };
  }
  return spaces;
}

/** Both spaces wherever something is judged by both: the same-feature control, the classes of extremes, antipodality. */
function spacesToRead({ parts, spaces }: Pick<MeasureSaeOptions, 'parts' | 'spaces'>): readonly Space[] {
  const needsBoth = parts.some((part) => part === 'self' || part === 'extremes' || part === 'antipodality');
  return needsBoth ? ['encoder', 'decoder'] : spaces;
}

/** Pairs outside this dictionary are left out: a published list may belong to a larger one of the same name. */
export function namedIn({ named, sae }: MeasureSaeOptions, space: Space): readonly FeaturePair[] {
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

export function collectDefects(spaces: SpacesRead): DefectiveFeature[] {
  return (['encoder', 'decoder'] as const).flatMap((space) =>
    (spaces[space]?.rows.defects ?? []).map(({ row, defect }) => ({ space, feature: row, defect })),
  );
}
