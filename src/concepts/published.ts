/**
 * @file The numbers that the article printed, for the two SAEs it used, to stand beside ours; never targets. Tables and footnotes come
 * from `data/article.json`. The steering results are in `published_steering.ts`.
 */

import type { Space } from '../sae/sae.ts';
import { readArticle } from './article.ts';

/** A cosine with the pair it belongs to, as printed (5 decimals). */
export interface PublishedExtreme {
  readonly cosine: number;
  /** In the article's order. */
  readonly pair: readonly [number, number];
  /** The article's words, e.g. `Happy-Sad`. */
  readonly concept: string;
}

export interface PublishedCosines {
  readonly average: number;
  readonly strongestAlignment: PublishedExtreme;
  readonly strongestOpposition: PublishedExtreme;
}

export interface PublishedFeatureExtreme {
  readonly cosine: number;
  readonly feature: number;
  readonly concept: string;
}

export interface PublishedSameFeature {
  readonly average: number;
  readonly highest: PublishedFeatureExtreme;
  readonly lowest: PublishedFeatureExtreme;
}

/** One row of the exhaustive lists, with the explanations of the article's date. */
export interface PublishedPair {
  readonly cosine: number;
  readonly featureA: number;
  readonly featureB: number;
  readonly explanationA: string;
  readonly explanationB: string;
}

export interface Footnote {
  readonly id: string;
  /** Paths such as `article-20/cosine/encoder/antonym/strongest_opposition`; a path stands for everything below it. */
  readonly appliesTo: readonly string[];
  readonly text: string;
}

export interface Published {
  /** Also the id of the catalogue that the numbers belong to. */
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly url: string;
  readonly layer: number;
  readonly dSae: number;
  readonly neuronpediaId: string;
  /** Every SAELens name of the same weights. */
  readonly releases: readonly { readonly release: string; readonly saeId: string }[];
  readonly cosine: Readonly<
    Record<Space, { readonly antonym: PublishedCosines; readonly random: PublishedCosines }>
  >;
  /** Ten rows each, most extreme first; the article prints the decoder alone. */
  readonly exhaustive: {
    readonly space: 'decoder';
    readonly aligned: readonly PublishedPair[];
    readonly opposed: readonly PublishedPair[];
  };
  readonly sameFeature: { readonly antonym: PublishedSameFeature; readonly random: PublishedSameFeature };
  /** All footnotes that concern these tables. */
  readonly footnotes: readonly Footnote[];
}

/** What identifies an SAE to `publishedFor`; a `SaeIdentity` fits. */
export interface PublishedKey {
  readonly neuronpediaId?: string;
  readonly release?: string;
  readonly saeId?: string;
  readonly isSynthetic?: boolean;
}

/**
 * The published tables for an SAE, or undefined for any SAE but the article's two.
 * A release with its id is the more exact name and decides where it is given; the Neuronpedia id is used otherwise. Generated
 * weights never match.
 */
export function publishedFor(key: PublishedKey): Published | undefined {
  if (key.isSynthetic) return undefined;
  const { release, saeId, neuronpediaId } = key;
  return allPublished().find((published) =>
    release !== undefined && saeId !== undefined
      ? published.releases.some((name) => name.release === release && name.saeId === saeId)
      : published.neuronpediaId === neuronpediaId,
  );
}

/** The footnotes of one cell or table: those on its path and on every path above it, in the order of the data. */
export function footnotesAt(published: Published, path: string): Footnote[] {
  const full = path === '' ? published.id : `${published.id}/${path}`;
  return published.footnotes.filter(({ appliesTo }) =>
    appliesTo.some((prefix) => full === prefix || full.startsWith(`${prefix}/`)),
  );
}

/** Both entries, layer 10 first. */
export function allPublished(): Published[] {
  const article = readArticle();
  const { author, title, date, url } = article.source;
  return article.published.map((entry) => ({
    id: entry.id,
    title: entry.title,
    source: `${author}, ${title}, ${date}`,
    url,
    layer: entry.layer,
    dSae: entry.d_sae,
    neuronpediaId: entry.neuronpedia_id,
    releases: entry.releases.map(({ release, sae_id }) => ({ release, saeId: sae_id })),
    cosine: { encoder: cosinesOf(entry.cosine.encoder), decoder: cosinesOf(entry.cosine.decoder) },
    exhaustive: {
      space: 'decoder',
      aligned: entry.exhaustive.decoder.aligned.map(pairOf),
      opposed: entry.exhaustive.decoder.opposed.map(pairOf),
    },
    sameFeature: entry.same_feature,
    footnotes: article.footnotes
      .filter(({ applies_to }) => applies_to.some((path) => path.split('/')[0] === entry.id))
      .map(({ id, applies_to, text }) => ({ id, appliesTo: applies_to, text })),
  }));
}

type Entry = ReturnType<typeof readArticle>['published'][number];

function cosinesOf(tables: Entry['cosine'][Space]): Published['cosine'][Space] {
  const convert = (table: typeof tables.antonym): PublishedCosines => ({
    average: table.average,
    strongestAlignment: table.strongest_alignment,
    strongestOpposition: table.strongest_opposition,
  });
  return { antonym: convert(tables.antonym), random: convert(tables.random) };
}

function pairOf(row: Entry['exhaustive']['decoder']['aligned'][number]): PublishedPair {
  return {
    cosine: row.cosine,
    featureA: row.feature_a,
    featureB: row.feature_b,
    explanationA: row.explanation_a,
    explanationB: row.explanation_b,
  };
}

/** One pair that the article names in a space, with its printed cosine. */
export interface PublishedNamedPair {
  readonly relation: string;
  readonly a: number;
  readonly b: number;
  readonly cosine: number;
}

/** Every pair that the article prints a cosine for, in the order of its tables. Whoever has its SAEs can check them one by one. */
export function namedPairs(published: Published, space: Space): PublishedNamedPair[] {
  const named = (relation: string, { pair, cosine }: PublishedExtreme): PublishedNamedPair => ({
    relation,
    a: pair[0],
    b: pair[1],
    cosine,
  });
  const { antonym, random } = published.cosine[space];
  const extremes = (relation: string, rows: readonly PublishedPair[]): PublishedNamedPair[] =>
    rows.map(({ featureA, featureB, cosine }) => ({ relation, a: featureA, b: featureB, cosine }));
  return [
    named(`Antonym, strongest alignment: ${antonym.strongestAlignment.concept}`, antonym.strongestAlignment),
    named(
      `Antonym, strongest opposition: ${antonym.strongestOpposition.concept}`,
      antonym.strongestOpposition,
    ),
    named(`Random, strongest alignment: ${random.strongestAlignment.concept}`, random.strongestAlignment),
    named(`Random, strongest opposition: ${random.strongestOpposition.concept}`, random.strongestOpposition),
    ...(published.exhaustive.space === space
      ? [
          ...extremes('All pairs, aligned', published.exhaustive.aligned),
          ...extremes('All pairs, opposed', published.exhaustive.opposed),
        ]
      : []),
  ];
}
