/** @file The result of a steering run as display tables, in the article's form: labels and Net per arm, what is left of the text, the article's numbers beside ours. */

import { publishedSteering } from '../concepts/published_steering.ts';
import { netText } from '../judge/end_states.ts';
import { labelName, type PoleNames, STEERING_LABELS } from '../judge/labels.ts';
import type { ArmOutcome } from '../judge/outcome.ts';
import type { ArmPart } from '../steering/arm.ts';
import { nameWithoutFactor, repeatedArms, withoutRepeated } from '../steering/arm_rows.ts';
import { articleArms, projectionArms } from '../steering/article_arms.ts';
import { agreementTables } from './agreement_display.ts';
import { articleBeside } from './article_beside.ts';
import { about, type DisplayTable, formatCount, formatP, left, plural, right, shorten } from './display.ts';
import {
  type JudgedPass,
  judgeTitle,
  mainArms,
  poleNames,
  type SteeringSubject,
} from './steering_subject.ts';
import { formatPercents, strengthsDisplay } from './strength_curves.ts';

export interface SteeringDisplayOptions {
  /** Replies of each arm that are shown; the files hold all. */
  readonly shownReplies: number;
}

export function steeringDisplay(subject: SteeringSubject, options: SteeringDisplayOptions): DisplayTable[] {
  const [first] = subject.judged;
  return [
    ...about('subject', [subjectTable(subject), ...ownArmsTables(subject)]),
    ...about(
      'labels',
      subject.judged.filter(({ judge }) => judge !== '').map((pass) => labelsTable(subject, pass)),
    ),
    ...about(
      'strengths',
      subject.judged.flatMap((pass) => strengthsDisplay(subject, pass)),
    ),
    ...about('text', first ? [textTable(subject, first)] : []),
    ...about('published', first ? publishedTables(subject, first) : []),
    ...about('agreement', agreementTables(subject)),
    ...about(
      'replies',
      options.shownReplies > 0 && first ? [repliesTable(subject, first, options.shownReplies)] : [],
    ),
  ];
}

const UNITS: Record<SteeringSubject['unit'], string> = {
  absolute: 'times the decoder rows',
  'max-activation': 'times the largest known activation',
  'mean-norm': 'times the mean norm of the residual stream',
};

const METHODS: Record<SteeringSubject['method'], string> = {
  add: 'added',
  'project-out': 'projected out',
  orthogonal: 'scaled within their own direction',
  clamp: 'clamped to an activation',
};

const POSITIONS: Record<SteeringSubject['positions'], string> = {
  all: 'every position, the first token included',
  'no-special': 'every position but special tokens',
  generated: 'generated tokens only',
};

function subjectTable(subject: SteeringSubject): DisplayTable {
  const { a, b } = subject.poles;
  const features = (pole: typeof a): string => `${pole.name} ${pole.features.join(' + ')}`;
  const perArm = new Map<string, number>();
  for (const { arm } of subject.records) perArm.set(arm, (perArm.get(arm) ?? 0) + 1);
  const facts: [string, string][] = [
    ['Model', subject.model],
    ['SAE', `${subject.sae}, ${subject.place}`],
    ['Poles', `${features(a)}; ${features(b)}`],
    ['Steering', steeringWords(subject)],
    ...furtherStrengths(subject),
    ['Prompt', subject.prompts.map((prompt) => JSON.stringify(prompt)).join(', ')],
    ['Sampling', `${subject.sampling}, seed ${subject.seed}`],
    ['Replies', `${formatCount(subject.records.length)} in ${plural(perArm.size, 'arm', 'arms')}`],
  ];
  return {
    title: `Steering ${a.name} and ${b.name}: ${subject.model}`,
    columns: [left(''), left('')],
    rows: facts,
    notes: subject.notes,
  };
}

/** Of arms that repeat others for a curve. */
function furtherStrengths({ arms, strength = 1 }: SteeringSubject): [string, string][] {
  const repeated = repeatedArms(arms.map(({ arm }) => arm));
  const further = arms.flatMap(({ arm }) => (repeated.has(arm.name) ? [arm] : []));
  if (further.length === 0) return [];
  const strengths = [...new Set(further.map(({ factor }) => Number((strength * factor).toPrecision(12))))];
  const names = [...new Set(further.map(nameWithoutFactor))];
  return [['Further strengths', `${strengths.join(', ')}, for ${names.join(', ')}`]];
}

/** Arms of the user's own say nothing by their names: their parts, where there are any. */
function ownArmsTables(subject: SteeringSubject): DisplayTable[] {
  const { method, poles, unit } = subject;
  const usual = [
    ...articleArms(poles, { strength: 1, random: 0, matched: false }),
    ...projectionArms(poles, { random: 0 }),
  ].map(({ name }) => name);
  const steered = withoutRepeated(subject.arms.map(({ arm }) => arm)).filter(
    ({ kind }) => kind === 'steered',
  );
  if (steered.every((arm) => usual.includes(nameWithoutFactor(arm)))) return [];
  return [
    {
      title: 'Arms',
      columns: [left('Arm'), left('Parts')],
      rows: steered.map(({ name, parts }) => [
        name,
        parts.map((part) => partWords(part, subject)).join('; '),
      ]),
      notes: [
        method === 'project-out'
          ? 'The parts are projected out, whatever a strength.'
          : method === 'orthogonal'
            ? 'Strengths: what is left of the parts’ share of the stream is multiplied with them.'
            : `Strengths: ${UNITS[unit]} (${unit}).`,
      ],
    },
  ];
}

/** `Happy x 0.6`, `229 + 1124 x -0.2`. */
function partWords({ features, strength }: ArmPart, { method, poles: { a, b } }: SteeringSubject): string {
  const pole = [a, b].find((one) => one.features.join() === features.join());
  const what = pole?.name ?? features.join(' + ');
  return method === 'project-out' ? what : `${what} x ${Number(strength.toPrecision(6))}`;
}

function steeringWords({ method, unit, strength, meanNorm, positions }: SteeringSubject): string {
  const isAdded = method === 'add' || method === 'clamp';
  const amount =
    method === 'project-out'
      ? ''
      : strength === undefined
        ? ', by the strengths of each arm'
        : isAdded
          ? `, ${strength} ${UNITS[unit]}${meanNorm === undefined ? '' : ` (${meanNorm.toPrecision(4)})`}`
          : `, by ${strength}`;
  return `${METHODS[method]}${amount}, at ${POSITIONS[positions]}`;
}

function labelsTable(subject: SteeringSubject, pass: JudgedPass): DisplayTable {
  const names = poleNames(subject);
  const { outcome } = pass;
  const isRepeated = outcome.arms.some(({ distinctTexts, replies }) => distinctTexts < replies);
  const notes = [
    'Net: where replies end; of all judged replies, with Wilson’s 95 % interval.',
    ...(outcome.arms.some(({ test }) => test && !Number.isNaN(test.q))
      ? [
          `q: whether the labels differ from the control’s (${testNames(outcome.arms)}; Benjamini-Hochberg over the arms).`,
        ]
      : []),
    ...(isRepeated
      ? [
          'Texts: distinct ones. Replies that coincide are not independent of each other: with fewer texts than replies, intervals are too narrow and q is too small.',
        ]
      : []),
    ...(outcome.unlabelled > 0
      ? [
          `${unlabelledWords(outcome)}: ${outcome.unlabelledReasons
            .slice(0, 3)
            .map(({ reason, replies }) => `${reason} (${replies})`)
            .join('; ')}.`,
        ]
      : []),
    ...(outcome.unjudged > 0
      ? [`${plural(outcome.unjudged, 'reply was', 'replies were')} not judged: run antipode judge again.`]
      : []),
  ];
  return {
    title: `Labels by ${judgeTitle(pass)}`,
    columns: [
      left('Arm'),
      right('Texts'),
      ...STEERING_LABELS.map((label) => right(shortLabel(label, names))),
      right('Unlabelled'),
      left('Net'),
      left('95 %'),
      right('q'),
      right('Degenerate'),
    ],
    rows: mainArms(outcome.arms).map((arm) => [
      arm.arm,
      isRepeated ? `${arm.distinctTexts} of ${arm.replies}` : '',
      ...STEERING_LABELS.map((label) => String(arm.counts[label])),
      outcome.unlabelled > 0 ? String(arm.counts.unlabelled) : '',
      netText(arm.net, names),
      formatPercents(arm.net.interval),
      arm.test ? formatP(arm.test.q) : '',
      degenerateCell(arm),
    ]),
    notes,
  };
}

/** Reasons are those of all strengths. */
function unlabelledWords({ arms, unlabelled }: JudgedPass['outcome']): string {
  const here = mainArms(arms).reduce((sum, { counts }) => sum + counts.unlabelled, 0);
  const further = here === unlabelled ? '' : ` here, ${formatCount(unlabelled)} with the further strengths`;
  return `${plural(here, 'reply has', 'replies have')} no label${further}`;
}

/** `Happy`, `None`, `Happy to Sad`: the word Steering stands in none of them. */
function shortLabel(label: (typeof STEERING_LABELS)[number], names: PoleNames): string {
  return label === 'none' ? 'None' : labelName(label, names).replace(/ Steering$/, '');
}

function testNames(arms: readonly ArmOutcome[]): string {
  const tests = new Set(arms.flatMap(({ test }) => (test && !Number.isNaN(test.p) ? [test.test] : [])));
  return [...tests].map((test) => (test === 'fisher' ? 'Fisher’s exact test' : 'chi-squared')).join(' or ');
}

/** A label says little where most of an arm is no text any more. */
function degenerateCell({ degenerate, replies }: ArmOutcome): string {
  if (degenerate === 0) return '0';
  return degenerate * 2 > replies ? `${degenerate} (!)` : String(degenerate);
}

function textTable(subject: SteeringSubject, { outcome }: JudgedPass): DisplayTable {
  const names = poleNames(subject);
  const { thresholds } = outcome;
  const nothing = 'Degenerate: nothing unsteered was there to take thresholds from.';
  return {
    title: 'What is left of the text',
    columns: [
      left('Arm'),
      right('Added length'),
      right('NLL'),
      right('x control'),
      right('Repetition'),
      right('Distinct-2'),
      right('Repetitive'),
      right('Improbable'),
      right('Empty'),
      right(`${names.a} activation`),
      right(`${names.b} activation`),
    ],
    rows: mainArms(outcome.arms).map((arm) => [
      arm.arm,
      formatLength(subject.arms.find((one) => one.arm.name === arm.arm)?.length),
      fixed(arm.nll, 3),
      fixed(arm.nllRatio, 2),
      fixed(arm.repetition, 2),
      fixed(arm.distinct2, 2),
      String(arm.repetitive),
      String(arm.improbable),
      arm.empty > 0 ? String(arm.empty) : '',
      fixed(arm.activation?.a, 2),
      fixed(arm.activation?.b, 2),
    ]),
    notes: [
      'NLL: minus the mean log-probability of the tokens without steering. Repetition: share of the tokens in the longest stretch of one repeated unit.',
      thresholds.from === null
        ? nothing
        : `Degenerate is a reply with a repetition above ${fixed(thresholds.repetitionAbove, 2)}, distinct-2 below ${fixed(thresholds.distinct2Below, 2)} (repetitive) or NLL above ${fixed(thresholds.nllAbove, 2)} (improbable): from ${thresholds.replies} unsteered replies.`,
      ...(subject.records.some(({ activations }) => activations)
        ? [
            'Activations: mean over all positions, in the stream behind the intervention, so what was added counts.',
          ]
        : []),
    ],
  };
}

/** Only where the run has the article's poles and arms. */
function publishedTables(subject: SteeringSubject, pass: JudgedPass): DisplayTable[] {
  const names = poleNames(subject);
  const published = publishedSteering();
  const rows = pass.outcome.arms.flatMap((outcome) => {
    const found = articleBeside(subject, outcome.arm);
    return found ? [{ outcome, found }] : [];
  });
  if (rows.length === 0) return [];
  const footnotes = [...new Set(rows.flatMap(({ found }) => found.footnotes))];
  const isSame = subject.neuronpediaId === published.neuronpediaId;
  const hasLabels = pass.judge !== '';
  return [
    {
      title: 'Beside the article',
      columns: [
        left('Arm'),
        left('Net'),
        left('Published net'),
        ...STEERING_LABELS.map((label) => right(shortLabel(label, names))),
        left('Notes'),
      ],
      rows: rows.map(({ outcome, found }) => [
        outcome.arm,
        hasLabels ? netText(outcome.net, names) : '',
        found.net,
        ...STEERING_LABELS.map((label) =>
          hasLabels ? `${outcome.counts[label]} (${found.counts[label]})` : `(${found.counts[label]})`,
        ),
        footnotes.flatMap((text, i) => (found.footnotes.includes(text) ? `[${i + 1}]` : [])).join(' '),
      ]),
      notes: [
        ...(hasLabels
          ? [`In brackets what the article printed; ours are labels by ${judgeTitle(pass)}.`]
          : []),
        ...(isSame
          ? []
          : [
              `The article steered ${published.neuronpediaId}, another model than this one: no number has to agree.`,
            ]),
        ...footnotes.map((text, i) => `[${i + 1}] ${text}`),
        ...published.footnotes,
      ],
    },
  ];
}

function repliesTable(subject: SteeringSubject, pass: JudgedPass, shown: number): DisplayTable {
  const names = poleNames(subject);
  const main = withoutRepeated(subject.arms.map(({ arm }) => arm));
  const rows = main.flatMap((arm) =>
    subject.records.filter((record) => record.arm === arm.name && arm.kind !== 'examples').slice(0, shown),
  );
  return {
    title: 'Replies',
    columns: [left('Arm'), left('Label'), left('Reply')],
    rows: rows.map((record) => {
      const label = pass.verdicts.get(record.id)?.label;
      return [record.arm, label ? labelName(label, names) : '', replyCell(record.text)];
    }),
    notes: [`The first ${shown === 1 ? 'reply' : `${shown} replies`} of each arm, whatever the label.`],
  };
}

/** A reply of nothing, or of a hundred kilobytes, is a cell too. */
const MAX_REPLY_CELL = 400;

function replyCell(text: string): string {
  return text.trim() === '' ? '(nothing)' : shorten(text, MAX_REPLY_CELL);
}

function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits);
}

function formatLength(length: number | undefined): string {
  return length === undefined || length === 0 ? '' : length.toPrecision(4);
}
