/** @file Which arms moved the replies, in words that are never stronger than the tests behind them. */

import { netText } from '../judge/end_states.ts';
import type { ArmOutcome } from '../judge/outcome.ts';
import { plural } from './display.ts';
import type { JudgeWords } from './report_parts.ts';
import {
  type JudgedPass,
  judgeTitle,
  mainArms,
  poleNames,
  type SteeringSubject,
} from './steering_subject.ts';
import { strengthCurves } from './strength_curves.ts';

/** q of an arm whose labels differ from the control's. */
const LEVEL = 0.05;

/** A few sentences for each judge; none for a run that nobody judged. */
export function steeringVerdict(subject: SteeringSubject): JudgeWords[] {
  return subject.judged
    .filter(({ judge }) => judge !== '')
    .map((pass) => ({
      about: `Steering, labels by ${judgeTitle(pass)}`,
      sentences: passSentences(subject, pass),
    }));
}

function passSentences(subject: SteeringSubject, pass: JudgedPass): string[] {
  const arms = mainArms(pass.outcome.arms);
  const pushed = arms.filter(({ kind }) => kind === 'steered' || kind === 'matched');
  const random = arms.filter(({ kind }) => kind === 'random');
  const tested = pushed.filter(({ test }) => test && !Number.isNaN(test.q));
  if (tested.length === 0) return [`No arm could be compared with unsteered replies.`];
  const moved = tested.filter(hasMoved);
  const names = poleNames(subject);
  const still = tested.filter((arm) => !hasMoved(arm)).map(({ arm }) => arm);
  const broken = moved.filter(({ degenerate, replies }) => 2 * degenerate > replies);
  return [
    moved.length === 0
      ? `No arm is shown to change what the model says (q above ${LEVEL} for all ${tested.length}).`
      : `${plural(moved.length, 'arm of', 'arms of')} ${tested.length} changed what the model says (q of at most ${LEVEL}): ${moved.map(({ arm, net }) => `${arm}, ${netText(net, names)}`).join('; ')}.`,
    ...(still.length > 0 && moved.length > 0 ? [`Not shown to change it: ${still.join(', ')}.`] : []),
    ...(broken.length > 0
      ? [
          `More than half of the replies of ${broken.map(({ arm }) => arm).join(', ')} are degenerate text, so that labels of them say little about a mood.`,
        ]
      : []),
    ...randomSentence(random),
    ...curveSentences(subject, pass),
  ];
}

function hasMoved({ test }: ArmOutcome): boolean {
  return test !== null && test.q <= LEVEL;
}

/** What a direction without meaning does at the same length is what the arms are to be compared with. */
function randomSentence(random: readonly ArmOutcome[]): string[] {
  const tested = random.filter(({ test }) => test && !Number.isNaN(test.q));
  if (tested.length === 0) return [];
  const moved = tested.filter(hasMoved).length;
  return [
    `Of ${plural(tested.length, 'random direction', 'random directions')} of the same length ${moved === 0 ? 'none is' : `${moved} ${moved === 1 ? 'is' : 'are'}`} shown to change it.`,
  ];
}

/** For each pole: from which strength on the labels differ, as far as strengths were tried, and where the text ends. */
function curveSentences(subject: SteeringSubject, pass: JudgedPass): string[] {
  return strengthCurves(subject, pass)
    .filter(({ kind }) => kind === 'steered')
    .map(({ arm, points }) => {
      const pushed = points.filter(({ factor }) => factor > 0);
      const first = pushed.find(({ outcome }) => hasMoved(outcome));
      const isSteady =
        first !== undefined && pushed.slice(pushed.indexOf(first)).every(({ outcome }) => hasMoved(outcome));
      const broken = pushed.find(({ outcome }) => 2 * outcome.degenerate > outcome.replies);
      const tried = `of ${pushed.map(({ strength }) => strength).join(', ')}`;
      const moves =
        first === undefined
          ? `at no strength ${tried} is it shown to change the labels`
          : isSteady
            ? `the labels differ from the control\u2019s from strength ${first.strength} on (${tried}; q of at most ${LEVEL})`
            : `the labels differ from the control\u2019s at some strengths, ${first.strength} the weakest (${tried}; q of at most ${LEVEL})`;
      return `${arm}: ${moves}${broken ? `; at ${broken.strength} more than half of the replies are degenerate text` : ''}.`;
    });
}
