/** @file All figures of a steering run: for each judge and pass the labels by arm, and against strength where arms stand at several. */

import { articleBeside } from '../article_beside.ts';
import { type JudgedPass, judgeTitle, mainArms, type SteeringSubject } from '../steering_subject.ts';
import { labelsFigure } from './labels_figure.ts';
import { strengthsFigure } from './strengths_figure.ts';

export interface SteeringFigure {
  readonly kind: 'labels' | 'strengths';
  /** `labels-lexicon.svg`. */
  readonly file: string;
  readonly title: string;
  readonly svg: string;
  readonly caption: string;
}

/** Of a run that nobody judged there is nothing to draw. */
export async function steeringFigures(subject: SteeringSubject): Promise<SteeringFigure[]> {
  const figures: SteeringFigure[] = [];
  for (const pass of subject.judged.filter(({ judge }) => judge !== '')) {
    const stem = `${pass.judge}${pass.pass === 1 ? '' : `.pass-${pass.pass}`}.svg`;
    figures.push({
      kind: 'labels',
      file: `labels-${stem}`,
      title: `Labels by ${judgeTitle(pass)}`,
      svg: await labelsFigure(subject, pass),
      caption: labelsCaption(subject, pass),
    });
    const curves = await strengthsFigure(subject, pass);
    if (curves === undefined) continue;
    figures.push({
      kind: 'strengths',
      file: `strengths-${stem}`,
      title: `Labels against strength, by ${judgeTitle(pass)}`,
      svg: curves,
      caption: STRENGTHS_CAPTION,
    });
  }
  return figures;
}

const STRENGTHS_CAPTION =
  'Where replies end as an arm is pushed harder, with Wilson\u2019s 95 % intervals; at 0 stand the unsteered replies, the same in every panel. Steering works between the strength at which a line leaves its start and the one at which the dotted line of degenerate text rises; beyond it labels say little. A random direction of the same length shows what length alone does.';

function labelsCaption(subject: SteeringSubject, { outcome }: JudgedPass): string {
  const arms = mainArms(outcome.arms);
  const counts = [...new Set(arms.map(({ replies }) => replies))];
  const hasArticle = arms.some(({ arm }) => articleBeside(subject, arm) !== undefined);
  return [
    `Labels of ${counts.length === 1 ? counts[0] : `${Math.min(...counts)} to ${Math.max(...counts)}`} replies per arm, each with its number; at the right the net, that is where most replies end.`,
    ...(hasArticle ? ['The fainter bar below an arm is what the article printed of the same arm.'] : []),
    'Compare an arm with the control and with random directions of the same length, not with 0.',
  ].join(' ');
}
