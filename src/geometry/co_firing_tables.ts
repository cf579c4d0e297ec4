/** @file How often the features of extreme pairs are active together as tables, and back. `docs/schema.md` describes the columns. */

import { type Table, tableFrom } from '../formats/table.ts';
import { type CoFiring, expectedTogether, type KnownCoFiring } from './co_firing.ts';
import type { ExtremePair } from './extremes.ts';
import { featureColumns } from './pair_columns.ts';
import { type OfSae, ofSae, rowsOfSae, type StageTables } from './stage_tables.ts';

export type CountedTogether = OfSae & {
  readonly extremes: readonly ExtremePair[];
  readonly coFiring: KnownCoFiring | undefined;
};

/** `co_firing`, a row per dictionary: of what was counted, or why nothing was; `co_firing_pairs`, a row per pair of features. */
export function coFiringTables(found: readonly CountedTogether[]): Table[] {
  const about = found.flatMap(({ sae, coFiring }) => (coFiring ? [{ sae, ...coFiring }] : []));
  const pairs = found.flatMap(({ sae, extremes, coFiring }) => {
    const { counts } = coFiring ?? {};
    return counts ? distinctPairs(extremes).map((pair) => ({ sae, counts, ...pair })) : [];
  });
  return [
    tableFrom('co_firing', about, [
      ...ofSae,
      { name: 'tokens', type: 'float64', value: ({ counts }) => counts?.tokens },
      { name: 'texts', type: 'string', value: ({ texts }) => texts },
      { name: 'reason', type: 'string', value: ({ reason }) => reason },
    ]),
    tableFrom('co_firing_pairs', pairs, [
      ...ofSae,
      ...featureColumns,
      { name: 'tokens_a', type: 'float64', value: ({ counts, featureA }) => counts.tokensOf(featureA) },
      { name: 'tokens_b', type: 'float64', value: ({ counts, featureB }) => counts.tokensOf(featureB) },
      {
        name: 'tokens_both',
        type: 'float64',
        value: ({ counts, featureA, featureB }) => counts.tokensOfBoth(featureA, featureB),
      },
    ]),
  ];
}

/** A pair may be extreme in both spaces. */
function distinctPairs(extremes: readonly ExtremePair[]): Pick<ExtremePair, 'featureA' | 'featureB'>[] {
  const known = new Map(
    extremes.map(({ featureA, featureB }) => [keyOf(featureA, featureB), { featureA, featureB }]),
  );
  return [...known.values()];
}

/** Undefined where nothing was looked for. @throws {AntipodeError} `format` for tables of another form */
export function readCoFiring(tables: StageTables, sae: string): KnownCoFiring | undefined {
  const [about] = rowsOfSae(tables, 'co_firing', sae);
  if (!about) return undefined;
  const reason = about.text('reason');
  if (reason !== undefined) return { reason };
  const single = new Map<number, number>();
  const both = new Map<string, number>();
  for (const row of rowsOfSae(tables, 'co_firing_pairs', sae)) {
    const [a, b] = [row.number('feature_a'), row.number('feature_b')];
    single.set(a, row.number('tokens_a')).set(b, row.number('tokens_b'));
    both.set(keyOf(a, b), row.number('tokens_both'));
  }
  return { counts: countsFrom(about.number('tokens'), single, both), texts: about.text('texts') ?? '' };
}

function countsFrom(
  tokens: number,
  single: ReadonlyMap<number, number>,
  both: ReadonlyMap<string, number>,
): CoFiring {
  const tokensOf = (feature: number): number | undefined => single.get(feature);
  return {
    tokens,
    tokensOf,
    tokensOfBoth: (a, b) => both.get(keyOf(a, b)),
    expectedOfBoth: (a, b) => expectedTogether(tokensOf(a), tokensOf(b), tokens),
  };
}

function keyOf(featureA: number, featureB: number): string {
  return `${Math.min(featureA, featureB)} ${Math.max(featureA, featureB)}`;
}
