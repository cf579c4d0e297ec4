import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DISCOVER_DEFAULTS, discoverOpposites } from './discover.ts';
import { parseConcepts } from './parse_concepts.ts';
import { oneLine, reviewFileText } from './review_file.ts';

const OPTIONS = { title: 'Opposites', sae: 'gemma-2-2b/20-gemmascope-res-16k', source: 'a test' };

function parse(text: string): ReturnType<typeof parseConcepts> {
  return parseConcepts('review.yaml', new TextEncoder().encode(text));
}

function reviewOf(texts: readonly string[], confirmFrom?: number): string {
  const rows = texts.map((text, feature) => ({ feature, text }));
  const discovery = discoverOpposites(rows, { ...DISCOVER_DEFAULTS, minScore: 0 });
  return reviewFileText(discovery, { ...OPTIONS, confirmFrom });
}

const TEXTS = ['happiness', 'sadness', 'grief', 'hot', 'cold', 'not hot'];

describe('the file to review', () => {
  it('is no concept file until each concept is confirmed or struck', () => {
    const text = reviewOf(TEXTS);
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        kind: 'format',
        message: expect.stringMatching(
          /review\.yaml:10:13: concepts\[0\]\.review: nobody has reviewed it yet \(got open, expected confirmed or struck\)/,
        ),
      }),
    );
  });

  it('takes what is confirmed, leaves out what is struck, and knows its SAE', () => {
    const reviewed = reviewOf(TEXTS)
      .replace('review: open', 'review: confirmed')
      .replace('review: open', 'review: struck');
    const set = parse(reviewed);
    expect(set.concepts).toEqual([
      {
        concept: 'Happiness-Sadness',
        a: { label: 'Happiness', features: [0] },
        b: { label: 'Sadness', features: [1, 2] },
      },
    ]);
    expect(set).toMatchObject({ struck: 1, neuronpediaId: OPTIONS.sae, layer: 20, title: 'Opposites' });
  });

  it('a line that is deleted or commented out takes its feature away', () => {
    const all = reviewOf(TEXTS).replaceAll('review: open', 'review: confirmed');
    const lines = all.split('\n');
    const line = lines.findIndex((one) => one.startsWith('        - 2 #'));
    const without = parse(lines.with(line, `        # ${lines[line]!.trim()}`).join('\n'));
    expect(without.concepts[0]!.b.features).toEqual([1]);
  });

  it('what is struck is not read further, so that a list may shrink to nothing there', () => {
    const set = parse(
      '- {concept: A, review: struck}\n- {concept: B, a: {label: X, features: [1]}, b: {label: Y, features: [2]}}\n',
    );
    expect([set.concepts.length, set.struck]).toEqual([1, 1]);
  });

  it.each([
    ['review: maybe', /\[0\]\.review/],
    ['review: true', /\[0\]\.review/],
    ['review: struck', /every concept is struck/],
  ])('%s says what is wrong', (review, message) => {
    const text = `- concept: A\n  ${review}\n  a: {label: X, features: [1]}\n  b: {label: Y, features: [2]}\n`;
    expect(() => parse(text)).toThrow(message);
  });

  it('a threshold confirms without a person', () => {
    const text = reviewOf(['happiness', 'sadness', 'hot', 'cold water from lakes'], 0.8);
    expect(text.match(/review: (confirmed|open)/g)).toEqual(['review: confirmed', 'review: open']);
  });

  it('the same proposals give the same bytes', () => {
    expect(reviewOf(TEXTS)).toBe(reviewOf(TEXTS.slice()));
  });
});

describe('explanations from strangers', () => {
  const active = fc.constantFrom(
    ...[
      '\n',
      '\r',
      '\u0085',
      '\u2028',
      '\u2029',
      '\u0000',
      '\u001b[2J',
      '\ufeff',
      '\u202e',
      '\ud800',
      ' #',
      ': ',
      '- ',
      '"',
      "'",
      '&a',
      '*a',
      '!!js',
      '{',
      '---',
      '\t',
      '\u000b',
      '\u000c',
      '\uffff',
    ],
  );
  const hostile = fc.array(fc.oneof(active, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 20 });

  it('nothing in them is read as YAML', () => {
    fc.assert(
      fc.property(hostile, hostile, (before, after) => {
        const texts = [`happiness${before.join('')}`, `sadness${after.join('')}`];
        const text = reviewOf(texts).replaceAll('review: open', 'review: confirmed');
        if (!text.includes('review:')) return;
        const set = parse(text);
        for (const { a, b } of set.concepts) {
          expect([...a.features, ...b.features].sort()).toEqual([0, 1]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('they stand on one line, without a sign that a terminal or an editor obeys', () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const line = oneLine(parts.join('\n'));
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect([...line].length).toBeLessThanOrEqual(161);
      }),
    );
  });

  it('an explanation of any length takes a line of a hundred and sixty characters', () => {
    const text = reviewOf([`happiness ${'x'.repeat(1_000_000)}`, 'sadness']);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(250);
  });
});
