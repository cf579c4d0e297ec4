/** @file The report as a page: blocks of text, tables, figures and replies in sections. What they say is decided elsewhere; here is how they look. */

import { neuronpediaUrl } from '../../features/feature_ref.ts';
import type { DisplayTable } from '../display.ts';
import { html, type Markup } from './markup.ts';
import { figureMarkup, renderPage } from './page.ts';
import { tableMarkup } from './table_markup.ts';

export type ReportBlock =
  | { readonly kind: 'text'; readonly paragraphs: readonly string[] }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'heading'; readonly title: string }
  | {
      readonly kind: 'table';
      readonly table: DisplayTable;
      /** `gemma-2-2b/20-gemmascope-res-16k`, where its features have pages. */
      readonly neuronpediaId?: string | undefined;
    }
  | { readonly kind: 'figure'; readonly svg: string; readonly caption: string }
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

export interface VerdictItem {
  /** What it is about, and of how many: `organism-1-res-2k, decoder, 23 concepts, 63 pairs`. */
  readonly about: string;
  /** The finding. */
  readonly headline: string;
  /** Its numbers, and what it hangs on. */
  readonly details: readonly string[];
  /** Takes the whole width. */
  readonly isWide?: boolean;
}

export interface Report {
  readonly title: string;
  readonly subtitle: string;
  /** What is asked: before everything else. */
  readonly question: string;
  /** The first screen. */
  readonly verdict: readonly VerdictItem[];
  /** Behind the verdict on the first screen. */
  readonly lead: readonly ReportBlock[];
  readonly sections: readonly ReportSection[];
  readonly footer: string;
}

/** @returns a whole HTML document; every text is escaped */
export function reportPage({ title, subtitle, question, verdict, lead, sections, footer }: Report): string {
  return renderPage({
    title,
    subtitle,
    lead: html`<p class="question">${question}</p>
<div class="verdict" role="note" aria-label="Verdict">${verdict.map(verdictMarkup)}</div>
${lead.map(blockMarkup)}`,
    sections: sections.map(({ id, title: name, blocks }) => ({
      id,
      title: name,
      body: html`${blocks.map(blockMarkup)}`,
    })),
    footer: html`<p>${footer}</p>`,
  });
}

function verdictMarkup({ about, headline, details, isWide }: VerdictItem): Markup {
  return html`<div${isWide ? html` class="wide"` : undefined}><p class="about">${about}</p><p class="headline">${headline}</p>${details.map((detail) => html`<p>${detail}</p>`)}</div>
`;
}

function blockMarkup(block: ReportBlock): Markup {
  switch (block.kind) {
    case 'text':
      return html`${block.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}`;
    case 'list':
      return html`<ul>${block.items.map((item) => html`<li>${item}</li>`)}</ul>`;
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
