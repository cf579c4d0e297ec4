/**
 * @file The labels that the article printed for its seven ways to steer, to stand beside ours; never targets. From `data/article.json`. What they were
 * measured on (Gemma 2 2B, GPT-4o as the judge) comes with them.
 */

import { readArticle } from './article.ts';

/** The article's labels with its Happy as a and its Sad as b, in the order of its tables. */
export const PUBLISHED_LABELS = ['a', 'b', 'none', 'a to b', 'b to a'] as const;
export type PublishedLabel = (typeof PUBLISHED_LABELS)[number];

export interface PublishedArm {
  /** As an arm of ours is named: `+Happy`, `-Happy+Sad`. */
  readonly name: string;
  /** The article's words: `-1 * Happy + Sad Injection`. */
  readonly title: string;
  /** As printed, for example `Sad Steered (14/20)`. */
  readonly net: string;
  /** As printed; they do not always sum to `replies`. */
  readonly counts: Readonly<Record<PublishedLabel, number>>;
  /** Errata of this arm alone. */
  readonly footnotes: readonly string[];
}

export interface PublishedSteering {
  readonly source: string;
  readonly url: string;
  /** Of the SAE whose decoder rows were injected. */
  readonly neuronpediaId: string;
  readonly prompt: string;
  readonly judge: string;
  /** Per arm, as stated. */
  readonly replies: number;
  readonly poles: { readonly a: string; readonly b: string };
  readonly arms: readonly PublishedArm[];
  /** What concerns all arms. */
  readonly footnotes: readonly string[];
}

export function publishedSteering(): PublishedSteering {
  const { footnotes, source, steering } = readArticle();
  const notesAt = (path: string): string[] =>
    footnotes.filter(({ applies_to }) => applies_to.includes(path)).map(({ text }) => text);
  return {
    source: `${source.author}, ${source.title}, ${source.date}`,
    url: source.url,
    neuronpediaId: steering.neuronpedia_id,
    prompt: steering.prompt,
    judge: steering.judge,
    replies: steering.replies,
    poles: steering.poles,
    arms: steering.arms.map(({ arm, title, net, counts }) => ({
      name: arm,
      title,
      net,
      counts,
      footnotes: notesAt(`${steering.id}/arms/${arm}`),
    })),
    footnotes: notesAt(steering.id),
  };
}

/**
 * The published arm that an arm of ours repeats, by its name: only where the poles have the article's names.
 * @param poles of the run
 */
export function publishedArm(
  arm: string,
  poles: { readonly a: string; readonly b: string },
): PublishedArm | undefined {
  const { arms, poles: own } = publishedSteering();
  if (poles.a !== own.a || poles.b !== own.b) return undefined;
  return arms.find(({ name }) => name === arm);
}
