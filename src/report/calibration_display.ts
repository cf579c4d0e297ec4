/** @file A calibration of steering strengths as display tables. */

import type { CalibrationPoint, PoleCalibration } from '../steering/calibrate.ts';
import { type CalibrationSubject, isRecommended } from './calibration_tables.ts';
import { type DisplayTable, left, plural, right } from './display.ts';

export function calibrationDisplay(subject: CalibrationSubject): DisplayTable[] {
  const { a, b } = subject.calibration;
  return [poleTable(subject, a), poleTable(subject, b), summaryTable(subject)];
}

function poleTable(subject: CalibrationSubject, side: PoleCalibration): DisplayTable {
  const { control } = subject.calibration;
  const isA = side === subject.calibration.a;
  const own = isA ? control.own_activation : control.other_activation;
  const unsteered: Cells = { ...control, own_activation: own };
  return {
    title: `${side.pole}, ${subject.sae} ${subject.place}`,
    columns: [
      right('Strength'),
      right('Added length'),
      right('Changed'),
      right('NLL'),
      right('x control'),
      right('Repetition'),
      right('Own activation'),
      left(''),
    ],
    rows: [
      ['none', '', '', ...cellsOf(unsteered), ''],
      ...side.points.map((point) => [
        String(Number(point.strength.toPrecision(6))),
        point.length === null ? '' : point.length.toPrecision(4),
        `${Math.round(point.changed * 100)} %`,
        ...cellsOf(point),
        isRecommended(side, point.strength) ? 'steers' : '',
      ]),
    ],
    notes: [rangeSentence(side)],
  };
}

type Cells = Pick<CalibrationPoint, 'nll' | 'own_activation' | 'repetition'> & {
  readonly nll_ratio?: number | null;
};

function cellsOf({ nll, nll_ratio, repetition, own_activation }: Cells): string[] {
  return [fixed(nll, 3), fixed(nll_ratio, 2), fixed(repetition, 2), fixed(own_activation, 2)];
}

export function rangeSentence({ pole, points, recommended }: PoleCalibration): string {
  const all = points.map(({ strength }) => strength);
  if (!recommended) {
    return `${pole}: no strength from ${shown(all[0])} to ${shown(all.at(-1))} changes the text and leaves it text; try others with --strengths.`;
  }
  const { from, to } = recommended;
  return from === to
    ? `${pole} steers at ${shown(from)}.`
    : `${pole} steers from ${shown(from)} to ${shown(to)}.`;
}

function summaryTable({
  calibration,
  method,
  positions,
  prompts,
  seed,
  unit,
  meanNorm,
}: CalibrationSubject): DisplayTable {
  const { least_changed, most_nll_ratio, most_repetition_gain } = calibration.limits;
  const norm = meanNorm === undefined ? '' : ` (${meanNorm.toPrecision(4)})`;
  return {
    title: 'What was calibrated',
    columns: [left(''), left('')],
    rows: [
      ['Strength', `in ${unit}${norm}, ${method}, ${positions} positions`],
      ['Prompt', prompts.map((prompt) => JSON.stringify(prompt)).join(', ')],
      [
        'Replies',
        `${plural(calibration.control.replies, 'reply', 'replies')} per strength, seed ${seed}: the same draws for all`,
      ],
    ],
    notes: [
      `A strength steers where ${Math.round(least_changed * 100)} % of the replies change or more, the NLL without steering stays below ${most_nll_ratio} x that of unsteered replies, and repetition grows by ${most_repetition_gain} at most. What the replies say is a judge's part.`,
    ],
  };
}

function fixed(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined ? '' : value.toFixed(digits);
}

function shown(value: number | undefined): string {
  return value === undefined ? '' : String(Number(value.toPrecision(6)));
}
