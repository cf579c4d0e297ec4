/** @file What the tests of antonyms can detect, as display tables. */

import type { AntonymPower, PoweredTest, TestPower } from '../geometry/power.ts';
import { type DisplayTable, formatCosine, formatCount, left, plural, right } from './display.ts';
import { SPACE_NAMES } from './geometry_subject.ts';
import type { PowerSubject } from './power_tables.ts';
import { saeTable } from './sae_display.ts';

const TEST_NAMES: Readonly<Record<PoweredTest, string>> = {
  permutation: 'Sets B in other orders',
  'matched-random': 'Random features',
  'matched-density': 'Random features of like density',
};

export function powerDisplay(subjects: readonly PowerSubject[]): DisplayTable[] {
  return subjects.flatMap(({ header, concepts, warnings, spaces }) => [
    saeTable(header, warnings, [['Concepts', concepts.title]]),
    ...spaces.flatMap(({ space, found }) => {
      const place = `${SPACE_NAMES[space]}: ${header.identity.label}`;
      return [detectableTable(place, found), curveTable(place, found)];
    }),
  ]);
}

function detectableTable(place: string, found: AntonymPower): DisplayTable {
  return {
    title: `Smallest mean opposition that is found, ${place}`,
    columns: [
      left('Test'),
      right('Found from mean'),
      right('Drop'),
      right('In sd of a pair'),
      right('Null mean'),
      right('Null sd'),
      right('Drop if normal'),
      right('Draws'),
    ],
    rows: found.tests.map((test) => [
      TEST_NAMES[test.test],
      isReachable(test) ? finiteCosine(test.mean) : '',
      finiteCosine(test.drop),
      Number.isFinite(test.effect) ? test.effect.toFixed(2) : '',
      formatCosine(test.nullMean),
      formatCosine(test.nullSd),
      formatCosine(test.normalDrop),
      formatCount(test.draws),
    ]),
    notes: [sentence(found), ...found.tests.flatMap(cannotReach)],
  };
}

function sentence({ concepts, pairs, features, level, power }: AntonymPower): string {
  return `${plural(concepts, 'concept', 'concepts')}, ${plural(pairs, 'pair', 'pairs')} of ${plural(features, 'feature', 'features')}. Supposed is that the mean of every concept is lower by the same drop than that of random features; it is found with a probability of ${percent(power)} where p has to be at most ${level}.`;
}

/** No cosine is below -1. */
function isReachable({ mean }: Pick<TestPower, 'mean'>): boolean {
  return !(mean < -1);
}

function cannotReach({ test, drop, mean }: TestPower): string[] {
  if (Number.isFinite(drop)) {
    if (isReachable({ mean })) return [];
    return [
      `${TEST_NAMES[test]}: a mean that is lower by so much would be below -1, so these concepts could hardly show any opposition.`,
    ];
  }
  return [
    `${TEST_NAMES[test]}: these concepts have too few orders for a p-value this small, however large the drop.`,
  ];
}

/** All tests share their shifts; "if normal" and "needed" are those of random features. */
function curveTable(place: string, { tests, power }: AntonymPower): DisplayTable {
  return {
    title: `Power by shift, ${place}`,
    columns: [
      right('Shift of the mean'),
      ...tests.map(({ test }) => right(TEST_NAMES[test])),
      right('If normal'),
      right('Concepts needed'),
    ],
    rows: (tests[0]?.points ?? []).map(({ shift, normalPower, conceptsNeeded }, k) => [
      formatCosine(shift),
      ...tests.map(({ points }) => percent(points[k]!.power)),
      percent(normalPower),
      Number.isFinite(conceptsNeeded) ? formatCount(conceptsNeeded) : '',
    ]),
    notes: [
      `"If normal" is for random features whose mean is normally distributed; so many concepts of the same kind then reach ${percent(power)}.`,
    ],
  };
}

function percent(share: number): string {
  return Number.isNaN(share) ? '' : `${(100 * share).toFixed(1)} %`;
}

function finiteCosine(value: number): string {
  return Number.isFinite(value) ? formatCosine(value) : '';
}
