import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { visibleText, visibleTextLossless } from './visible_text.ts';

const back = (text: string): string =>
  text.replace(/\\u\{([0-9a-f]+)\}/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));

describe('visible text', () => {
  test('what would be obeyed or not be seen is escaped; lines, tabs and emoji stay', () => {
    expect(visibleText('\u001b[2J\u0007\u0000\u009b\u202e\u2066\u2028\u200b\ufeff\u{e0041}')).toBe(
      '\\u{1b}[2J\\u{7}\\u{0}\\u{9b}\\u{202e}\\u{2066}\\u{2028}\\u{200b}\\u{feff}\\u{e0041}',
    );
    expect(visibleText('\ud800 lone')).toBe('\\u{d800} lone');
    const plain = 'a\tb\r\nc 👩‍👩‍👧 ❤️ 幸せ می‌خواهم C:\\users';
    expect([visibleText(plain), visibleTextLossless(plain)]).toEqual([plain, plain]);
  });

  test('the lossless form reads back to the very text', () => {
    expect(visibleTextLossless('\\u{1b} \u001b')).toBe('\\u{5c}u{1b} \\u{1b}');
    const unit = fc.oneof(
      fc.constantFrom('\\', 'u', '{', '}', '5c', '\u001b', '\u202e', '\ud800', '\n'),
      fc.string({ maxLength: 1, unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        expect(back(visibleTextLossless(text))).toBe(text);
      }),
    );
  });
});
