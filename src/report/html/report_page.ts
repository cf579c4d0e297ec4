/** @file The report as a page: blocks of text, tables, figures and replies in sections. What they say is decided elsewhere; here is how they look. */

import { neuronpediaUrl } from '../../features/feature_ref.ts';
import type { DisplayTable } from '../display.ts';
import { html, type Markup } from './markup.ts';
import { figureMarkup, renderPage } from './page.ts';
import { tableMarkup } from './table_markup.ts';

export type ReportBlock =
  | { readonly kind: 'text'; readonly paragraphs: readonly string[] }
  | { readonly kind: 'heading'; readonly title: string }
  | {
      readonly kind: 'table';
      readonly table: DisplayTable;
      /** `gemma-2-2b/20-gemmascope-res-16k`, where its features have pages. */
      readonly neuronpediaId?: string | undefined;
    }
  | { readonly kind: 'figure'; readonly svg: string; readonly caption?: string }
  | { readonly kind: 'replies'; readonly pairs: readonly ReplyPair[] }
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [string, string])[] }
  /** A file's text, as it is. */
  | { readonly kind: 'source'; readonly text: string }
  /** Closed at first; what it holds is printed with it open. */
  | { readonly kind: 'folded'; readonly title: string; readonly blocks: readonly ReportBlock[] };

/** What the model says as it is, and what it says in an arm: from the same seed. */
export interface ReplyPair {
  readonly arm: string;
  readonly label: string;
  readonly plain: string;
  readonly steered: string;
}

export interface ReportSection {
  /** Letters, digits and `-`. */
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly ReportBlock[];
}

export interface Report {
  readonly title: string;
  readonly subtitle: string;
  /** Sentences of the first screen. */
  readonly verdict: readonly string[];
  /** Behind the verdict on the first screen. */
  readonly lead: readonly ReportBlock[];
  readonly sections: readonly ReportSection[];
  readonly footer: string;
}

/** @returns a whole HTML document; every text is escaped */
export function reportPage({ title, subtitle, verdict, lead, sections, footer }: Report): string {
  return renderPage({
    title,
    subtitle,
    lead: html`<div class="verdict" role="note" aria-label="Verdict">${verdict.map((sentence) => html`<p>${sentence}</p>`)}</div>
${lead.map(blockMarkup)}`,
    sections: sections.map(({ id, title: name, blocks }) => ({
      id,
      title: name,
      body: html`${blocks.map(blockMarkup)}`,
    })),
    footer: html`<p>${footer}</p>`,
  });
}

function blockMarkup(block: ReportBlock): Markup {
  switch (block.kind) {
    case 'text':
      return html`${block.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}`;
    case 'heading':
      return html`<h3>${block.title}</h3>`;
    case 'table': {
      const { neuronpediaId } = block;
      const featureUrl =
        neuronpediaId === undefined ? undefined : (feature: number) => neuronpediaUrl(neuronpediaId, feature);
      return tableMarkup(block.table, featureUrl ? { featureUrl } : {});
    }
    case 'figure':
      return figureMarkup(block.svg, block.caption);
    case 'replies':
      return html`${block.pairs.map(replyMarkup)}`;
    case 'facts':
      return html`<dl>${block.facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
    case 'source':
      return html`<pre class="scroll" tabindex="0">${block.text}</pre>`;
    case 'folded':
      return html`<details><summary>${block.title}</summary>${block.blocks.map(blockMarkup)}</details>`;
  }
}

function replyMarkup({ arm, label, plain, steered }: ReplyPair): Markup {
  const box = (who: string, text: string): Markup =>
    html`<div><span class="who">${who}</span>${text.trim() === '' ? '(nothing)' : text}</div>`;
  return html`<div class="pair">${box('DEFAULT', plain)}${box(label === '' ? `STEERED ${arm}` : `STEERED ${arm}: ${label}`, steered)}</div>
`;
}
