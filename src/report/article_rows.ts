/**
 * @file The rows of the article's cosine tables for one space, ours beside the published ones. Rows that the article does not have (the mean
 * of concept means, the whole population) are added, and say so by having no published number.
 */

import {
  footnotesAt,
  type Published,
  type PublishedCosines,
  type PublishedExtreme,
} from '../concepts/published.ts';
import type { FeaturePairCosine, SpaceMeasures } from '../geometry/measure_space.ts';
import type { PlacedCosine } from '../geometry/population.ts';
import { maxBy, minBy } from '../stats/summary.ts';
import type { Interval } from '../stats/wilson.ts';

export type RowGroup = 'antonym' | 'random' | 'population';

export interface ArticleRow {
  readonly group: RowGroup;
  /** The article's words where it has the row. */
  readonly relation: string;
  readonly cos: number;
  readonly percentile?: number;
  readonly featureA?: number;
  readonly featureB?: number;
  /** The concept; for random pairs it is made from the explanations by the renderer. */
  readonly concept?: string;
  /** Of a mean, 95 %: over concepts; for random pairs what the spread of all pairs makes of so many. */
  readonly interval?: Interval;
  /** Pairs behind a mean. */
  readonly n?: number;
  readonly published?: {
    readonly cos: number;
    readonly pair?: readonly [number, number];
    readonly concept?: string;
  };
  readonly footnotes: readonly string[];
}

/**
 * @param published the article's numbers, for its own SAEs alone
 * @param isCatalogue whether the concepts are the article's too; its antonym rows mean nothing beside other concepts
 */
export function articleRows(
  measures: SpaceMeasures,
  published: Published | undefined,
  isCatalogue: boolean,
): ArticleRow[] {
  return [
    ...antonymRows(measures, isCatalogue ? published : undefined),
    ...randomRows(measures, published),
    ...populationRows(measures),
  ];
}

function antonymRows(measures: SpaceMeasures, published: Published | undefined): ArticleRow[] {
  const table: PublishedTable = {
    group: 'antonym',
    numbers: published?.cosine[measures.space].antonym,
    published,
  };
  const known = measures.pairs.filter(isKnown);
  if (known.length === 0) return [];
  const concepts = measures.concepts.filter(({ n }) => n > 0).length;
  return [
    averageRow(measures, table, {
      relation: 'Average (Antonym Pairs), pooled',
      mean: measures.pooledMean,
      interval: measures.tests?.pooledInterval,
      n: known.length,
    }),
    averageRow(measures, table, {
      relation: 'Average of concept means',
      mean: measures.macroMean,
      interval: measures.tests?.interval,
      n: concepts,
    }),
    ...extremeRows(measures, table, known, ({ concept }) => ({ concept: concept.concept })),
  ];
}

function randomRows(measures: SpaceMeasures, published: Published | undefined): ArticleRow[] {
  const table: PublishedTable = {
    group: 'random',
    numbers: published?.cosine[measures.space].random,
    published,
  };
  const known = measures.random.filter(isKnown);
  if (known.length === 0) return [];
  return [
    averageRow(measures, table, {
      relation: 'Average (Random Pairs)',
      mean: measures.randomMean,
      interval: randomInterval(measures, known.length),
      n: known.length,
    }),
    ...extremeRows(measures, table, known, () => ({})),
  ];
}

const NORMAL_95 = 1.96;

/** Unknown without the population. */
function randomInterval({ population, randomMean }: SpaceMeasures, n: number): Interval | undefined {
  if (!population) return undefined;
  const reach = (NORMAL_95 * population.sd) / Math.sqrt(n);
  return { low: randomMean.cos - reach, high: randomMean.cos + reach };
}

/** One of the article's cosine tables, where it has one for this SAE. */
interface PublishedTable {
  readonly group: 'antonym' | 'random';
  readonly numbers: PublishedCosines | undefined;
  readonly published: Published | undefined;
}

function isKnown({ cos }: PlacedCosine): boolean {
  return !Number.isNaN(cos);
}

function averageRow(
  { space }: SpaceMeasures,
  { group, numbers, published }: PublishedTable,
  row: {
    readonly relation: string;
    readonly mean: PlacedCosine;
    readonly interval: Interval | undefined;
    readonly n: number;
  },
): ArticleRow {
  return {
    group,
    relation: row.relation,
    ...placed(row.mean),
    ...(row.interval && !Number.isNaN(row.interval.low) && { interval: row.interval }),
    n: row.n,
    ...beside(numbers && { cos: numbers.average }),
    footnotes: notes(published, `cosine/${space}/${group}/average`),
  };
}

function extremeRows<Pair extends FeaturePairCosine>(
  { space }: SpaceMeasures,
  { group, numbers, published }: PublishedTable,
  known: readonly Pair[],
  describe: (pair: Pair) => Partial<ArticleRow>,
): ArticleRow[] {
  const row = (
    relation: string,
    pair: Pair | undefined,
    said: PublishedExtreme | undefined,
    path: string,
  ): ArticleRow[] =>
    pair
      ? [
          {
            group,
            relation,
            ...placed(pair),
            featureA: pair.featureA,
            featureB: pair.featureB,
            ...describe(pair),
            ...beside(said && { cos: said.cosine, pair: said.pair, concept: said.concept }),
            footnotes: notes(published, `cosine/${space}/${group}/${path}`),
          },
        ]
      : [];
  const aligned = maxBy(known, ({ cos }) => cos);
  const opposed = minBy(known, ({ cos }) => cos);
  return [
    ...row('Strongest Alignment', aligned, numbers?.strongestAlignment, 'strongest_alignment'),
    ...row('Strongest Opposition', opposed, numbers?.strongestOpposition, 'strongest_opposition'),
  ];
}

function populationRows({ population, top, bottom }: SpaceMeasures): ArticleRow[] {
  if (!population) return [];
  const rows: ArticleRow[] = [
    {
      group: 'population',
      relation: 'Average (All Pairs)',
      cos: population.mean,
      n: population.pairs,
      footnotes: [],
    },
    {
      group: 'population',
      relation: 'Standard deviation (All Pairs)',
      cos: population.sd,
      n: population.pairs,
      footnotes: [],
    },
  ];
  const [first] = top ?? [];
  const [last] = bottom ?? [];
  if (first) {
    rows.push({
      group: 'population',
      relation: 'Strongest Alignment',
      cos: first.cos,
      featureA: first.i,
      featureB: first.j,
      footnotes: [],
    });
  }
  if (last) {
    rows.push({
      group: 'population',
      relation: 'Strongest Opposition',
      cos: last.cos,
      featureA: last.i,
      featureB: last.j,
      footnotes: [],
    });
  }
  return rows;
}

function placed({ cos, percentile }: PlacedCosine): { cos: number; percentile?: number } {
  return percentile === undefined ? { cos } : { cos, percentile };
}

function beside(published: ArticleRow['published'] | undefined): Pick<ArticleRow, 'published'> {
  return published ? { published } : {};
}

function notes(published: Published | undefined, path: string): string[] {
  return published ? footnotesAt(published, path).map(({ text }) => text) : [];
}
