/** @file Display tables as GitHub-flavoured Markdown. Untrusted text is escaped so that it can neither break a table nor become HTML or a link. */

import { visibleText } from '../formats/visible_text.ts';
import type { DisplayTable } from './display.ts';

export function renderMarkdown(tables: readonly DisplayTable[]): string {
  return `${tables.map(renderTable).join('\n\n')}\n`;
}

function renderTable(table: DisplayTable): string {
  const shown = table.columns
    .map((column, c) => ({ column, c }))
    .filter(({ c }) => table.rows.some((row) => row[c]));
  const lines = [`## ${escapeMarkdown(table.title)}`, ''];
  if (table.rows.length > 0) {
    lines.push(`| ${shown.map(({ column }) => escapeMarkdown(column.header)).join(' | ')} |`);
    lines.push(`| ${shown.map(({ column }) => (column.align === 'right' ? '---:' : '---')).join(' | ')} |`);
    for (const row of table.rows)
      lines.push(`| ${shown.map(({ c }) => escapeMarkdown(row[c]!)).join(' | ')} |`);
  }
  if (table.notes.length > 0) lines.push('', ...table.notes.map((note) => `- ${escapeMarkdown(note)}`));
  return lines.join('\n');
}

/** Backslash-escapes the characters that Markdown or HTML would act on; control and format characters become `\u{1b}`; line breaks become spaces; bare URLs lose their scheme's colon link. */
export function escapeMarkdown(text: string): string {
  return visibleText(text.replace(/[\r\n\t\u2028\u2029]+/g, ' '))
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/([\\`*_{}[\]()#|~!@])/g, '\\$1')
    .replace(/:\/\//g, ':&#8203;//')
    .replace(/www\./gi, (match) => `${match.slice(0, 3)}&#46;`);
}
