/**
 * @file The article's data, `data/article.json`: its two concept catalogues, its published numbers and the footnotes to them. Source: Jason Boxi Zhang,
 * "Empirical Insights into Feature Geometry in Sparse Autoencoders", 2025-01-24.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Concept, ConceptSet } from './concept_set.ts';

/** The file as it stands on disk; names in snake_case, as in every file. */
export interface ArticleFile {
  readonly schema: 1;
  readonly source: {
    readonly title: string;
    readonly author: string;
    readonly date: string;
    readonly url: string;
  };
  readonly catalogues: readonly {
    readonly id: string;
    readonly title: string;
    readonly source: string;
    readonly neuronpedia_id: string;
    readonly concepts: readonly Concept[];
  }[];
  readonly published: readonly PublishedEntry[];
  readonly steering: SteeringEntry;
  readonly footnotes: readonly {
    readonly id: string;
    readonly applies_to: readonly string[];
    readonly text: string;
  }[];
}

/** Counts by label, in the words of `judge/labels.ts`: `a` is Happy, `b` Sad. */
interface SteeringEntry {
  readonly id: string;
  readonly title: string;
  readonly neuronpedia_id: string;
  readonly prompt: string;
  readonly judge: string;
  readonly replies: number;
  readonly poles: { readonly a: string; readonly b: string };
  readonly arms: readonly {
    readonly arm: string;
    readonly title: string;
    readonly net: string;
    readonly counts: Readonly<Record<'a' | 'b' | 'none' | 'a to b' | 'b to a', number>>;
  }[];
}

interface PairExtreme {
  readonly cosine: number;
  readonly pair: readonly [number, number];
  readonly concept: string;
}

interface FeatureExtreme {
  readonly cosine: number;
  readonly feature: number;
  readonly concept: string;
}

interface PairTable {
  readonly average: number;
  readonly strongest_alignment: PairExtreme;
  readonly strongest_opposition: PairExtreme;
}

interface SameFeatureTable {
  readonly average: number;
  readonly highest: FeatureExtreme;
  readonly lowest: FeatureExtreme;
}

interface CosineTables {
  readonly antonym: PairTable;
  readonly random: PairTable;
}

interface ExhaustiveRow {
  readonly cosine: number;
  readonly feature_a: number;
  readonly feature_b: number;
  readonly explanation_a: string;
  readonly explanation_b: string;
}

interface PublishedEntry {
  readonly id: string;
  readonly title: string;
  readonly layer: number;
  readonly d_sae: number;
  readonly neuronpedia_id: string;
  readonly releases: readonly { readonly release: string; readonly sae_id: string }[];
  readonly cosine: { readonly encoder: CosineTables; readonly decoder: CosineTables };
  readonly exhaustive: {
    readonly decoder: {
      readonly aligned: readonly ExhaustiveRow[];
      readonly opposed: readonly ExhaustiveRow[];
    };
  };
  readonly same_feature: { readonly antonym: SameFeatureTable; readonly random: SameFeatureTable };
}

let loaded: ArticleFile | undefined;

/** Reads the file once; it is part of the package, so its absence is an internal fault. */
export function readArticle(): ArticleFile {
  if (loaded) return loaded;
  const bytes = readFileSync(new URL('../../data/article.json', import.meta.url));
  const article = JSON.parse(bytes.toString('utf8')) as ArticleFile;
  if (article.schema !== 1)
    throw new Error(`internal: data/article.json has schema ${article.schema}, expected 1`);
  loaded = article;
  return loaded;
}

/** `article-10` and `article-20`. */
export function articleCatalogueIds(): string[] {
  return readArticle().catalogues.map(({ id }) => id);
}

/** The article's catalogue with this id, or undefined. */
export function articleCatalogue(id: string): ConceptSet | undefined {
  const article = readArticle();
  const entry = article.catalogues.find((candidate) => candidate.id === id);
  if (!entry) return undefined;
  const layer = article.published.find((candidate) => candidate.id === id)?.layer;
  return {
    id: entry.id,
    title: entry.title,
    source: entry.source,
    sae: entry.neuronpedia_id,
    neuronpediaId: entry.neuronpedia_id,
    ...(layer === undefined ? {} : { layer }),
    concepts: entry.concepts,
    sha256: createHash('sha256').update(JSON.stringify(entry)).digest('hex'),
  };
}
