/** @file Display tables as aligned plain text for a terminal. Control characters of untrusted text are shown, not sent. */

import { type DisplayTable, shorten } from './display.ts';

/** @param sanitize makes untrusted text safe for a terminal @param bold marks titles and headers */
export interface TextOptions {
  readonly sanitize: (text: string) => string;
  readonly bold: (text: string) => string;
}

const GAP = '  ';

/** Explanations run to hundreds of characters; files and Markdown carry them whole. */
const MAX_CELL_LENGTH = 72;

export function renderText(tables: readonly DisplayTable[], options: TextOptions): string {
  return tables.map((table) => renderTable(table, options)).join('\n\n');
}

function renderTable(table: DisplayTable, { sanitize, bold }: TextOptions): string {
  const oneLine = (text: string): string => sanitize(text.replace(/\s+/g, ' '));
  const cells = table.rows.map((row) => row.map((cell) => oneLine(shorten(cell, MAX_CELL_LENGTH))));
  const used = table.columns.map((column, c) => ({ column, c, isEmpty: cells.every((row) => !row[c]) }));
  const shown = used.filter(({ isEmpty }) => !isEmpty || cells.length === 0);
  const widths = shown.map(({ column, c }) =>
    Math.max(displayWidth(column.header), ...cells.map((row) => displayWidth(row[c]!))),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, s) => pad(text, widths[s]!, shown[s]!.column.align))
      .join(GAP)
      .trimEnd();
  const header = line(shown.map(({ column }) => column.header));
  const lines = [bold(oneLine(table.title)), bold(header)];
  for (const row of cells) lines.push(line(shown.map(({ c }) => row[c]!)));
  for (const note of table.notes) lines.push(`${GAP}${oneLine(note)}`);
  return lines.join('\n');
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/** Terminal cells: East Asian wide characters and emoji take two, combining marks none. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) continue;
    width +=
      /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
