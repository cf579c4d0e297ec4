/** @file Figures of steering runs: labels by arm as stacked bars. The calibration's curves are in `calibration_figure.ts`. */

import { labelName, STEERING_LABELS, type SteeringLabel } from '../../judge/labels.ts';
import { type JudgedPass, judgeTitle, poleNames, type SteeringSubject } from '../steering_subject.ts';
import { OKABE_ITO } from './palette.ts';
import { figureSvg } from './svg_document.ts';

/** What ends as a is warm, what ends as b cold; what turns is the paler of the two. */
const LABEL_COLORS: Record<SteeringLabel | 'unlabelled', string> = {
  a: OKABE_ITO.vermilion,
  'b to a': OKABE_ITO.orange,
  none: OKABE_ITO.grey,
  'a to b': OKABE_ITO.skyBlue,
  b: OKABE_ITO.blue,
  unlabelled: OKABE_ITO.purple,
};

/** From what ends as a to what ends as b, so that both kinds of ends lie beside each other. */
const ORDER: readonly (SteeringLabel | 'unlabelled')[] = ['a', 'b to a', 'none', 'a to b', 'b', 'unlabelled'];

const BAR_HEIGHT = 22;

export async function labelsFigure(subject: SteeringSubject, pass: JudgedPass): Promise<string> {
  const { barX, ruleX } = await import('@observablehq/plot');
  const names = poleNames(subject);
  const shown = ORDER.filter((label) => label !== 'unlabelled' || pass.outcome.unlabelled > 0);
  const bars = pass.outcome.arms.flatMap(({ arm, counts }) =>
    shown.map((label) => ({ arm, label, replies: counts[label] })),
  );
  const arms = pass.outcome.arms.map(({ arm }) => arm);
  return figureSvg({
    title: `Labels by ${judgeTitle(pass)}`,
    description: pass.outcome.arms
      .map(
        ({ arm, counts }) =>
          `${arm}: ${STEERING_LABELS.map((label) => `${labelName(label, names)} ${counts[label]}`).join(', ')}`,
      )
      .join('; '),
    width: 760,
    legend: shown.map((label) => ({ label: labelName(label, names), color: LABEL_COLORS[label] })),
    panels: [
      {
        title: `${subject.model}, ${subject.sae}`,
        options: {
          height: arms.length * BAR_HEIGHT + 50,
          marginLeft: 150,
          x: { label: 'replies', ...wholeTicks(pass) },
          y: { domain: arms, label: null },
          marks: [
            barX(bars, {
              x: 'replies',
              y: 'arm',
              fill: ({ label }: { label: SteeringLabel }) => LABEL_COLORS[label],
              order: shown.map((label) => LABEL_COLORS[label]),
              insetTop: 2,
              insetBottom: 2,
            }),
            ruleX([0]),
          ],
        },
      },
    ],
  });
}

/** Of few replies there are no halves. */
function wholeTicks({ outcome }: JudgedPass): { readonly ticks?: number[]; readonly tickFormat?: string } {
  const most = Math.max(1, ...outcome.arms.map(({ replies, unjudged }) => replies - unjudged));
  return most < 10 ? { ticks: Array.from({ length: most + 1 }, (_, i) => i), tickFormat: 'd' } : {};
}
