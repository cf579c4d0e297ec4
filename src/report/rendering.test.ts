import { describe, expect, it } from 'vitest';
import {
  type DisplayTable,
  formatCosine,
  formatCount,
  formatDifference,
  formatPercentile,
  shorten,
} from './display.ts';
import { escapeMarkdown, renderMarkdown } from './markdown.ts';
import { renderText } from './text.ts';

// What `cli/output.ts` does to control characters, reduced to the one used here.
const plain = {
  sanitize: (text: string) => text.replaceAll('\u001b', '\\x1b'),
  bold: (text: string) => text,
};

function table(rows: string[][], notes: string[] = []): DisplayTable {
  return {
    title: 'T',
    columns: [
      { header: 'name', align: 'left' },
      { header: 'value', align: 'right' },
      { header: 'unused', align: 'left' },
    ],
    rows,
    notes,
  };
}

describe('numbers', () => {
  it('cosines have the article’s five decimals; unknown ones are blank, never zero', () => {
    expect([
      formatCosine(-0.0839),
      formatCosine(0),
      formatCosine(undefined),
      formatCosine(Number.NaN),
    ]).toEqual(['-0.08390', '0.00000', '', '']);
  });

  it('differences carry their sign', () => {
    expect([
      formatDifference(0.001),
      formatDifference(-0.001),
      formatDifference(0),
      formatDifference(undefined),
    ]).toEqual(['+0.00100', '-0.00100', '+0.00000', '']);
  });

  it.each([
    [50, '50.00'],
    [0, '0.00'],
    [100, '100.00'],
    [99.999, '99.999'],
    [99.9999997, '>99.999999'],
    [0.0004, '0.0004'],
    [0.00000001, '<0.000001'],
  ])('percentile %d reads %s: never 0 or 100 for what is neither', (value, expected) => {
    expect(formatPercentile(value)).toBe(expected);
  });

  it('counts are grouped', () => {
    expect(formatCount(134209536)).toBe('134,209,536');
  });

  it('long text is cut by characters, not in the middle of one', () => {
    expect(shorten('a\nb  c', 10)).toBe('a b c');
    expect(shorten('😀😀😀😀', 3)).toBe('😀😀…');
  });
});

describe('text tables', () => {
  it('aligns by terminal width, drops empty columns and shows control characters', () => {
    const text = renderText(
      [
        table(
          [
            ['漢字', '1', ''],
            ['a\u001b[2Jb', '22', ''],
          ],
          ['note'],
        ),
      ],
      plain,
    );
    expect(text.split('\n')).toEqual([
      'T',
      'name       value',
      '漢字           1',
      'a\\x1b[2Jb     22',
      '  note',
    ]);
  });
});

describe('markdown', () => {
  it('is a GitHub table with alignment and notes', () => {
    expect(renderMarkdown([table([['x', '1', '']], ['n'])])).toBe(
      '## T\n\n| name | value |\n| --- | ---: |\n| x | 1 |\n\n- n\n',
    );
  });

  it('R3: untrusted text can neither leave its cell nor become HTML, a link, an image, code or a mention', () => {
    const hostile = '| <img src=x onerror=alert(1)> [a](javascript:b) `c` ![d](e) @f https://g www.h\r\n| i';
    const escaped = escapeMarkdown(hostile);
    expect(escaped).not.toMatch(/(?<!\\)[|`[\]()!@]/);
    expect(escaped).not.toMatch(/[<>\r\n]|:\/\/|www\./);
    const row = renderMarkdown([table([[hostile, '1', '']])]).split('\n')[4]!;
    expect(row.split(/(?<!\\)\|/)).toHaveLength(4);
  });
});
