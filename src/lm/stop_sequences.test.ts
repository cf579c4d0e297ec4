import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { createStopMatcher } from './stop_sequences.ts';

function run(
  stops: readonly string[],
  pieces: readonly string[],
): { texts: string[]; stop: string | undefined } {
  const matcher = createStopMatcher(stops);
  let stop: string | undefined;
  const texts = pieces.map((piece) => {
    const got = matcher.push(piece);
    stop = got.stop;
    return got.text;
  });
  return { texts: [...texts, matcher.end()], stop };
}

test.each<[string[], string[], string[], string | undefined]>([
  [['</s>'], ['a<', '/', 's', '>b', 'c'], ['a', '', '', '', '', ''], '</s>'],
  [['</s>'], ['a<', '/', 'x'], ['a', '', '</x', ''], undefined],
  [['</s>'], ['a</'], ['a', '</'], undefined],
  [['\n\n'], ['one\n', 'two\n', '\nthree'], ['one', '\ntwo', '', ''], '\n\n'],
  [['aab'], ['a', 'a', 'a', 'b'], ['', '', 'a', '', ''], 'aab'],
  [['bc', 'abc', 'c'], ['xab', 'c'], ['x', '', ''], 'abc'],
  [['abcd', 'bc'], ['abcd'], ['a', ''], 'bc'],
  [[], ['x', 'y'], ['x', 'y', ''], undefined],
  [['.'], ['.'], ['', ''], '.'],
])('%j over %j', (stops, pieces, texts, stop) => {
  expect(run(stops, pieces)).toEqual({ texts, stop });
});

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 40 });
const stopList = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '😀'), minLength: 1, maxLength: 4 }), {
  maxLength: 4,
});

/** By looking at every beginning of the text, the shortest first. */
function expectedOf(text: string, stops: readonly string[]): { text: string; stop: string | undefined } {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops
      .filter((stop) => text.slice(0, end).endsWith(stop))
      .sort((a, b) => b.length - a.length);
    if (ending[0] !== undefined) return { text: text.slice(0, end - ending[0].length), stop: ending[0] };
  }
  return { text, stop: undefined };
}

describe('properties', () => {
  test('however the text is cut, the result is that of the whole', () => {
    fc.assert(
      fc.property(letters, stopList, fc.array(fc.nat(40)), (text, stops, cuts) => {
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b),
          text.length,
        ];
        const pieces = places.slice(1).map((place, i) => text.slice(places[i]!, place));
        const { texts, stop } = run(stops, pieces);
        expect({ text: texts.join(''), stop }).toEqual(expectedOf(text, stops));
      }),
      { numRuns: runs(1000) },
    );
  });

  test('nothing is held back longer than it may still become a stop sequence', () => {
    fc.assert(
      fc.property(letters, stopList, (text, stops) => {
        const matcher = createStopMatcher(stops);
        let shown = '';
        for (let i = 0; i < text.length; i++) {
          const { text: now, stop } = matcher.push(text[i]!);
          shown += now;
          if (stop !== undefined) return;
          const held = text.slice(shown.length, i + 1);
          expect(held === '' || stops.some((s) => s.length > held.length && s.startsWith(held))).toBe(true);
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

test('refused: an empty one, one that is too long, too many', () => {
  expect(() => createStopMatcher([''])).toThrow('stop sequence: has no usable length (got 0 characters');
  expect(() => createStopMatcher(['x'.repeat(1001)])).toThrow('got 1001 characters, expected 1 to 1000');
  expect(() => createStopMatcher(Array<string>(101).fill('x'))).toThrow('stop sequences: too many (got 101');
});
