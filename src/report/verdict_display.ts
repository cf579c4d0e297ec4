/** @file The verdict, the tests behind it, and what the extremes are, as display tables. */

import type { AntonymTests, Variant } from '../geometry/antonym_tests.ts';
import type { SpaceMeasures } from '../geometry/measure_space.ts';
import { STRONG_COSINE } from '../geometry/pair_class.ts';
import type { SpaceVerdict } from '../geometry/verdict.ts';
import type { Interval } from '../stats/wilson.ts';
import { type DisplayTable, formatCosine, formatCount, formatP, left, plural, right } from './display.ts';
import { type GeometrySubject, labelOf, SPACE_NAMES } from './geometry_subject.ts';
import { chanceExtremes } from './population_tables.ts';
import { testRows } from './tests_tables.ts';

const FINDINGS: Record<SpaceVerdict['finding'], string> = {
  opposed: 'apart',
  'less-aligned': 'less alike than chance',
  aligned: 'the same way',
  'less-opposed': 'less apart than chance',
  mixed: 'tests disagree',
  'no-difference': 'no difference found',
  'not-tested': 'not tested',
};

/** What the run says, a row per space and a few sentences for each; none where nothing was tested. */
export function verdictTable(subject: GeometrySubject): DisplayTable | undefined {
  const { spaces, verdicts } = subject.geometry;
  const judged = verdicts.filter(({ sentences }) => sentences.length > 0);
  if (spaces.every(({ tests }) => tests === undefined)) return undefined;
  return {
    title: `Do opposites point apart? ${labelOf(subject)}`,
    columns: [
      left('Space'),
      right('Concepts'),
      right('Pairs'),
      right('Mean of concept means'),
      right('95 %'),
      right('Other orders'),
      right('p'),
      right('Random features'),
      right('p'),
      right('Of like density'),
      right('p'),
      left('Opposites lean'),
    ],
    rows: judged.flatMap(({ space, finding }) => {
      const tests = spaces.find((measures) => measures.space === space)?.tests;
      return tests ? [verdictCells(space, finding, tests)] : [];
    }),
    notes: judged.flatMap(({ space, sentences }) =>
      sentences.map((sentence) => `${SPACE_NAMES[space]}: ${sentence}`),
    ),
  };
}

function verdictCells(
  space: SpaceVerdict['space'],
  finding: SpaceVerdict['finding'],
  tests: AntonymTests,
): string[] {
  const { permutation, matchedRandom, matchedDensity, interval, sensitivity } = tests;
  const [macro] = sensitivity.variants as [Variant];
  return [
    SPACE_NAMES[space],
    formatCount(macro.concepts),
    formatCount(macro.pairs),
    formatCosine(matchedRandom.observed),
    formatInterval(interval),
    ...[permutation, matchedRandom, matchedDensity].flatMap((outcome) => [
      formatCosine(outcome?.nullMean),
      formatP(outcome?.p ?? Number.NaN),
    ]),
    FINDINGS[finding],
  ];
}

const VARIANTS: Record<Variant['kind'], string> = {
  macro: 'mean of concept means',
  pooled: 'pooled',
  centred: 'mean direction removed',
  'without-dense': 'without dense features',
};

const TESTS: Record<string, string> = {
  permutation: 'sets in other orders',
  'matched-random': 'random features',
  'matched-density': 'random features of like density',
};

/** Every test under every choice, and how the overall result hangs on single concepts. */
export function testsTable(subject: GeometrySubject, { space, tests }: SpaceMeasures): DisplayTable {
  const { draws, seed, effects, sensitivity } = tests!;
  const rows = testRows(tests!);
  const { standardised, superiority } = effects;
  const reasons = new Set(
    rows.flatMap(({ variant, test, reason }) => {
      if (!reason) return [];
      const isOfAll = rows.some((row) => row.test === test && row.variant.kind === 'macro' && row.reason);
      return [`No ${TESTS[test]}${isOfAll ? '' : ` (${VARIANTS[variant.kind]})`}: ${reason}.`];
    }),
  );
  return {
    title: `Tests, ${SPACE_NAMES[space]}: ${labelOf(subject)}`,
    columns: [
      left('Statistic'),
      right('Pairs'),
      right('Mean'),
      right('95 %'),
      left('Compared with'),
      right('Null mean'),
      right('Null sd'),
      right('p'),
      right('Effect'),
      right('95 %'),
    ],
    rows: rows
      .filter(({ reason }) => reason === undefined)
      .map(({ variant, test, outcome }) => [
        VARIANTS[variant.kind],
        formatCount(variant.pairs),
        formatCosine(variant.mean.value),
        formatInterval(variant.mean.interval),
        TESTS[test]!,
        formatCosine(outcome?.nullMean),
        formatCosine(outcome?.nullSd),
        formatP(outcome?.p ?? Number.NaN),
        formatEffect(outcome?.effect),
        formatInterval(outcome?.interval, formatEffect),
      ]),
    notes: [
      ...reasons,
      `${formatCount(draws)} draws per test, seed ${seed}; p is two-sided; intervals resample concepts. Effect: the difference from the null mean in standard deviations of single pairs (${formatCosine(effects.pairSd)}).`,
      ...(superiority
        ? [
            `A pair of opposites has a larger cosine than ${formatShare(superiority.value)} of all pairs (95 % ${formatShare(superiority.interval.low)} to ${formatShare(superiority.interval.high)}; 50 % by chance)${Number.isNaN(standardised.value) ? '' : `; in standard deviations ${formatEffect(standardised.value)}`}.`,
          ]
        : []),
      ...withoutSentence(sensitivity.withoutConcept),
    ],
  };
}

function withoutSentence(all: AntonymTests['sensitivity']['withoutConcept']): string[] {
  const known = all.filter(({ observed }) => !Number.isNaN(observed));
  if (known.length < 2) return [];
  const sorted = [...known].sort((a, b) => a.observed - b.observed);
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  const largest = (beside: string, values: readonly number[]): string[] => {
    const made = values.filter((p) => !Number.isNaN(p));
    return made.length === 0 ? [] : [`${formatP(Math.max(...made))} ${beside}`];
  };
  const ps = [
    ...largest(
      'in other orders',
      known.map(({ permutationP }) => permutationP),
    ),
    ...largest(
      'beside random features',
      known.map(({ matchedRandomP }) => matchedRandomP),
    ),
  ];
  return [
    `Without one concept in turn the mean lies between ${formatCosine(low.observed)} (without ${low.concept.concept}) and ${formatCosine(high.observed)} (without ${high.concept.concept})${ps.length === 0 ? '' : `; the largest p is ${ps.join(', ')}`}.`,
  ];
}

/** How many of the extremes fall in which class, and what they join. */
export function classesTable(subject: GeometrySubject, denseAbove: number): DisplayTable {
  const { classes, spaces } = subject.geometry;
  return {
    title: `What the extremes are: ${labelOf(subject)}`,
    columns: [
      left('Space'),
      left('End'),
      left('Class'),
      right('Pairs'),
      right('Both dense'),
      right('One dense'),
      right('Opposites'),
      right('With a concept’s feature'),
    ],
    rows: classes.map((one) => [
      SPACE_NAMES[one.space],
      one.end,
      one.pairClass ?? 'unknown',
      `${formatCount(one.pairs)} of ${formatCount(one.of)}`,
      one.bothDense === undefined ? '' : formatCount(one.bothDense),
      one.oneDense === undefined ? '' : formatCount(one.oneDense),
      formatCount(one.opposites),
      formatCount(one.withConceptFeature),
    ]),
    notes: [
      `Antipodal: cosines of at most -${STRONG_COSINE} in both matrices; duplicate: of at least ${STRONG_COSINE} in both; decoder-only and encoder-only: strong in one of them. Dense: active on more than ${formatShare(denseAbove)} of tokens${classes.every(({ bothDense }) => bothDense === undefined) ? ', which is not known here' : ''}.`,
      ...spaces.flatMap((measures) => expectedSentence(subject, measures)),
    ],
  };
}

function expectedSentence(
  { geometry }: GeometrySubject,
  { space, population, top, bottom }: SpaceMeasures,
): string[] {
  const expected = population && chanceExtremes(population.pairs, geometry.header.dIn);
  const [first, last] = [top?.[0], bottom?.[0]];
  if (!expected || !first || !last) return [];
  return [
    `${SPACE_NAMES[space]}: of ${plural(population.pairs, 'pair', 'pairs')} of random directions in ${formatCount(geometry.header.dIn)} dimensions the most opposed would be about ${formatCosine(expected.smallest.mean)} and the most aligned about ${formatCosine(expected.largest.mean)}; found are ${formatCosine(last.cos)} and ${formatCosine(first.cos)}.`,
  ];
}

/** How antipodal features of different kinds are. */
export function antipodalityTable(subject: GeometrySubject): DisplayTable {
  const { features, groups } = subject.geometry.antipodality!;
  const { score, partner, cosEncoder, cosDecoder } = features;
  return {
    title: `Antipodality: ${labelOf(subject)}`,
    columns: [
      left('Features'),
      right('n'),
      right('Mean score'),
      right('Antipodal'),
      right('Duplicate'),
      right('Highest'),
      left('Of pair'),
      right('Encoder'),
      right('Decoder'),
    ],
    rows: groups.map(({ group, n, mean, antipodal, duplicate, highest }) => [
      group,
      formatCount(n),
      formatCosine(mean),
      formatCount(antipodal),
      formatCount(duplicate),
      ...(highest === undefined
        ? ['', '', '', '']
        : [
            formatCosine(score[highest]),
            `[${highest}, ${partner[highest]}]`,
            formatCosine(cosEncoder[highest]),
            formatCosine(cosDecoder[highest]),
          ]),
    ]),
    notes: [
      'Score of a feature: the largest product of its two cosines with another feature, encoder with encoder and decoder with decoder. Antipodal, duplicate: features whose partner is strongly opposed, or strongly alike, in both.',
    ],
  };
}

function formatEffect(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(2);
}

function formatShare(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

function formatInterval(
  interval: Interval | undefined,
  format: (value: number) => string = formatCosine,
): string {
  if (interval === undefined || Number.isNaN(interval.low)) return '';
  return `${format(interval.low)} to ${format(interval.high)}`;
}
