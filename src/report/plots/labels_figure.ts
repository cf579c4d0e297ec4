/**
 * @file Labels by arm as stacked bars, each with its count; under an arm that the article has too, the article's bar. The curves over strengths are in
 * `strengths_figure.ts`, those of a calibration in `calibration_figure.ts`.
 */

import { publishedSteering } from '../../concepts/published_steering.ts';
import { netText } from '../../judge/end_states.ts';
import { type JudgedLabel, labelName, STEERING_LABELS } from '../../judge/labels.ts';
import type { ArmOutcome } from '../../judge/outcome.ts';
import { articleBeside } from '../article_beside.ts';
import {
  type JudgedPass,
  judgeTitle,
  mainArms,
  poleNames,
  type SteeringSubject,
} from '../steering_subject.ts';
import { OKABE_ITO, textColorOn } from './palette.ts';
import { figureSvg } from './svg_document.ts';

/** What ends as a is warm, what ends as b cold; what turns is the paler of the two. */
const LABEL_COLORS: Record<JudgedLabel, string> = {
  a: OKABE_ITO.vermilion,
  'b to a': OKABE_ITO.orange,
  none: OKABE_ITO.grey,
  'a to b': OKABE_ITO.skyBlue,
  b: OKABE_ITO.blue,
  unlabelled: OKABE_ITO.purple,
};

/** From what ends as a to what ends as b, so that both kinds of ends lie beside each other. */
const ORDER: readonly JudgedLabel[] = ['a', 'b to a', 'none', 'a to b', 'b', 'unlabelled'];

const BAR_HEIGHT = 22;

interface Bar {
  /** Unique in the figure. */
  readonly key: string;
  readonly name: string;
  readonly counts: Readonly<Partial<Record<JudgedLabel, number>>>;
  /** At its end. */
  readonly net: string;
}

interface Segment {
  readonly key: string;
  readonly label: JudgedLabel;
  readonly x1: number;
  readonly x2: number;
  readonly count: number;
}

export async function labelsFigure(subject: SteeringSubject, pass: JudgedPass): Promise<string> {
  const { barX, ruleX, text } = await import('@observablehq/plot');
  const names = poleNames(subject);
  const arms = mainArms(pass.outcome.arms);
  const bars = arms.flatMap((outcome) => barsOf(outcome, subject));
  const hasArticle = bars.length > arms.length;
  const shown = ORDER.filter(
    (label) => bars.some(({ counts }) => (counts[label] ?? 0) > 0) || label === 'none',
  );
  // Bars of the article's twenty beside ours of another number are to be compared by shares.
  const most = Math.max(1, ...bars.map(({ counts }) => totalOf(counts)));
  const isShare = hasArticle && arms.some(({ net }) => net.of !== publishedSteering().replies);
  const segments = bars.flatMap((bar) => segmentsOf(bar, isShare));
  const end = isShare ? 100 : most;
  const middle = { x: ({ x1, x2 }: Segment) => (x1 + x2) / 2, y: 'key' };
  return figureSvg({
    title: `Labels by ${judgeTitle(pass)}`,
    description: arms
      .map(
        ({ arm, counts }) =>
          `${arm}: ${STEERING_LABELS.map((label) => `${labelName(label, names)} ${counts[label]}`).join(', ')}`,
      )
      .join('; '),
    width: 760,
    legend: shown.map((label) => ({ label: labelName(label, names), color: LABEL_COLORS[label] })),
    panels: [
      {
        title: `${subject.model}, ${subject.sae}${hasArticle ? '; below in fainter colours what the article printed of Gemma 2 2B' : ''}`,
        options: {
          height: bars.length * BAR_HEIGHT + 46,
          marginLeft: 150,
          marginTop: 6,
          marginRight: 200,
          x: { label: isShare ? 'percent of replies' : 'replies', domain: [0, end], ...wholeTicks(end) },
          y: {
            type: 'band',
            domain: bars.map(({ key }) => key),
            label: null,
            tickFormat: (key: string) => bars.find((bar) => bar.key === key)!.name,
            tickSize: 0,
          },
          marks: [
            barX(segments, {
              x1: 'x1',
              x2: 'x2',
              y: 'key',
              fill: ({ label }: Segment) => LABEL_COLORS[label],
              fillOpacity: ({ key }: Segment) => (isArticle(key) ? 0.55 : 1),
              insetTop: 2,
              insetBottom: 2,
            }),
            text(
              segments.filter(({ key, x1, x2 }) => !isArticle(key) && x2 - x1 >= end / 25),
              {
                ...middle,
                text: ({ count }: Segment) => String(count),
                fill: ({ label }: Segment) => textColorOn(LABEL_COLORS[label]),
                fontSize: 10,
              },
            ),
            text(
              segments.filter(({ key, x1, x2 }) => isArticle(key) && x2 - x1 >= end / 25),
              { ...middle, text: ({ count }: Segment) => String(count), fontSize: 10 },
            ),
            text(bars, { x: () => end, y: 'key', text: 'net', textAnchor: 'start', dx: 6, fontSize: 10 }),
            ruleX([0]),
          ],
        },
      },
    ],
  });
}

/** Of the article's bars: no arm has an invisible character in its name. */
const ARTICLE = '\u0000article';

function isArticle(key: string): boolean {
  return key.endsWith(ARTICLE);
}

function barsOf(outcome: ArmOutcome, subject: SteeringSubject): Bar[] {
  const { arm, counts, degenerate, net, replies } = outcome;
  const published = articleBeside(subject, arm);
  const broken = 2 * degenerate > replies ? ', degenerate' : '';
  return [
    { key: arm, name: arm, counts, net: `${netText(net, poleNames(subject))}${broken}` },
    ...(published
      ? [{ key: `${arm}${ARTICLE}`, name: 'the article', counts: published.counts, net: published.net }]
      : []),
  ];
}

function totalOf(counts: Bar['counts']): number {
  return ORDER.reduce((sum, label) => sum + (counts[label] ?? 0), 0);
}

function segmentsOf({ counts, key }: Bar, isShare: boolean): Segment[] {
  const scale = isShare ? 100 / Math.max(1, totalOf(counts)) : 1;
  let x = 0;
  return ORDER.flatMap((label) => {
    const count = counts[label] ?? 0;
    if (count === 0) return [];
    const x1 = x;
    x += count * scale;
    return [{ key, label, x1, x2: x, count }];
  });
}

/** Of few replies there are no halves. */
function wholeTicks(most: number): { readonly ticks?: number[]; readonly tickFormat?: string } {
  return most < 10 ? { ticks: Array.from({ length: most + 1 }, (_, i) => i), tickFormat: 'd' } : {};
}
