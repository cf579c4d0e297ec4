/** @file Arms at several strengths as curves: where their replies end, and how many are no text any more, with the unsteered control at 0. */

import { type ColumnSpec, type Table, tableFrom } from '../formats/table.ts';
import { END_STATES, type EndState } from '../judge/end_states.ts';
import type { ArmOutcome } from '../judge/outcome.ts';
import { type Interval, wilsonInterval } from '../stats/wilson.ts';
import type { ArmKind } from '../steering/arm.ts';
import { nameWithoutFactor } from '../steering/arm_rows.ts';
import { type DisplayTable, formatP, left, right } from './display.ts';
import { type JudgedPass, judgeTitle, poleNames, type SteeringSubject } from './steering_subject.ts';

export type CurveState = EndState | 'degenerate';

export const CURVE_STATES: readonly CurveState[] = [...END_STATES, 'degenerate'];

export interface CurvePoint {
  /** Multiple of the run's strength; 0 without steering. */
  readonly factor: number;
  /** In the unit of the run; the multiple where arms have strengths of their own. */
  readonly strength: number;
  readonly outcome: ArmOutcome;
}

export interface StrengthCurve {
  /** Of the arm, without its multiple. */
  readonly arm: string;
  readonly kind: ArmKind;
  /** By strength, the control first where there is one. */
  readonly points: readonly CurvePoint[];
}

/** One for each arm that stands at two strengths or more; labels are those of the pass. */
export function strengthCurves(subject: SteeringSubject, { outcome }: JudgedPass): StrengthCurve[] {
  const unit = subject.strength ?? 1;
  const byArm = new Map<string, ArmOutcome[]>();
  for (const one of outcome.arms.filter(({ kind }) => kind !== 'control')) {
    const name = nameWithoutFactor({ factor: one.factor, name: one.arm });
    byArm.set(name, [...(byArm.get(name) ?? []), one]);
  }
  const control = outcome.arms.find(({ kind }) => kind === 'control');
  return [...byArm]
    .filter(([, arms]) => arms.length > 1)
    .map(([arm, arms]) => ({
      arm,
      kind: arms[0]!.kind,
      points: [
        ...(control ? [{ factor: 0, strength: 0, outcome: control }] : []),
        ...arms
          .map((one) => ({
            factor: one.factor,
            // 0.6 x 1.5 is 0.9, whatever the sum of its bits.
            strength: Number((unit * one.factor).toPrecision(12)),
            outcome: one,
          }))
          .sort((x, y) => x.factor - y.factor),
      ],
    }));
}

export interface StateShare {
  readonly count: number;
  readonly of: number;
  /** NaN of nothing. */
  readonly share: number;
  /** Wilson, 95 %. */
  readonly interval: Interval;
}

/** Ends are shares of the judged replies, those without a label among them; degenerate text is one of all replies. */
export function shareOf(state: CurveState, { degenerate, net, replies }: ArmOutcome): StateShare {
  const [count, of] = state === 'degenerate' ? [degenerate, replies] : [net.counts[state], net.of];
  return { count, of, share: count / of, interval: wilsonInterval(count, of) };
}

interface CurveRow {
  readonly pass: JudgedPass;
  readonly curve: StrengthCurve;
  readonly point: CurvePoint;
  readonly state: CurveState;
}

/** A row per judge, arm, strength and state. */
export function strengthCurvesTable(subject: SteeringSubject, judge: readonly ColumnSpec<CurveRow>[]): Table {
  const rows = subject.judged.flatMap((pass) =>
    strengthCurves(subject, pass).flatMap((curve) =>
      curve.points.flatMap((point) =>
        CURVE_STATES.filter((state) => pass.judge !== '' || state === 'degenerate').map((state) => ({
          pass,
          curve,
          point,
          state,
        })),
      ),
    ),
  );
  const number = (name: string, of: (share: StateShare) => number): ColumnSpec<CurveRow> => ({
    name,
    type: 'float64',
    value: ({ point, state }) => of(shareOf(state, point.outcome)),
  });
  return tableFrom<CurveRow>('strength_curves', rows, [
    ...judge,
    { name: 'arm', type: 'string', value: ({ curve }) => curve.arm },
    { name: 'kind', type: 'string', value: ({ curve }) => curve.kind },
    { name: 'factor', type: 'float64', value: ({ point }) => point.factor },
    { name: 'strength', type: 'float64', value: ({ point }) => point.strength },
    { name: 'state', type: 'string', value: ({ state }) => STATE_COLUMNS[state] },
    { name: 'replies', type: 'int32', value: ({ point, state }) => shareOf(state, point.outcome).count },
    { name: 'of', type: 'int32', value: ({ point, state }) => shareOf(state, point.outcome).of },
    number('share', ({ share }) => share),
    number('share_low', ({ interval }) => interval.low),
    number('share_high', ({ interval }) => interval.high),
    { name: 'q', type: 'float64', value: ({ point }) => point.outcome.test?.q },
  ]);
}

const STATE_COLUMNS: Record<CurveState, string> = {
  a: 'ends_a',
  b: 'ends_b',
  none: 'ends_none',
  degenerate: 'degenerate',
};

export function strengthsDisplay(subject: SteeringSubject, pass: JudgedPass): DisplayTable[] {
  const curves = pass.judge === '' ? [] : strengthCurves(subject, pass);
  if (curves.length === 0) return [];
  const names = poleNames(subject);
  const cells = (outcome: ArmOutcome): string[] =>
    CURVE_STATES.flatMap((state) => {
      const { count, interval } = shareOf(state, outcome);
      return [String(count), formatPercents(interval)];
    });
  return [
    {
      title: `Labels against strength, by ${judgeTitle(pass)}`,
      columns: [
        left('Arm'),
        right('Strength'),
        right('Replies'),
        ...[`Ends ${names.a}`, `Ends ${names.b}`, 'Neutral', 'Degenerate'].flatMap((name) => [
          right(name),
          right('95 %'),
        ]),
        right('q'),
      ],
      rows: curves.flatMap(({ arm, points }) =>
        points.map(({ strength, outcome }) => [
          arm,
          String(strength),
          String(outcome.replies),
          ...cells(outcome),
          outcome.test ? formatP(outcome.test.q) : '',
        ]),
      ),
      notes: [
        `Strength: ${subject.strength === undefined ? 'multiples of each arm’s own' : `in the unit ${subject.unit}`}; at 0 stands the control, the same replies for every arm. Intervals are Wilson’s, in percent of the replies.`,
        'q: whether the labels differ from the control’s; the further strengths are adjusted among themselves (Benjamini-Hochberg).',
      ],
    },
  ];
}

export function formatPercents({ low, high }: Interval): string {
  return Number.isNaN(low) ? '' : `${Math.round(low * 100)}-${Math.round(high * 100)}`;
}
