/**
 * @file What the tests, the population and the extremes of one space say, in words that are never stronger than the tests. A difference is claimed only
 * where every test that could be made finds it at the 5 % level and on the same side; what a claim hangs on is said beside it.
 */

import type { Space } from '../sae/sae.ts';
import { normalDetectableDrop } from '../stats/power.ts';
import type { AntonymTests, Variant } from './antonym_tests.ts';
import type { ClassCount } from './extreme_facts.ts';
import type { ExtremePair } from './extremes.ts';
import { repeatedConcepts } from './repeated_concepts.ts';
import type { TestOutcome } from './test_outcome.ts';

/** Two-sided level of every test behind a claim. */
export const CLAIM_LEVEL = 0.05;
/** The probability with which a difference that is named as detectable would have been found. */
const POWER = 0.8;

/** Four sets have 24 orders, too few for a small p-value; five have 120. */
const FEWEST_CONCEPTS = 5;

/**
 * `opposed`: below 0 and below every null. `less-aligned`: below every null, not below 0. `aligned`: above 0 and above every null. `less-opposed`: above every null,
 * not above 0. Where only other orders or only random features could be compared with, it is not shown which side of 0 opposites are on. `mixed`: the tests disagree. `no-difference`: no test finds any. `not-tested`: none could be made.
 */
export type Finding =
  | 'opposed'
  | 'less-aligned'
  | 'aligned'
  | 'less-opposed'
  | 'mixed'
  | 'no-difference'
  | 'not-tested';

export interface SpaceVerdict {
  readonly space: Space;
  readonly finding: Finding;
  /** Whether the extremes at the opposed end are mostly antipodal latents and no opposites; undefined without a search. */
  readonly antipodalExtremes: boolean | undefined;
  /** The finding first, then what it hangs on, then what the extremes are. */
  readonly sentences: readonly string[];
}

export interface VerdictInput {
  readonly space: Space;
  readonly tests: AntonymTests | undefined;
  /** Of this space; empty without a search. */
  readonly extremes: readonly ExtremePair[];
  readonly classes: readonly ClassCount[];
  readonly denseAbove: number;
}

export function judgeSpace(input: VerdictInput): SpaceVerdict {
  const { space, tests, classes } = input;
  const finding = tests ? findingOf(tests) : 'not-tested';
  const opposed = classes.filter((one) => one.space === space && one.end === 'opposed');
  return {
    space,
    finding,
    antipodalExtremes: opposed.length === 0 ? undefined : isMostlyAntipodal(opposed),
    sentences: [
      ...(tests ? [findingSentence(finding, tests), ...supportSentences(finding, tests)] : []),
      ...extremeSentences(input, opposed),
    ],
  };
}

interface NamedTest {
  readonly beside: string;
  readonly outcome: TestOutcome;
}

/** Those that could be made and could find something. */
function madeTests({ permutation, matchedRandom, matchedDensity }: AntonymTests | Variant): NamedTest[] {
  return [
    { beside: 'the same sets in other orders', outcome: permutation },
    { beside: 'random features', outcome: matchedRandom },
    ...(matchedDensity
      ? [{ beside: 'random features that are active about as often', outcome: matchedDensity }]
      : []),
  ].filter(({ outcome }) => canDecide(outcome));
}

/** With few concepts their sets have so few orders that no p-value could be small; NaN where there is no test. */
function canDecide({ p, draws }: TestOutcome): boolean {
  return !Number.isNaN(p) && 2 / (draws + 1) <= CLAIM_LEVEL;
}

/** -1 lower, 1 higher, 0 no difference at the level. */
function sideOf({ p, observed, nullMean }: TestOutcome): -1 | 0 | 1 {
  if (!(p <= CLAIM_LEVEL) || observed === nullMean) return 0;
  return observed < nullMean ? -1 : 1;
}

function commonSide(tests: readonly NamedTest[]): -1 | 0 | 1 | undefined {
  const sides = new Set(tests.map(({ outcome }) => sideOf(outcome)));
  return sides.size === 1 ? [...sides][0] : undefined;
}

function findingOf(tests: AntonymTests): Finding {
  const made = madeTests(tests);
  if (made.length === 0) return 'not-tested';
  const side = commonSide(made);
  if (side === undefined) return 'mixed';
  if (side === 0) return 'no-difference';
  // An interval that is not known excludes nothing.
  const { low, high } = tests.interval;
  const isBacked = tellsPairs(tests) && canDecide(tests.matchedRandom);
  if (side < 0) return isBacked && high < 0 ? 'opposed' : 'less-aligned';
  return isBacked && low > 0 ? 'aligned' : 'less-opposed';
}

/** Whether there are concepts enough to tell opposites from any two sets of their features; one that is listed twice is one. */
function tellsPairs({ permutation, concepts }: AntonymTests): boolean {
  const { listed, repeated } = observations(concepts);
  return canDecide(permutation) && (repeated === 0 || listed - repeated >= FEWEST_CONCEPTS);
}

function observations(concepts: AntonymTests['concepts']): {
  readonly listed: number;
  readonly repeated: number;
} {
  const listed = concepts.filter(({ n }) => n > 0).map(({ concept }) => concept);
  return { listed: listed.length, repeated: repeatedConcepts(listed).length };
}

function findingSentence(finding: Finding, tests: AntonymTests): string {
  const made = madeTests(tests);
  const observed = tests.matchedRandom.observed;
  const mean = `mean cosine ${shown(observed)}${intervalText(tests)}`;
  const ps = made.map(({ beside, outcome }) => `${beside} ${shown(outcome.nullMean)}, p ${pText(outcome.p)}`);
  const beside = `beside ${ps.join('; ')}`;
  switch (finding) {
    case 'opposed':
      return `Opposites ${observed <= -0.5 ? 'point apart' : 'lean apart'}: ${mean}, an angle of about ${angle(observed)} degrees, where 90 is unrelated and 180 opposite; ${beside}.`;
    case 'less-aligned':
      return `Opposites are less alike than chance, but are not shown to point apart: ${mean}; ${beside}.`;
    case 'aligned':
      return `Opposites lean the same way, not apart: ${mean}, an angle of about ${angle(observed)} degrees, where 90 is unrelated and 0 the same; ${beside}.`;
    case 'less-opposed':
      return `Opposites are less apart than chance, but are not shown to lean the same way: ${mean}; ${beside}.`;
    case 'mixed':
      return `The tests do not agree, so nothing is claimed about opposites: ${mean}; ${beside}.`;
    case 'no-difference':
      return `No difference from chance was found: ${mean}; ${beside}.`;
    case 'not-tested':
      return `Nothing could be tested: ${mean}; ${Object.values(tests.reasons)[0] ?? 'no pair has a cosine'}.`;
  }
}

function supportSentences(finding: Finding, tests: AntonymTests): string[] {
  switch (finding) {
    case 'not-tested':
      return [];
    case 'mixed':
      return [disagreement(tests)];
    case 'no-difference':
      return [detectable(tests)];
    default:
      return [...caveats(tests), ...singleConcepts(tests)];
  }
}

/** What it means that one test finds a difference and another does not. */
function disagreement(tests: AntonymTests): string {
  const { permutation, matchedRandom, matchedDensity } = tests;
  const paired = canDecide(permutation) ? sideOf(permutation) : undefined;
  const random = sideOf(matchedRandom);
  const density = matchedDensity && canDecide(matchedDensity) ? sideOf(matchedDensity) : undefined;
  if (paired === 0 && random !== 0) {
    return `The features of these concepts are ${random < 0 ? 'less alike' : 'more alike'} than random ones, but opposites are not shown to be more so than features of different concepts: it may be about these features, not about opposites.`;
  }
  if (paired !== undefined && paired !== 0 && random === 0) {
    return `Opposites are ${paired < 0 ? 'less alike' : 'more alike'} than the same features in other pairs, but not than random features.`;
  }
  if (density === 0 && random !== 0) {
    return 'Features that are active about as often show the same: how often they are active may be all there is to it.';
  }
  return 'The tests point to different sides, or one of them is alone with its difference.';
}

function detectable({ matchedRandom, interval, reasons }: AntonymTests): string {
  const drop = normalDetectableDrop(matchedRandom.nullSd, { level: CLAIM_LEVEL, power: POWER });
  const range = Number.isNaN(interval.low)
    ? ''
    : ` Any true mean from ${shown(interval.low)} to ${shown(interval.high)} fits these concepts.`;
  if (!(drop > 0)) {
    const reason = reasons.matchedRandom ?? 'random features all have the same mean';
    return `What would have been found cannot be said: ${reason}.${range}`;
  }
  const least = matchedRandom.nullMean - drop;
  if (least < -1) {
    return `These concepts could hardly show any opposition: a mean that the test against random features finds in ${100 * POWER} % of cases would be below -1.${range}`;
  }
  return `With these concepts the test against random features finds a mean of ${shown(least)} or lower in ${100 * POWER} % of cases; weaker opposition would often be missed.${range}`;
}

/** Most concepts named in a sentence; the files have all. */
const MOST_NAMED = 3;

function caveats(tests: AntonymTests): string[] {
  const { permutation, sensitivity, reasons } = tests;
  const { listed, repeated } = observations(tests.concepts);
  const side = commonSide(madeTests(tests));
  const fragile = sensitivity.withoutConcept.filter(
    ({ permutationP, matchedRandomP, matchedDensityP = 0 }) =>
      (canDecide(permutation) && permutationP > CLAIM_LEVEL) ||
      matchedRandomP > CLAIM_LEVEL ||
      matchedDensityP > CLAIM_LEVEL,
  );
  const names = fragile.slice(0, MOST_NAMED).map(({ concept }) => concept.concept);
  const left = fragile.length - MOST_NAMED;
  const more = left <= 0 ? '' : left === 1 ? ' or one other' : ` or one of ${left} others`;
  const [centred, sparse] = (['centred', 'without-dense'] as const).map((kind) =>
    sensitivity.variants.find((variant) => variant.kind === kind),
  );
  const fails = (variant: Variant | undefined): boolean =>
    variant !== undefined && commonSide(madeTests(variant)) !== side;
  return [
    ...(repeated > 0
      ? [
          `${repeated} of ${listed} concepts ${repeated === 1 ? 'repeats' : 'repeat'} pairs of others, which p-values and intervals count as new.`,
        ]
      : []),
    ...(!tellsPairs(tests)
      ? ['There are too few concepts to tell opposites from any two sets of these features.']
      : []),
    ...(!canDecide(tests.matchedRandom)
      ? [
          `It was not compared with random features${reasons.matchedRandom ? `: ${reasons.matchedRandom}` : ''}.`,
        ]
      : []),
    ...(fragile.length > 0
      ? [`It hangs on single concepts: without ${names.join(', ')}${more} the tests do not all find it.`]
      : []),
    ...(fails(centred) ? ['It is not found once the mean direction of the dictionary is removed.'] : []),
    ...(fails(sparse) && sensitivity.denseFeatures.length > 0
      ? [
          `It is not found without the ${count(sensitivity.denseFeatures.length, 'dense feature', 'dense features')} among the concepts (active on more than ${percent(sensitivity.denseAbove)} of tokens).`,
        ]
      : []),
  ];
}

function singleConcepts({ concepts }: AntonymTests): string[] {
  const tested = concepts.filter(({ q }) => !Number.isNaN(q));
  const found = tested.filter(({ q }) => q <= CLAIM_LEVEL);
  if (tested.length === 0) return [];
  return [
    `By themselves ${found.length} of ${count(tested.length, 'concept differs', 'concepts differ')} from random features (q of at most ${CLAIM_LEVEL})${namedSides(found)}.`,
  ];
}

/** `: Happiness-Sadness, Size more alike; Tone less alike`, the clearest first. */
function namedSides(found: AntonymTests['concepts']): string {
  const sides = [
    { words: 'more alike', on: found.filter(({ observed, nullMean }) => observed > nullMean) },
    { words: 'less alike', on: found.filter(({ observed, nullMean }) => observed < nullMean) },
  ].filter(({ on }) => on.length > 0);
  const texts = sides.map(({ on, words }) => {
    const names = [...on]
      .sort((x, y) => Math.abs(y.z) - Math.abs(x.z))
      .slice(0, MOST_NAMED)
      .map(({ concept }) => concept.concept);
    const left = on.length - names.length;
    return `${names.join(', ')}${left > 0 ? ` and ${count(left, 'other', 'others')}` : ''} ${words}`;
  });
  return texts.length === 0 ? '' : `: ${texts.join('; ')}`;
}

function isMostlyAntipodal(opposed: readonly ClassCount[]): boolean {
  const kept = opposed[0]!.of;
  const antipodal = opposed.find(({ pairClass }) => pairClass === 'antipodal');
  return antipodal !== undefined && antipodal.pairs - antipodal.opposites > kept / 2;
}

function extremeSentences(
  { space, extremes, denseAbove }: VerdictInput,
  opposed: readonly ClassCount[],
): string[] {
  const first = extremes.find(({ end, rank }) => end === 'opposed' && rank === 1);
  if (!first || opposed.length === 0) return [];
  const kept = opposed[0]!.of;
  const sum = (of: (one: ClassCount) => number | undefined): number =>
    opposed.reduce((total, one) => total + (of(one) ?? 0), 0);
  const antipodal = opposed.find(({ pairClass }) => pairClass === 'antipodal');
  const dense = antipodal?.bothDense;
  const cos = space === 'encoder' ? first.cosEncoder : first.cosDecoder;
  const parts = [
    `${isOrAre(antipodal?.pairs ?? 0)} antipodal in both matrices${dense === undefined || antipodal === undefined ? '' : ` (${dense} with both features dense, that is active on more than ${percent(denseAbove)} of tokens)`}`,
    `${oppositesText(sum(({ opposites }) => opposites))} of these concepts`,
  ];
  return [
    `Of the ${count(kept, 'most opposed pair', 'most opposed pairs')} of all (from ${shown(cos)}) ${parts.join(', ')}.`,
    ...(isMostlyAntipodal(opposed) ? [antipodalSentence(antipodal!)] : []),
  ];
}

function antipodalSentence({ pairs, bothDense }: ClassCount): string {
  const start =
    'The strongest oppositions of this dictionary are antipodal latents, most of them no opposites of these concepts';
  return bothDense !== undefined && bothDense > pairs / 2
    ? `${start}: two dense latents that span one direction between them, as arXiv 2506.15679 describes.`
    : `${start}.`;
}

function intervalText({ interval }: AntonymTests): string {
  return Number.isNaN(interval.low) ? '' : ` (95 % ${shown(interval.low)} to ${shown(interval.high)})`;
}

function shown(value: number): string {
  return value.toFixed(3);
}

function pText(p: number): string {
  return p >= 0.1 ? p.toFixed(2) : String(Number(p.toPrecision(2)));
}

function angle(cos: number): number {
  return Math.round((Math.acos(Math.max(-1, Math.min(1, cos))) * 180) / Math.PI);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

function oppositesText(number: number): string {
  return number === 1 ? '1 is a pair of opposites' : `${number} are opposites`;
}

function isOrAre(number: number): string {
  return number === 1 ? '1 is' : `${number} are`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
