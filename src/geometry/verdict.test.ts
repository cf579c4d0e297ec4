import { describe, expect, it } from 'vitest';
import type { Concept } from '../concepts/concept_set.ts';
import type { AntonymTests, ConceptTest, Variant, WithoutConcept } from './antonym_tests.ts';
import type { ClassCount } from './extreme_facts.ts';
import type { ExtremePair } from './extremes.ts';
import { noOutcome, type TestOutcome } from './test_outcome.ts';
import { judgeSpace, type SpaceVerdict, type VerdictInput } from './verdict.ts';

const NULL_SD = 0.02;

function outcome(observed: number, p: number, nullMean = 0, draws = 10_000): TestOutcome {
  const z = (observed - nullMean) / NULL_SD;
  return {
    observed,
    nullMean,
    nullSd: NULL_SD,
    p,
    z,
    effect: z,
    interval: { low: z - 1, high: z + 1 },
    draws,
  };
}

interface Case {
  readonly mean?: number;
  readonly interval?: [number, number];
  /** Permutation, random, density. */
  readonly p?: readonly [number, number, number?];
  readonly nullMeans?: readonly [number, number, number?];
  readonly draws?: number;
  readonly without?: readonly WithoutConcept[];
  readonly variants?: readonly Variant[];
  readonly denseFeatures?: readonly number[];
  /** Of each concept, which pair of features it is. */
  readonly pairsOf?: readonly number[];
  readonly nullSd?: number;
  readonly reasons?: AntonymTests['reasons'];
}

/** @param at which pair of features it is */
function concept(name: string, at = 0): Concept {
  return { concept: name, a: { label: 'a', features: [2 * at] }, b: { label: 'b', features: [2 * at + 1] } };
}

function testsOf({
  mean = -0.3,
  interval = [-0.35, -0.25],
  p = [0.0002, 0.0002],
  nullMeans = [0, 0, 0],
  draws = 10_000,
  without = [],
  variants = [],
  denseFeatures = [],
  pairsOf = [0, 1, 2],
  nullSd = NULL_SD,
  reasons = {},
}: Case): AntonymTests {
  const [first, second, third] = p;
  const density = third === undefined ? undefined : outcome(mean, third, nullMeans[2] ?? 0);
  const qs: readonly [string, number][] = [
    ['Light', 0.001],
    ['Size', 0.4],
    ['None', Number.NaN],
  ];
  const concepts = pairsOf.map((at, k): ConceptTest => {
    const [name, q] = qs[k] ?? [String(k), 0.4];
    return { ...outcome(mean, q), concept: concept(name, at), n: 1, q };
  });
  const effects = { pairSd: 0.1, difference: estimate(mean), standardised: estimate(mean) };
  return {
    draws: 10_000,
    seed: 0,
    statistic: 'macro mean',
    permutation: Number.isNaN(first) ? noOutcome(mean) : outcome(mean, first, nullMeans[0], draws),
    matchedRandom: Number.isNaN(second)
      ? noOutcome(mean)
      : { ...outcome(mean, second, nullMeans[1]), nullSd },
    ...(density && { matchedDensity: density }),
    reasons,
    interval: { low: interval[0], high: interval[1] },
    pooledInterval: { low: interval[0], high: interval[1] },
    effects,
    concepts,
    sensitivity: { variants, withoutConcept: without, denseAbove: 0.1, denseFeatures },
    densityBins: [],
  };
}

function estimate(value: number): { value: number; interval: { low: number; high: number } } {
  return { value, interval: { low: value - 0.05, high: value + 0.05 } };
}

function judge(found: Case | undefined, more: Partial<VerdictInput> = {}): SpaceVerdict {
  const tests = found && testsOf(found);
  return judgeSpace({ space: 'decoder', tests, extremes: [], classes: [], denseAbove: 0.1, ...more });
}

const NONE = [Number.NaN, Number.NaN] as const;

describe('the finding', () => {
  it.each<[SpaceVerdict['finding'], string, Case]>([
    ['opposed', 'below 0 and below every null', {}],
    ['opposed', 'with density too', { p: [0.01, 0.01, 0.05] }],
    [
      'less-aligned',
      'below every null, not below 0',
      { mean: 0.1, interval: [0.05, 0.15], nullMeans: [0.2, 0.2] },
    ],
    ['less-aligned', 'an interval that holds 0', { interval: [-0.6, 0.01] }],
    [
      'less-aligned',
      'an interval that is not known excludes nothing',
      { interval: [Number.NaN, Number.NaN] },
    ],
    ['aligned', 'above 0 and above every null', { mean: 0.3, interval: [0.25, 0.35] }],
    [
      'less-opposed',
      'above every null, not above 0',
      { mean: -0.1, interval: [-0.2, 0], nullMeans: [-0.4, -0.4] },
    ],
    ['mixed', 'other orders do the same', { p: [0.3, 0.0002] }],
    ['mixed', 'random features do the same', { p: [0.0002, 0.3] }],
    ['mixed', 'features of like density do the same', { p: [0.0002, 0.0002, 0.06] }],
    ['mixed', 'different sides', { nullMeans: [-0.5, 0] }],
    ['no-difference', 'no test finds any', { p: [0.051, 0.2, 0.9] }],
    [
      'less-aligned',
      'too few orders to find anything, and random features alone are no evidence about opposition',
      { p: [0.4, 0.001], draws: 5 },
    ],
    [
      'less-opposed',
      'nor about leaning the same way',
      { mean: 0.3, interval: [0.25, 0.35], p: [Number.NaN, 0.001] },
    ],
    ['less-aligned', 'other orders alone are not either', { p: [0.001, Number.NaN] }],
    ['less-aligned', 'four concepts listed twice are four', { pairsOf: [0, 1, 2, 3, 0, 1, 2, 3] }],
    ['opposed', 'five concepts, one listed twice, are five', { pairsOf: [0, 1, 2, 3, 4, 4] }],
    ['not-tested', 'no test could be made', { p: [Number.NaN, Number.NaN] }],
  ])('%s: %s', (finding, _, found) => {
    expect(judge(found).finding).toBe(finding);
  });

  it('is nothing without tests', () => {
    expect(judge(undefined)).toEqual({
      space: 'decoder',
      finding: 'not-tested',
      antipodalExtremes: undefined,
      sentences: [],
    });
  });
});

function text(found: Case, more: Partial<VerdictInput> = {}): string {
  return judge(found, more).sentences.join(' ');
}

describe('the sentences', () => {
  it('say how large, beside what, and how sure', () => {
    expect(text({ p: [0.0004, 0.0002, 0.012], nullMeans: [0.01, -0.002, 0.003] })).toBe(
      'Opposites lean apart: mean cosine -0.300 (95 % -0.350 to -0.250), an angle of about 107 degrees, where 90 is unrelated and 180 opposite; ' +
        'beside the same sets in other orders 0.010, p 0.0004; random features -0.002, p 0.0002; random features that are active about as often 0.003, p 0.012. ' +
        'By themselves 1 of 2 concepts differ from random features (q of at most 0.05): Light less alike.',
    );
    expect(text({ mean: -0.7, interval: [-0.8, -0.6] })).toMatch(
      /^Opposites point apart: .* about 134 degrees/,
    );
    expect(text({ mean: 0.3, interval: [0.2, 0.4] })).toMatch(
      /^Opposites lean the same way, not apart: .* about 73 degrees/,
    );
  });

  it('say what a missing difference can still hide', () => {
    expect(text({ mean: -0.01, interval: [-0.04, 0.02], p: [0.6, 0.5] })).toBe(
      'No difference from chance was found: mean cosine -0.010 (95 % -0.040 to 0.020); beside the same sets in other orders 0.000, p 0.60; random features 0.000, p 0.50. ' +
        'With these concepts the test against random features finds a mean of -0.056 or lower in 80 % of cases; weaker opposition would often be missed. ' +
        'Any true mean from -0.040 to 0.020 fits these concepts.',
    );
  });

  it('name no mean that a cosine cannot have, and none without a spread to go by', () => {
    const nothing = { mean: -0.01, interval: [-0.04, 0.02], p: [0.6, 0.5] } as const;
    const wide = text({ ...nothing, interval: [-0.04, 0.02], nullSd: 0.6 });
    expect(wide).toContain('These concepts could hardly show any opposition');
    expect(wide).not.toContain('finds a mean of');
    expect(text({ ...nothing, interval: [-0.04, 0.02], nullSd: 0 })).toContain(
      'What would have been found cannot be said: random features all have the same mean.',
    );
    const reasons = { matchedRandom: 'only single rows were read' };
    const alone = text({ mean: -0.01, interval: [-0.04, 0.02], p: [0.6, Number.NaN], reasons });
    expect(alone).toContain('cannot be said: only single rows were read.');
    expect(text({ p: [0.001, Number.NaN], reasons })).toContain(
      'It was not compared with random features: only single rows were read.',
    );
  });

  it('say nothing about other orders where these could not be compared', () => {
    const few = text({ p: [Number.NaN, 0.0002, 0.4] });
    expect(few).toContain('how often they are active may be all there is to it');
    expect(few).not.toContain('features of different concepts');
    expect(text({ p: [0.4, 0.0002, 0.4], draws: 5 })).not.toContain('features of different concepts');
  });

  it('say that a concept listed twice is no further one', () => {
    expect(text({ pairsOf: [0, 1, 2, 3, 4, 4] })).toContain(
      '1 of 6 concepts repeats pairs of others, which p-values and intervals count as new.',
    );
    const four = text({ pairsOf: [0, 1, 2, 3, 0, 1, 2, 3] });
    expect(four).toContain('4 of 8 concepts repeat pairs of others');
    expect(four).toContain('too few concepts to tell opposites from any two sets');
    expect(text({})).not.toContain('pairs of others');
  });

  it.each<[string, Case]>([
    ['it may be about these features, not about opposites', { p: [0.3, 0.0002] }],
    ['but not than random features', { p: [0.0002, 0.3] }],
    ['how often they are active may be all there is to it', { p: [0.0002, 0.0002, 0.06] }],
    ['point to different sides', { nullMeans: [-0.5, 0] }],
  ])('say what it means that tests disagree: %s', (words, found) => {
    expect(text(found)).toContain('The tests do not agree, so nothing is claimed about opposites');
    expect(text(found)).toContain(words);
  });

  it('say what a claim hangs on', () => {
    const without = ['Light', 'Size', 'Age', 'Heat', 'Speed'].map((name, index) => ({
      concept: concept(name),
      observed: -0.2,
      permutationP: index === 1 ? 0.001 : 0.2,
      matchedRandomP: 0.001,
    }));
    expect(text({ without })).toContain('without Light, Age, Heat or one other the tests do not all find it');
    expect(text({ without, p: [Number.NaN, 0.001] })).not.toContain('hangs on single concepts');
    const variant = (kind: Variant['kind'], p: number): Variant => ({
      kind,
      concepts: 2,
      pairs: 2,
      mean: estimate(-0.3),
      permutation: outcome(-0.3, p),
      matchedRandom: outcome(-0.3, p),
    });
    const variants = [variant('macro', 0.001), variant('centred', 0.3), variant('without-dense', 0.3)];
    expect(text({ variants })).not.toContain('dense feature');
    const hanging = text({ variants, denseFeatures: [3] });
    expect(hanging).toContain('not found once the mean direction of the dictionary is removed');
    expect(hanging).toContain(
      'not found without the 1 dense feature among the concepts (active on more than 10 % of tokens)',
    );
    const firm = [variant('macro', 0.001), variant('centred', 0.01), variant('without-dense', 0.01)];
    expect(text({ variants: firm, denseFeatures: [3] })).not.toContain('not found');
    expect(text({ p: [Number.NaN, 0.001] })).toContain(
      'too few concepts to tell opposites from any two sets',
    );
  });

  it('say why nothing was tested', () => {
    expect(text({ p: NONE })).toMatch(/^Nothing could be tested: .*no pair has a cosine\.$/);
  });
});

describe('the extremes in words', () => {
  const first = {
    space: 'decoder',
    end: 'opposed',
    rank: 1,
    cosDecoder: -0.99,
    cosEncoder: -0.9,
  } as ExtremePair;
  const count = (more: Partial<ClassCount>): ClassCount => ({
    space: 'decoder',
    end: 'opposed',
    pairClass: 'antipodal',
    pairs: 8,
    of: 10,
    bothDense: 7,
    oneDense: 1,
    opposites: 0,
    withConceptFeature: 0,
    ...more,
  });
  const judged = (...classes: ClassCount[]): SpaceVerdict =>
    judge({ mean: 0, p: [0.5, 0.5] }, { extremes: [first], classes });

  it('antipodal latents are told from opposites, and dense ones from others', () => {
    const dense = judged(count({}), count({ pairClass: 'weak', pairs: 2, opposites: 1 }));
    expect(dense.antipodalExtremes).toBe(true);
    expect(dense.sentences.slice(-2)).toEqual([
      'Of the 10 most opposed pairs of all (from -0.990) 8 are antipodal in both matrices (7 with both features dense, that is active on more than 10 % of tokens), 1 is a pair of opposites of these concepts.',
      'The strongest oppositions of this dictionary are antipodal latents, most of them no opposites of these concepts: two dense latents that span one direction between them, as arXiv 2506.15679 describes.',
    ]);
    expect(judged(count({ bothDense: 2 })).sentences.at(-1)).toMatch(
      /most of them no opposites of these concepts\.$/,
    );
    expect(judged(count({ bothDense: undefined })).sentences.at(-2)).toContain(
      'antipodal in both matrices, 0 are',
    );
  });

  it('antipodal pairs that are opposites of the concepts are no such thing, nor are few', () => {
    expect(judged(count({ opposites: 6 })).antipodalExtremes).toBe(false);
    expect(judged(count({ pairs: 5 }), count({ pairClass: 'weak', pairs: 5 })).antipodalExtremes).toBe(false);
    expect(judged(count({ end: 'aligned' })).antipodalExtremes).toBeUndefined();
  });
});
