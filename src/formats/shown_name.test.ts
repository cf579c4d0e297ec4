import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shownName } from './shown_name.ts';

it.each([
  ['W_dec', 'W_dec'],
  ['blocks.0/größe 層', 'blocks.0/größe 層'],
  ['', '""'],
  ['a\nb\x1b[2J', 'a\\u{a}b\\u{1b}[2J'],
  ['\u202egpj.exe', '\\u{202e}gpj.exe'],
  ['\ud800', '\\u{d800}'],
  ['x'.repeat(121), `${'x'.repeat(120)}…`],
  ['x'.repeat(120), 'x'.repeat(120)],
  ['😀'.repeat(500), `${'😀'.repeat(120)}…`],
])('shows %j as %j', (name, shown) => {
  expect(shownName(name)).toBe(shown);
});

it('never shows a control character or an endless line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (name) => {
      const shown = shownName(name);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      // A lone surrogate would come back as U+FFFD.
      expect(Buffer.from(shown).toString()).toBe(shown);
      expect(shown.length).toBeLessThanOrEqual(120 * 10 + 1);
    }),
  );
});
