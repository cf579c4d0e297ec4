/** @file Where replies end against how strongly an arm is pushed: a panel for each arm, a line for each end, Wilson's intervals as bars; unsteered replies at 0. */

import type { PlotOptions } from '@observablehq/plot';
import { type JudgedPass, judgeTitle, type SteeringSubject } from '../steering_subject.ts';
import {
  CURVE_STATES,
  type CurveState,
  type StrengthCurve,
  shareOf,
  strengthCurves,
} from '../strength_curves.ts';
import { OKABE_ITO } from './palette.ts';
import { figureSvg, type Panel } from './svg_document.ts';

const WIDTH = 760;
const PANEL_HEIGHT = 170;

/** A shape and a dash each, so that colour is not needed to tell them apart; degenerate text in the colour of the page's text. */
const STYLES: Record<
  CurveState,
  {
    readonly color: string;
    readonly symbol: 'circle' | 'square' | 'diamond' | 'times';
    readonly dash: string;
  }
> = {
  a: { color: OKABE_ITO.vermilion, symbol: 'circle', dash: 'none' },
  b: { color: OKABE_ITO.blue, symbol: 'square', dash: 'none' },
  none: { color: OKABE_ITO.grey, symbol: 'diamond', dash: '6 3' },
  degenerate: { color: 'currentColor', symbol: 'times', dash: '2 3' },
};

/** Apart from each other in the panel by at least this share of its height. */
const LABEL_GAP = 0.1;

interface Dot {
  readonly state: CurveState;
  readonly x: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
  readonly words: string;
}

/** Standalone SVG; undefined where no arm stands at several strengths. */
export async function strengthsFigure(
  subject: SteeringSubject,
  pass: JudgedPass,
): Promise<string | undefined> {
  const curves = strengthCurves(subject, pass);
  if (curves.length === 0) return undefined;
  const names = {
    a: `ends ${subject.poles.a.name}`,
    b: `ends ${subject.poles.b.name}`,
    none: 'neutral',
    degenerate: 'degenerate',
  };
  const most = Math.max(...curves.flatMap(({ points }) => points.map(({ strength }) => strength)));
  const panels: Panel[] = [];
  for (const curve of curves)
    panels.push(
      await curvePanel(curve, {
        most,
        names,
        unit: subject.strength === undefined ? undefined : subject.unit,
      }),
    );
  return figureSvg({
    title: `Labels against strength, by ${judgeTitle(pass)}`,
    description: curves.map((curve) => wordsOf(curve, names)).join(' '),
    width: WIDTH,
    legend: [],
    panels,
  });
}

interface CurvePanelOptions {
  readonly most: number;
  readonly names: Record<CurveState, string>;
  readonly unit: string | undefined;
}

async function curvePanel(curve: StrengthCurve, { most, names, unit }: CurvePanelOptions): Promise<Panel> {
  const { dot, line, ruleX, ruleY, text } = await import('@observablehq/plot');
  // Intervals of one strength stand beside each other.
  const apart = most / 140;
  const dots = CURVE_STATES.flatMap((state, i) =>
    curve.points.map(({ outcome, strength }): Dot => {
      const { count, interval, of, share } = shareOf(state, outcome);
      const at = `${names[state]} ${count} of ${of}`;
      return {
        state,
        x: strength + (i - 1.5) * apart,
        share: 100 * share,
        low: 100 * interval.low,
        high: 100 * interval.high,
        words: `strength ${strength}: ${at} (95 % ${Math.round(100 * interval.low)} to ${Math.round(100 * interval.high)} %)`,
      };
    }),
  ).filter(({ share }) => !Number.isNaN(share));
  const own = (state: CurveState): Dot[] => dots.filter((one) => one.state === state);
  const replies = curve.points.map(({ outcome }) => outcome.replies);
  const n =
    Math.min(...replies) === Math.max(...replies)
      ? `${replies[0]}`
      : `${Math.min(...replies)} to ${Math.max(...replies)}`;
  const options: PlotOptions = {
    height: PANEL_HEIGHT,
    marginLeft: 48,
    marginRight: 120,
    x: {
      domain: [-2 * apart, most + 2 * apart],
      label: `strength (${unit ?? 'multiple of the arm\u2019s'})`,
      ticks: curve.points.map(({ strength }) => strength),
      tickFormat: (strength: number) => String(strength),
    },
    y: { domain: [0, 100], label: '% of replies', grid: true, ticks: 5 },
    symbol: { type: 'identity' },
    marks: [
      ...CURVE_STATES.flatMap((state) => {
        const { color, dash, symbol } = STYLES[state];
        return [
          ruleX(own(state), {
            x: 'x',
            y1: 'low',
            y2: 'high',
            stroke: color,
            strokeOpacity: 0.55,
            strokeWidth: 1.5,
          }),
          line(own(state), { x: 'x', y: 'share', stroke: color, strokeWidth: 2, strokeDasharray: dash }),
          dot(own(state), {
            x: 'x',
            y: 'share',
            stroke: color,
            ...(state !== 'degenerate' && { fill: color }),
            r: 3,
            symbol,
            title: 'words',
          }),
        ];
      }),
      ...labelPlaces(CURVE_STATES.flatMap((state) => own(state).slice(-1))).map(({ last, y }) =>
        text([last], {
          x: () => most,
          y: () => y,
          text: () => names[last.state],
          textAnchor: 'start',
          dx: 14,
          fontSize: 11,
          fontWeight: 600,
        }),
      ),
      ruleY([0]),
    ],
  };
  return { title: `${curve.arm}, n = ${n} at each strength`, options };
}

/** Names at the ends of their lines, moved apart where they would lie on each other. */
function labelPlaces(ends: readonly Dot[]): { readonly last: Dot; readonly y: number }[] {
  const gap = 100 * LABEL_GAP;
  const sorted = [...ends].sort((a, b) => a.share - b.share);
  const places: number[] = [];
  for (const { share } of sorted) places.push(Math.max(share, (places.at(-1) ?? -gap) + gap));
  // What was pushed beyond the top goes down again.
  for (let i = places.length - 1; i >= 0; i--)
    places[i] = Math.min(places[i]!, (places[i + 1] ?? 100 + gap) - gap);
  return sorted.map((last, i) => ({ last, y: places[i]! }));
}

function wordsOf({ arm, points }: StrengthCurve, names: Record<CurveState, string>): string {
  const all = points.map(
    ({ outcome, strength }) =>
      `${strength}: ${CURVE_STATES.map((state) => `${names[state]} ${shareOf(state, outcome).count}`).join(', ')} of ${outcome.replies}`,
  );
  return `${arm}, by strength: ${all.join('; ')}.`;
}
