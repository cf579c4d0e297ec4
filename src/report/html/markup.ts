/**
 * @file HTML as values: what is trusted is marked so by its type, and every other text is escaped where it enters. There is no other way in, so that an explanation,
 * a reply or a path can never become an element or an attribute.
 */

import { visibleText } from '../../formats/visible_text.ts';

/** Text that is HTML already. */
export interface Markup {
  readonly html: string;
}

type Piece = Markup | string | number | undefined | readonly Piece[];

/** A template whose values are escaped unless they are markup; `undefined` is nothing, a list its items one behind the other. */
export function html(parts: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  return { html: parts.map((part, i) => part + (i < values.length ? pieceText(values[i]) : '')).join('') };
}

/** SVG that our own figures have drawn; the one way for text that is not built here. */
export function trustedSvg(svg: string): Markup {
  return { html: svg };
}

function pieceText(piece: Piece): string {
  if (piece === undefined) return '';
  if (typeof piece === 'string') return escapeHtml(piece);
  if (typeof piece === 'number') return String(piece);
  return 'html' in piece ? piece.html : piece.map(pieceText).join('');
}

/** For text and for attributes in quotes; control and format characters become visible codes, line breaks stay. */
export function escapeHtml(text: string): string {
  return visibleText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}
