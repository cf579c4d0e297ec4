import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Style } from './output.ts';
import { sideBySide, wrap } from './side_by_side.ts';

const same = (text: string): string => text;
const style: Style = { bold: same, dim: same, red: same, yellow: same };
const texts = [
  { title: 'DEFAULT', text: ' I am fine. I cooked some soup.' },
  { title: '+Happy', text: 'I am so relaxed.\nThere is peace in me.' },
];

describe('sideBySide', () => {
  it('puts texts beside each other where the terminal is wide enough', () => {
    expect(sideBySide(texts, 70, style).split('\n')).toEqual([
      'DEFAULT                             +Happy',
      'I am fine. I cooked some soup.      I am so relaxed.',
      '                                    There is peace in me.',
    ]);
  });

  it('and below each other where it is not, or there is none', () => {
    const below = [
      'DEFAULT  I am fine. I cooked some soup.',
      '+Happy   I am so relaxed.',
      '         There is peace in me.',
    ];
    expect(sideBySide(texts, 50, style).split('\n')).toEqual(below);
    expect(sideBySide(texts, undefined, style).split('\n')).toEqual(below);
  });

  it('shows control characters and obeys none; nothing is a line, too', () => {
    const shown = sideBySide(
      [
        { title: 'a', text: '\u001b[2J\t!' },
        { title: 'b', text: '' },
      ],
      80,
      style,
    );
    expect(shown).toBe('a                                        b\n\\x1b[2J !');
  });
});

describe('wrap', () => {
  it('loses no word, and no line is wider than asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const lines = wrap(text, width);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      }),
    );
  });

  it('of 100,000 letters without a blank is quick', () => {
    expect(wrap('a'.repeat(100_000), 50)).toHaveLength(2000);
  });
});
