/** @file The curves of a calibration: what each pole's strength does to the replies, the range that steers shaded. */

import type { PlotOptions } from '@observablehq/plot';
import type { CalibrationPoint, PoleCalibration } from '../../steering/calibrate.ts';
import { rangeSentence } from '../calibration_display.ts';
import type { CalibrationSubject } from '../calibration_tables.ts';
import { SERIES_COLORS } from './palette.ts';
import { figureSvg, type Panel } from './svg_document.ts';

const WIDTH = 720;
const PANEL_HEIGHT = 150;

interface Measure {
  readonly title: string;
  readonly of: (point: CalibrationPoint) => number | null;
  /** Drawn across: what may not be passed, or is to be reached. */
  readonly limit?: number;
  /** Where the axis begins and ends at least. */
  readonly least: readonly [number, number];
  readonly isLog?: boolean;
}

/** Standalone SVG. */
export async function calibrationFigure(subject: CalibrationSubject): Promise<string> {
  const { calibration, unit } = subject;
  const { a, b, control, limits } = calibration;
  const measures: Measure[] = [
    {
      title: 'Share of replies that change',
      of: ({ changed }) => changed,
      limit: limits.least_changed,
      least: [0, 1],
    },
    {
      title: 'NLL without steering, times that of unsteered replies',
      of: ({ nll_ratio }) => nll_ratio,
      limit: limits.most_nll_ratio,
      least: [1, limits.most_nll_ratio],
      isLog: true,
    },
    {
      title: 'Repetition',
      of: ({ repetition }) => repetition,
      limit: control.repetition + limits.most_repetition_gain,
      least: [0, 1],
    },
    { title: 'Activation of the pole itself', of: ({ own_activation }) => own_activation, least: [0, 0] },
  ];
  const drawn = measures.filter(({ of }) =>
    [a, b].some(({ points }) => points.some((point) => of(point) !== null)),
  );
  const panels: Panel[] = [];
  for (const measure of drawn) panels.push(await panelOf(subject, measure, measure === drawn.at(-1)));
  return figureSvg({
    title: `Strengths that steer ${a.pole} and ${b.pole}: ${subject.model}, ${subject.sae}`,
    description: `${rangeSentence(a)} ${rangeSentence(b)} Strengths in the unit ${unit}. Dashed: the limits; shaded: the ranges that steer.`,
    width: WIDTH,
    legend: [a, b].map(({ pole }, i) => ({ label: pole, color: SERIES_COLORS[i]! })),
    panels,
  });
}

async function panelOf(
  { calibration: { a, b }, unit }: CalibrationSubject,
  { title, of, limit, least, isLog = false }: Measure,
  isLast: boolean,
): Promise<Panel> {
  const { dot, line, rectX, ruleY } = await import('@observablehq/plot');
  // The first is the thicker: where both lie on each other it shows beneath the second.
  const sides = [a, b].map((side, i) => ({ side, color: SERIES_COLORS[i]!, width: i === 0 ? 4 : 1.75 }));
  const values = sides.flatMap(({ side }) => side.points.flatMap((point) => of(point) ?? []));
  const top = Math.max(least[1], ...values) * 1.05 || 1;
  const bottom = Math.min(least[0], ...values);
  const strengths = sides.flatMap(({ side }) => side.points.map(({ strength }) => strength));
  const options: PlotOptions = {
    height: PANEL_HEIGHT,
    marginLeft: 48,
    x: {
      label: isLast ? `strength (${unit})` : null,
      domain: [0, Math.max(...strengths)],
    },
    y: {
      label: null,
      domain: [isLog ? bottom / 1.05 : bottom, top],
      grid: true,
      ticks: 4,
      ...(isLog && { type: 'log', tickFormat: '~g' }),
    },
    marks: [
      ...sides.flatMap(({ side, color }) => shading(side, color, rectX)),
      ...(limit === undefined ? [] : [ruleY([limit], { strokeDasharray: '4 3' })]),
      ...sides.flatMap(({ side, color, width }) => {
        const points = side.points.flatMap((point) => {
          const y = of(point);
          return y === null ? [] : [{ x: point.strength, y }];
        });
        return [
          line(points, { x: 'x', y: 'y', stroke: color, strokeWidth: width }),
          dot(points, { x: 'x', y: 'y', fill: color, r: 2 + width / 2 }),
        ];
      }),
      ...(isLog ? [] : [ruleY([0])]),
    ],
  };
  return { title, options };
}

/** A range of one strength is a line. */
function shading(
  { recommended }: PoleCalibration,
  color: string,
  rectX: typeof import('@observablehq/plot').rectX,
): ReturnType<typeof rectX>[] {
  if (!recommended) return [];
  const { from, to } = recommended;
  return [
    rectX([{ from, to }], {
      x1: 'from',
      x2: 'to',
      fill: color,
      fillOpacity: 0.12,
      ...(from === to && { stroke: color, strokeOpacity: 0.4 }),
    }),
  ];
}
