/**
 * @file The rows of the article's cosine tables for one space, ours beside the published ones. Rows that the article does not have (the mean
 * of concept means, the whole population) are added, and say so by having no published number.
 */

import { footnotesAt, type Published } from '../concepts/published.ts';
import type {
  ConceptPairCosine,
  FeaturePairCosine,
  PlacedCosine,
  SpaceMeasures,
} from '../geometry/measure_space.ts';
import { maxBy, minBy } from '../stats/summary.ts';

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
  const known = measures.pairs.filter(({ cos }) => !Number.isNaN(cos));
  if (known.length === 0) return [];
  const base = `cosine/${measures.space}/antonym`;
  const numbers = published?.cosine[measures.space].antonym;
  const withConcept = (pair: ConceptPairCosine | undefined): Partial<ArticleRow> =>
    pair
      ? { ...placed(pair), featureA: pair.featureA, featureB: pair.featureB, concept: pair.concept.concept }
      : {};
  return [
    {
      group: 'antonym',
      relation: 'Average (Antonym Pairs), pooled',
      ...placed(measures.pooledMean),
      n: known.length,
      ...beside(numbers && { cos: numbers.average }),
      footnotes: notes(published, `${base}/average`),
    },
    {
      group: 'antonym',
      relation: 'Average of concept means',
      ...placed(measures.macroMean),
      n: measures.concepts.filter(({ n }) => n > 0).length,
      ...beside(numbers && { cos: numbers.average }),
      footnotes: notes(published, `${base}/average`),
    },
    {
      group: 'antonym',
      relation: 'Strongest Alignment',
      cos: Number.NaN,
      ...withConcept(maxBy(known, ({ cos }) => cos)),
      ...beside(numbers && extremeOf(numbers.strongestAlignment)),
      footnotes: notes(published, `${base}/strongest_alignment`),
    },
    {
      group: 'antonym',
      relation: 'Strongest Opposition',
      cos: Number.NaN,
      ...withConcept(minBy(known, ({ cos }) => cos)),
      ...beside(numbers && extremeOf(numbers.strongestOpposition)),
      footnotes: notes(published, `${base}/strongest_opposition`),
    },
  ];
}

function randomRows(measures: SpaceMeasures, published: Published | undefined): ArticleRow[] {
  const known = measures.random.filter(({ cos }) => !Number.isNaN(cos));
  if (known.length === 0) return [];
  const base = `cosine/${measures.space}/random`;
  const numbers = published?.cosine[measures.space].random;
  const withPair = (pair: FeaturePairCosine | undefined): Partial<ArticleRow> =>
    pair ? { ...placed(pair), featureA: pair.featureA, featureB: pair.featureB } : {};
  return [
    {
      group: 'random',
      relation: 'Average (Random Pairs)',
      ...placed(measures.randomMean),
      n: known.length,
      ...beside(numbers && { cos: numbers.average }),
      footnotes: notes(published, `${base}/average`),
    },
    {
      group: 'random',
      relation: 'Strongest Alignment',
      cos: Number.NaN,
      ...withPair(maxBy(known, ({ cos }) => cos)),
      ...beside(numbers && extremeOf(numbers.strongestAlignment)),
      footnotes: notes(published, `${base}/strongest_alignment`),
    },
    {
      group: 'random',
      relation: 'Strongest Opposition',
      cos: Number.NaN,
      ...withPair(minBy(known, ({ cos }) => cos)),
      ...beside(numbers && extremeOf(numbers.strongestOpposition)),
      footnotes: notes(published, `${base}/strongest_opposition`),
    },
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

function extremeOf(
  extreme: Published['cosine']['encoder']['antonym']['strongestAlignment'],
): NonNullable<ArticleRow['published']> {
  return { cos: extreme.cosine, pair: extreme.pair, concept: extreme.concept };
}

function notes(published: Published | undefined, path: string): string[] {
  return published ? footnotesAt(published, path).map(({ text }) => text) : [];
}
