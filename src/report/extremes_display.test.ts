import { describe, expect, it } from 'vitest';
import { allPublished } from '../concepts/published.ts';
import type { ExtremePair } from '../geometry/extremes.ts';
import type { SpaceExtremes } from '../geometry/find_extremes.ts';
import type { SaeHeader } from '../sae/sae.ts';
import { extremesDisplay } from './extremes_display.ts';
import type { ExtremesSubject, KnownSae } from './extremes_subject.ts';
import { extremesTables } from './extremes_tables.ts';
import { NO_NOTES } from './feature_notes.ts';

const [published] = allPublished();

function known(label: string): KnownSae {
  const header: SaeHeader = {
    identity: { label, isSynthetic: false },
    format: 'gemma-scope',
    architecture: 'jumprelu',
    dIn: 2304,
    dSae: 16384,
    dtype: 'F32',
    files: [],
    facts: [],
  };
  return { header, notes: NO_NOTES, warnings: [] };
}

function pair(featureA: number, featureB: number, more: Partial<ExtremePair> = {}): ExtremePair {
  return {
    space: 'decoder',
    end: 'aligned',
    rank: 1,
    featureA,
    featureB,
    cosEncoder: 0.25,
    cosDecoder: 0.5,
    pairClass: 'decoder-only',
    ...more,
  };
}

function subject(found: Partial<SpaceExtremes>, more: Partial<ExtremesSubject> = {}): ExtremesSubject {
  const rows = { features: 3, defects: [], leftOut: 0 };
  return {
    a: known('one'),
    b: undefined,
    found: [{ space: 'decoder', pairs: 3, a: rows, extremes: [], ...found }],
    filter: undefined,
    published,
    ...more,
  };
}

/** The table of pairs, by its headers. */
function shown(of: ExtremesSubject): Record<string, string>[] {
  const table = extremesDisplay(of).at(-1)!;
  return table.rows.map((row) => Object.fromEntries(row.map((cell, c) => [table.columns[c]!.header, cell])));
}

describe('the article’s numbers beside the extremes', () => {
  const { featureA, featureB, cosine } = published!.exhaustive.aligned[0]!;

  it.each([
    ['in its order', pair(featureA, featureB)],
    ['in the other', pair(featureB, featureA)],
  ])('a pair that it lists, %s', (_, listed) => {
    const [row] = shown(subject({ extremes: [listed] }));
    const difference = 0.5 - cosine;
    expect(row).toMatchObject({
      Published: cosine.toFixed(5),
      Difference: `${difference < 0 ? '-' : '+'}${Math.abs(difference).toFixed(5)}`,
    });
  });

  it.each([
    ['of another pair', subject({ extremes: [pair(featureA, featureA)] })],
    [
      'of the other space',
      subject({ space: 'encoder', extremes: [pair(featureA, featureB, { space: 'encoder' })] }),
    ],
    ['between two dictionaries', subject({ extremes: [pair(featureA, featureB)] }, { b: known('two') })],
  ])('no number %s', (_, of) => {
    expect(shown(of)[0]).toMatchObject({ Published: '' });
    const [table] = extremesTables(of);
    expect(table!.columns.find(({ name }) => name === 'published_cos')?.values).toEqual([null]);
  });
});

describe('what was searched', () => {
  const notes = (of: ExtremesSubject): string => extremesDisplay(of).at(-1)!.notes.join(' ');

  it('a pair at both ends is one pair of its class', () => {
    const extremes = [pair(1, 2), pair(1, 2, { end: 'opposed' }), pair(1, 3, { pairClass: undefined })];
    expect(notes(subject({ extremes: [pair(1, 2)] }))).toContain('Classes of the 1 pair kept');
    expect(notes(subject({ extremes }))).toContain(
      'Classes of the 2 pairs kept (strong = |cosine| of at least 0.5): decoder-only 1, unknown 1.',
    );
  });

  it('no sentence about the population of no pairs', () => {
    const none = {
      pairs: 0,
      mean: Number.NaN,
      sd: Number.NaN,
      skewness: Number.NaN,
      quantiles: [],
      histogram: new Float64Array(4),
    };
    const some = { ...none, pairs: 3, mean: 0.125, sd: 0.5 };
    expect(notes(subject({ pairs: 0, population: none }))).not.toContain('mean');
    expect(notes(subject({ population: some }))).toContain(
      'All of them together: mean 0.12500, standard deviation 0.50000.',
    );
  });

  it('a population that was sampled says so', () => {
    const population = {
      pairs: 3,
      mean: 0.125,
      sd: 0.5,
      skewness: 0,
      quantiles: [],
      sampledFrom: 45,
      histogram: new Float64Array(4),
    };
    expect(notes(subject({ population }))).toContain(
      'About all of them together, from 3 pairs of features drawn at random: mean 0.12500, standard deviation 0.50000.',
    );
  });

  it('no pairs, few features, many that are unusable', () => {
    const defects = Array.from({ length: 9 }, (_, feature) => ({ feature, defect: 'zero-norm' as const }));
    const text = notes(
      subject({ pairs: 0, a: { features: 1, defects, leftOut: 1 } }, { filter: '--max-density 0.5' }),
    );
    expect(text).toBe(
      'There are no pairs of 1 feature; 1 feature is left out by --max-density 0.5. ' +
        '9 directions are unusable in the decoder and left out: ' +
        `${defects
          .slice(0, 8)
          .map(({ feature }) => `${feature} (zero-norm)`)
          .join(', ')}, ….`,
    );
  });
});
