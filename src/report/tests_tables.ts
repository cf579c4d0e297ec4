/** @file The tests of a geometry run and its verdicts as tables for files; `docs/schema.md` describes the columns. */

import { type ColumnSpec, type Table, tableFrom } from '../formats/table.ts';
import type { AntonymTests, ConceptTest, Variant, WithoutConcept } from '../geometry/antonym_tests.ts';
import type { Estimate, TestOutcome } from '../geometry/test_outcome.ts';
import { eachSpace, placeInSpace } from './geometry_rows.ts';
import type { GeometrySubject } from './geometry_subject.ts';

export function testsTables(subjects: readonly GeometrySubject[]): Table[] {
  return [verdictsTable(subjects), testsTable(subjects), densityBinsTable(subjects)];
}

function verdictsTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures: { space, tests, pooledMean } }) => {
    const verdict = subject.geometry.verdicts.find((one) => one.space === space);
    return verdict && verdict.sentences.length > 0 ? [{ subject, space, verdict, tests, pooledMean }] : [];
  });
  const estimate = (
    name: string,
    of: (tests: AntonymTests) => Estimate | undefined,
  ): ColumnSpec<{ readonly tests: AntonymTests | undefined }>[] => [
    { name, type: 'float64', value: ({ tests }) => tests && of(tests)?.value },
    { name: `${name}_low`, type: 'float64', value: ({ tests }) => tests && of(tests)?.interval.low },
    { name: `${name}_high`, type: 'float64', value: ({ tests }) => tests && of(tests)?.interval.high },
  ];
  return tableFrom('verdicts', rows, [
    ...placeInSpace,
    { name: 'finding', type: 'string', value: ({ verdict }) => verdict.finding },
    {
      name: 'antipodal_extremes',
      type: 'boolean',
      value: ({ verdict }) => verdict.antipodalExtremes,
    },
    ...estimate('mean', ({ matchedRandom, interval }) => ({ value: matchedRandom.observed, interval })),
    { name: 'pooled_mean', type: 'float64', value: ({ tests, pooledMean }) => tests && pooledMean.cos },
    { name: 'pooled_mean_low', type: 'float64', value: ({ tests }) => tests?.pooledInterval.low },
    { name: 'pooled_mean_high', type: 'float64', value: ({ tests }) => tests?.pooledInterval.high },
    ...estimate('difference', ({ effects }) => effects.difference),
    ...estimate('standardised', ({ effects }) => effects.standardised),
    ...estimate('superiority', ({ effects }) => effects.superiority),
    { name: 'pair_sd', type: 'float64', value: ({ tests }) => tests?.effects.pairSd },
    { name: 'draws', type: 'int32', value: ({ tests }) => tests?.draws },
    { name: 'seed', type: 'float64', value: ({ tests }) => tests?.seed },
    { name: 'text', type: 'string', value: ({ verdict }) => verdict.sentences.join(' ') },
  ]);
}

interface TestRow {
  readonly variant: Variant;
  readonly test: string;
  readonly outcome: TestOutcome | undefined;
  readonly reason: string | undefined;
}

/** A row per variant and test; one that could not be made has its reason. */
export function testRows({ sensitivity, reasons }: AntonymTests): TestRow[] {
  return sensitivity.variants.flatMap((variant) => {
    const row = (
      test: string,
      outcome: TestOutcome | undefined,
      name: keyof AntonymTests['reasons'],
    ): TestRow => {
      const isMade = outcome !== undefined && !Number.isNaN(outcome.p);
      return {
        variant,
        test,
        outcome,
        reason: isMade ? undefined : (reasons[name] ?? lackOf(variant, test)),
      };
    };
    return [
      row('permutation', variant.permutation, 'permutation'),
      row('matched-random', variant.matchedRandom, 'matchedRandom'),
      row('matched-density', variant.matchedDensity, 'matchedDensity'),
    ];
  });
}

/** What a choice leaves too little of, where the test could be made of all concepts. */
function lackOf({ concepts }: Variant, test: TestRow['test']): string | undefined {
  if (concepts === 0) return 'no pair is left';
  return test === 'permutation' && concepts < 2 ? 'a single concept is left' : undefined;
}

function testsTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures: { space, tests } }) =>
    tests ? testRows(tests).map((row) => ({ ...row, subject, space })) : [],
  );
  return tableFrom('tests', rows, [
    ...placeInSpace,
    { name: 'variant', type: 'string', value: ({ variant }) => variant.kind },
    { name: 'test', type: 'string', value: ({ test }) => test },
    { name: 'concepts', type: 'int32', value: ({ variant }) => variant.concepts },
    { name: 'pairs', type: 'int32', value: ({ variant }) => variant.pairs },
    { name: 'mean', type: 'float64', value: ({ variant }) => variant.mean.value },
    { name: 'mean_low', type: 'float64', value: ({ variant }) => variant.mean.interval.low },
    { name: 'mean_high', type: 'float64', value: ({ variant }) => variant.mean.interval.high },
    { name: 'null_mean', type: 'float64', value: ({ outcome }) => outcome?.nullMean },
    { name: 'null_sd', type: 'float64', value: ({ outcome }) => outcome?.nullSd },
    { name: 'p', type: 'float64', value: ({ outcome }) => outcome?.p },
    { name: 'z', type: 'float64', value: ({ outcome }) => outcome?.z },
    { name: 'effect', type: 'float64', value: ({ outcome }) => outcome?.effect },
    { name: 'effect_low', type: 'float64', value: ({ outcome }) => outcome?.interval.low },
    { name: 'effect_high', type: 'float64', value: ({ outcome }) => outcome?.interval.high },
    { name: 'draws', type: 'int32', value: ({ outcome }) => outcome?.draws },
    { name: 'reason', type: 'string', value: ({ reason }) => reason },
  ]);
}

function densityBinsTable(subjects: readonly GeometrySubject[]): Table {
  const rows = eachSpace(subjects).flatMap(({ subject, measures: { space, tests } }) =>
    (tests?.densityBins ?? []).map((bin) => ({ ...bin, subject, space })),
  );
  return tableFrom('density_bins', rows, [
    ...placeInSpace,
    { name: 'from', type: 'float64', value: ({ from }) => from },
    { name: 'to', type: 'float64', value: ({ to }) => to },
    { name: 'places', type: 'int32', value: ({ places }) => places },
    { name: 'candidates', type: 'int32', value: ({ candidates }) => candidates },
  ]);
}

export interface TestedConcept {
  readonly test: ConceptTest | undefined;
  readonly without: WithoutConcept | undefined;
}

/** Behind a concept's own columns. */
export const conceptTestColumns: readonly ColumnSpec<TestedConcept>[] = [
  { name: 'null_mean', type: 'float64', value: ({ test }) => test?.nullMean },
  { name: 'null_sd', type: 'float64', value: ({ test }) => test?.nullSd },
  { name: 'p', type: 'float64', value: ({ test }) => test?.p },
  { name: 'q', type: 'float64', value: ({ test }) => test?.q },
  { name: 'effect', type: 'float64', value: ({ test }) => test?.effect },
  { name: 'effect_low', type: 'float64', value: ({ test }) => test?.interval.low },
  { name: 'effect_high', type: 'float64', value: ({ test }) => test?.interval.high },
  { name: 'density_null_mean', type: 'float64', value: ({ test }) => test?.density?.nullMean },
  { name: 'density_p', type: 'float64', value: ({ test }) => test?.density?.p },
  { name: 'density_q', type: 'float64', value: ({ test }) => test?.density?.q },
  { name: 'mean_without', type: 'float64', value: ({ without }) => without?.observed },
  { name: 'permutation_p_without', type: 'float64', value: ({ without }) => without?.permutationP },
  { name: 'matched_random_p_without', type: 'float64', value: ({ without }) => without?.matchedRandomP },
  { name: 'matched_density_p_without', type: 'float64', value: ({ without }) => without?.matchedDensityP },
];
