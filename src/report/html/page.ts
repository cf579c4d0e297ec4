/**
 * @file One HTML page that needs nothing but itself: no script, no request, a content security policy that allows only the style sheets it holds, by their hashes.
 * The same contents give the same bytes.
 */

import { createHash } from 'node:crypto';
import { html, type Markup, trustedSvg } from './markup.ts';
import { PAGE_STYLE } from './page_style.ts';

export interface PageSection {
  /** Of the anchor: letters, digits and `-`. */
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}

export interface Page {
  readonly title: string;
  readonly subtitle: string;
  /** Before the first section: what the first screen says. */
  readonly lead: Markup;
  readonly sections: readonly PageSection[];
  readonly footer: Markup;
}

/** @returns the whole document, ending in a line break */
export function renderPage({ title, subtitle, lead, sections, footer }: Page): string {
  const body = html`<a class="skip" href="#content">Skip to the content</a>
<header>
<h1>${title}</h1>
<p class="subtitle">${subtitle}</p>
<nav aria-label="Sections"><ul>${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main id="content">
${lead}
${sections.map(
  ({ id, title: name, body: content }) => html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${name}</h2>
${content}
</section>
`,
)}</main>
<footer>${footer}</footer>`;
  // Figures bring a style sheet each, all of them the same few.
  const { markup, styles } = withoutStyles(body.html);
  const sheets = [PAGE_STYLE, ...styles];
  const policy = [
    "default-src 'none'",
    `style-src ${sheets.map((sheet) => `'sha256-${createHash('sha256').update(sheet).digest('base64')}'`).join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
${sheets.map((sheet) => html`<style>${{ html: sheet }}</style>\n`)}</head>
<body>
${{ html: markup }}
</body>
</html>
`.html;
}

/** Style sheets within figures, each once, and the markup without them. */
function withoutStyles(markup: string): { readonly markup: string; readonly styles: string[] } {
  const styles = new Set<string>();
  const without = markup.replace(/<style>([\s\S]*?)<\/style>/g, (_, sheet: string) => {
    styles.add(sheet);
    return '';
  });
  return { markup: without, styles: [...styles] };
}

/** A figure as it stands in its file; on narrow screens it keeps a size that can be read, and is moved sideways. */
export function figureMarkup(svg: string, caption: string): Markup {
  return html`<figure><div class="drawing" role="group" aria-label="Figure" tabindex="0">${trustedSvg(svg)}</div><figcaption>${caption}</figcaption></figure>`;
}
