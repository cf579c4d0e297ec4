/** @file Texts beside each other in columns of a terminal, as wide as it is; one below the other where it is too narrow, or no terminal. */

import { type Style, visible } from './output.ts';

export interface TitledText {
  readonly title: string;
  /** Untrusted. */
  readonly text: string;
}

const GAP = 3;

/** Narrower columns than this break every second word. */
const LEAST_WIDTH = 28;

/** Wider lines than this are hard to read. */
const MOST_WIDTH = 72;

/** @param columns of the terminal; undefined where there is none */
export function sideBySide(
  texts: readonly TitledText[],
  columns: number | undefined,
  { bold }: Style,
): string {
  const clean = texts.map(({ title, text }) => ({
    title: visible(title),
    text: visible(text.trim()).replaceAll('\t', ' '),
  }));
  const width = Math.min(MOST_WIDTH, Math.floor(((columns ?? 0) - GAP * (texts.length - 1)) / texts.length));
  if (width < LEAST_WIDTH) return stacked(clean, bold);
  const wrapped = clean.map(({ text }) => wrap(text, width));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell) => cell.padEnd(width))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [
    bold(line(clean.map(({ title }) => title.slice(0, width)))),
    ...Array.from({ length: height }, (_, i) => line(wrapped.map((lines) => lines[i] ?? ''))),
  ].join('\n');
}

function stacked(texts: readonly TitledText[], bold: Style['bold']): string {
  const longest = Math.max(...texts.map(({ title }) => title.length));
  return texts
    .map(({ title, text }) => {
      const [first = '', ...rest] = text.split('\n');
      const indent = ' '.repeat(longest + 2);
      return [
        `${bold(title.padEnd(longest))}  ${first}`.trimEnd(),
        ...rest.map((one) => `${indent}${one}`),
      ].join('\n');
    })
    .join('\n');
}

/** At blanks; a word that is longer than a line is cut. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(/ +/)) {
      let rest = word;
      while (rest.length > width) {
        if (line !== '') lines.push(line);
        line = '';
        lines.push(rest.slice(0, width));
        rest = rest.slice(width);
      }
      if (line === '') line = rest;
      else if (line.length + 1 + rest.length <= width) line += ` ${rest}`;
      else {
        lines.push(line);
        line = rest;
      }
    }
    return [...lines, line];
  });
}
