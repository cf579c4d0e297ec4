/** @file A calibration of steering strengths as a table for files, and what it is to those who draw it. */

import { type Table, tableFrom } from '../formats/table.ts';
import type { PolePair, SteerMethod, SteerPositions, StrengthUnit } from '../steering/arm.ts';
import type { Calibration, PoleCalibration } from '../steering/calibrate.ts';

export interface CalibrationSubject {
  readonly model: string;
  readonly sae: string;
  /** `behind layer 2`. */
  readonly place: string;
  readonly poles: PolePair;
  readonly unit: StrengthUnit;
  readonly method: SteerMethod;
  readonly positions: SteerPositions;
  /** Of the residual stream; undefined where the unit does not need it. */
  readonly meanNorm: number | undefined;
  readonly prompts: readonly string[];
  readonly seed: number;
  readonly calibration: Calibration;
}

export const CALIBRATION_SCHEMA_VERSION = 1;

/** Within the recommended range, both ends included. */
export function isRecommended({ recommended }: PoleCalibration, strength: number): boolean {
  return recommended !== null && strength >= recommended.from && strength <= recommended.to;
}

/** A row per pole and strength, and one of no steering, whose pole and strength are null and whose own activation is the first pole's. */
export function calibrationTables({ calibration }: CalibrationSubject): Table[] {
  const { a, b, control } = calibration;
  const nothing = { ...control, strength: null, length: 0, changed: null, nll_ratio: null };
  const rows = [
    { pole: null, isInRange: null, point: nothing },
    ...[a, b].flatMap((side) =>
      side.points.map((point) => ({
        pole: side.pole,
        isInRange: isRecommended(side, point.strength),
        point,
      })),
    ),
  ];
  return [
    tableFrom('calibration', rows, [
      { name: 'pole', type: 'string', value: ({ pole }) => pole },
      { name: 'strength', type: 'float64', value: ({ point }) => point.strength },
      { name: 'is_recommended', type: 'boolean', value: ({ isInRange }) => isInRange },
      { name: 'added_length', type: 'float64', value: ({ point }) => point.length },
      { name: 'replies', type: 'int32', value: ({ point }) => point.replies },
      { name: 'changed', type: 'float64', value: ({ point }) => point.changed },
      { name: 'nll', type: 'float64', value: ({ point }) => point.nll },
      { name: 'nll_ratio', type: 'float64', value: ({ point }) => point.nll_ratio },
      { name: 'repetition', type: 'float64', value: ({ point }) => point.repetition },
      { name: 'distinct_2', type: 'float64', value: ({ point }) => point.distinct_2 },
      { name: 'own_activation', type: 'float64', value: ({ point }) => point.own_activation },
      { name: 'other_activation', type: 'float64', value: ({ point }) => point.other_activation },
    ]),
  ];
}
