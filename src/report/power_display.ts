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
      finiteCosine(test.mean),
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

function cannotReach({ test, drop }: TestPower): string[] {
  if (Number.isFinite(drop)) return [];
  return [
    `${TEST_NAMES[test]}: these concepts have too few orders for a p-value this small, however large the drop.`,
  ];
}

function curveTable(place: string, found: AntonymPower): DisplayTable {
  return {
    title: `Power by drop, ${place}`,
    columns: [
      left('Test'),
      right('Shift of the mean'),
      right('Power'),
      right('Power if normal'),
      right('Concepts needed'),
    ],
    rows: found.tests.flatMap((test) =>
      test.points.map((point) => [
        TEST_NAMES[test.test],
        formatCosine(point.shift),
        percent(point.power),
        percent(point.normalPower),
        Number.isFinite(point.conceptsNeeded) ? formatCount(point.conceptsNeeded) : '',
      ]),
    ),
    notes: [
      `Concepts needed: so many of the same kind reach ${percent(found.power)}, if the null distribution is normal.`,
    ],
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share === Math.round(share * 100) / 100 ? 0 : 1)} %`;
}

function finiteCosine(value: number): string {
  return Number.isFinite(value) ? formatCosine(value) : '';
}
