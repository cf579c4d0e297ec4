/** @file The result of a steering run as tables for files; `docs/schema.md` describes the columns. A row per judge and pass where labels matter. */

import type { PublishedArm } from '../concepts/published_steering.ts';
import { type ColumnSpec, type Table, tableFrom } from '../formats/table.ts';
import { CONFUSION_LABELS } from '../judge/agreement.ts';
import { isImprobable, isRepetitive } from '../judge/degenerate.ts';
import { netText } from '../judge/end_states.ts';
import { labelName } from '../judge/labels.ts';
import type { ArmOutcome } from '../judge/outcome.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import { articleBeside } from './article_beside.ts';
import { type JudgedPass, type JudgedTwice, poleNames, type SteeringSubject } from './steering_subject.ts';
import { strengthCurvesTable } from './strength_curves.ts';

/** Raised when a column changes its meaning or goes; a new column does not raise it. */
export const STEERING_SCHEMA_VERSION = 1;

export function steeringTables(subject: SteeringSubject): Table[] {
  return [
    armsTable(subject),
    interventionsTable(subject),
    repliesTable(subject),
    verdictsTable(subject),
    activationsTable(subject),
    strengthCurvesTable(subject, judgeColumns),
    agreementTable(subject),
    confusionTable(subject),
  ].filter(({ rowCount }) => rowCount > 0);
}

const judgeColumns: ColumnSpec<{ readonly pass: JudgedPass }>[] = [
  { name: 'judge', type: 'string', value: ({ pass }) => pass.judge || null },
  { name: 'pass', type: 'int32', value: ({ pass }) => (pass.judge ? pass.pass : null) },
];

interface ArmRow {
  readonly subject: SteeringSubject;
  readonly pass: JudgedPass;
  readonly outcome: ArmOutcome;
}

const count = (name: string, of: (outcome: ArmOutcome) => number | undefined): ColumnSpec<ArmRow> => ({
  name,
  type: 'int32',
  value: ({ outcome }) => of(outcome),
});

const number = (name: string, of: (outcome: ArmOutcome) => number | undefined): ColumnSpec<ArmRow> => ({
  name,
  type: 'float64',
  value: ({ outcome }) => of(outcome),
});

const published = (name: string, of: (arm: PublishedArm) => number): ColumnSpec<ArmRow> => ({
  name: `published_${name}`,
  type: 'int32',
  value: ({ subject, outcome }) => {
    const found = articleBeside(subject, outcome.arm);
    return found && of(found);
  },
});

const labelCounts: ColumnSpec<ArmRow>[] = [
  count('label_a', ({ counts }) => counts.a),
  count('label_b', ({ counts }) => counts.b),
  count('label_none', ({ counts }) => counts.none),
  count('label_a_to_b', ({ counts }) => counts['a to b']),
  count('label_b_to_a', ({ counts }) => counts['b to a']),
  count('unlabelled', ({ counts }) => counts.unlabelled),
  count('unjudged', ({ unjudged }) => unjudged),
  count('ends_a', ({ net }) => net.counts.a),
  count('ends_b', ({ net }) => net.counts.b),
  count('ends_none', ({ net }) => net.counts.none),
];

const publishedColumns: ColumnSpec<ArmRow>[] = [
  published('label_a', ({ counts }) => counts.a),
  published('label_b', ({ counts }) => counts.b),
  published('label_none', ({ counts }) => counts.none),
  published('label_a_to_b', ({ counts }) => counts['a to b']),
  published('label_b_to_a', ({ counts }) => counts['b to a']),
  {
    name: 'published_net',
    type: 'string',
    value: ({ subject, outcome }) => articleBeside(subject, outcome.arm)?.net,
  },
  {
    name: 'footnotes',
    type: 'string',
    value: ({ subject, outcome }) => articleBeside(subject, outcome.arm)?.footnotes.join(' ') || null,
  },
];

function armsTable(subject: SteeringSubject): Table {
  const rows = subject.judged.flatMap((pass) =>
    pass.outcome.arms.map((outcome) => ({ subject, pass, outcome })),
  );
  return tableFrom<ArmRow>('arms', rows, [
    ...judgeColumns,
    { name: 'arm', type: 'string', value: ({ outcome }) => outcome.arm },
    { name: 'kind', type: 'string', value: ({ outcome }) => outcome.kind },
    number('factor', ({ factor }) => factor),
    {
      name: 'added_length',
      type: 'float64',
      value: ({ outcome }) => subject.arms.find(({ arm }) => arm.name === outcome.arm)?.length,
    },
    count('replies', ({ replies }) => replies),
    count('distinct_texts', ({ distinctTexts }) => distinctTexts),
    ...labelCounts,
    {
      name: 'net',
      type: 'string',
      value: ({ pass, outcome }) => (pass.judge ? netText(outcome.net, poleNames(subject)) : null),
    },
    number('net_share', ({ net }) => net.count / net.of),
    number('net_low', ({ net }) => net.interval.low),
    number('net_high', ({ net }) => net.interval.high),
    {
      name: 'test',
      type: 'string',
      value: ({ outcome: { test } }) => (test && isKnown(test.p) ? test.test : null),
    },
    number('p', ({ test }) => test?.p),
    number('q', ({ test }) => test?.q),
    count('tokens', ({ tokens }) => tokens),
    number('nll', ({ nll }) => nll),
    number('nll_ratio', ({ nllRatio }) => nllRatio),
    number('repetition', ({ repetition }) => repetition),
    number('distinct_2', ({ distinct2 }) => distinct2),
    count('degenerate', ({ degenerate }) => degenerate),
    count('repetitive', ({ repetitive }) => repetitive),
    count('improbable', ({ improbable }) => improbable),
    count('empty', ({ empty }) => empty),
    number('activation_a', ({ activation }) => activation?.a),
    number('activation_b', ({ activation }) => activation?.b),
    { name: 'own_pole', type: 'string', value: ({ outcome }) => outcome.own },
    ...publishedColumns,
  ]);
}

function isKnown(value: number): boolean {
  return !Number.isNaN(value);
}

function interventionsTable({ arms }: SteeringSubject): Table {
  const rows = arms.flatMap(({ arm, length, coefficients }) =>
    (coefficients.length > 0 ? coefficients : [undefined]).map((one) => ({ arm, length, one })),
  );
  return tableFrom('interventions', rows, [
    { name: 'arm', type: 'string', value: ({ arm }) => arm.name },
    { name: 'kind', type: 'string', value: ({ arm }) => arm.kind },
    { name: 'factor', type: 'float64', value: ({ arm }) => arm.factor },
    { name: 'added_length', type: 'float64', value: ({ length }) => length },
    { name: 'feature', type: 'int32', value: ({ one }) => one?.feature },
    { name: 'coefficient', type: 'float64', value: ({ one }) => one?.coefficient },
  ]);
}

function repliesTable(subject: SteeringSubject): Table {
  const thresholds = subject.judged[0]?.outcome.thresholds;
  return tableFrom<ReplyRecord>('replies', subject.records, [
    { name: 'id', type: 'string', value: ({ id }) => id },
    { name: 'arm', type: 'string', value: ({ arm }) => arm },
    { name: 'prompt', type: 'string', value: ({ prompt }) => subject.prompts[prompt] },
    { name: 'reply', type: 'int32', value: ({ reply }) => reply },
    // 48 bits: exact as a double.
    { name: 'seed', type: 'float64', value: ({ seed }) => seed },
    { name: 'text', type: 'string', value: ({ text }) => text },
    { name: 'tokens', type: 'int32', value: ({ tokens }) => tokens.length },
    { name: 'end', type: 'string', value: ({ end }) => end },
    {
      name: 'unsteered_mean_log_probability',
      type: 'float64',
      value: (reply) => reply.unsteered_mean_log_probability,
    },
    { name: 'distinct_1', type: 'float64', value: (reply) => reply.distinct_1 },
    { name: 'distinct_2', type: 'float64', value: (reply) => reply.distinct_2 },
    { name: 'repetition', type: 'float64', value: ({ repetition }) => repetition },
    {
      name: 'is_repetitive',
      type: 'boolean',
      value: (reply) => thresholds && isRepetitive(reply, thresholds),
    },
    {
      name: 'is_improbable',
      type: 'boolean',
      value: (reply) => thresholds && isImprobable(reply, thresholds),
    },
    { name: 'positions', type: 'int32', value: ({ positions }) => positions },
    {
      name: 'steered_positions',
      type: 'string',
      value: ({ steered }) => steered.map(([from, to]) => `${from}-${to - 1}`).join(',') || null,
    },
  ]);
}

function verdictsTable(subject: SteeringSubject): Table {
  const names = poleNames(subject);
  const rows = subject.judged.flatMap((pass) =>
    subject.records.flatMap((record) => {
      const verdict = pass.verdicts.get(record.id);
      return verdict ? [{ pass, record, verdict }] : [];
    }),
  );
  return tableFrom('verdicts', rows, [
    ...judgeColumns,
    { name: 'id', type: 'string', value: ({ record }) => record.id },
    { name: 'arm', type: 'string', value: ({ record }) => record.arm },
    { name: 'label', type: 'string', value: ({ verdict }) => labelName(verdict.label, names) },
    { name: 'reason', type: 'string', value: ({ verdict }) => verdict.reason },
  ]);
}

/** Beyond it a table of positions would take gigabytes to build; `replies.jsonl` has them in any case. */
const MAX_POSITIONS = 1_000_000;

/** A row per position: what was steered there, and how active the poles are behind it. Empty for runs that are too large for it. */
function activationsTable({ records: all }: SteeringSubject): Table {
  const positions = all.reduce((sum, record) => sum + record.positions, 0);
  const records = positions > MAX_POSITIONS ? [] : all;
  const rows = records.flatMap((record) =>
    Array.from({ length: record.activations ? record.positions : 0 }, (_, position) => ({
      record,
      position,
    })),
  );
  return tableFrom('activations', rows, [
    { name: 'id', type: 'string', value: ({ record }) => record.id },
    { name: 'position', type: 'int32', value: ({ position }) => position },
    {
      name: 'is_reply',
      type: 'boolean',
      // All of the reply's tokens but its last one take a position.
      value: ({ record, position }) => position >= record.positions - Math.max(0, record.tokens.length - 1),
    },
    {
      name: 'is_steered',
      type: 'boolean',
      value: ({ record, position }) => record.steered.some(([from, to]) => position >= from && position < to),
    },
    {
      name: 'activation_a',
      type: 'float64',
      value: ({ record, position }) => record.activations?.a[position],
    },
    {
      name: 'activation_b',
      type: 'float64',
      value: ({ record, position }) => record.activations?.b[position],
    },
  ]);
}

const pairColumns: ColumnSpec<{ readonly two: JudgedTwice }>[] = [
  { name: 'judge_1', type: 'string', value: ({ two }) => two.first.judge },
  { name: 'pass_1', type: 'int32', value: ({ two }) => two.first.pass },
  { name: 'judge_2', type: 'string', value: ({ two }) => two.second.judge },
  { name: 'pass_2', type: 'int32', value: ({ two }) => two.second.pass },
];

function agreementTable({ agreements }: SteeringSubject): Table {
  const rows = agreements.flatMap((two) =>
    (['labels', 'ends'] as const).map((over) => ({ two, over, kappa: two.agreement[over] })),
  );
  return tableFrom('agreement', rows, [
    ...pairColumns,
    { name: 'over', type: 'string', value: ({ over }) => over },
    { name: 'kappa', type: 'float64', value: ({ kappa }) => kappa.kappa },
    { name: 'kappa_low', type: 'float64', value: ({ kappa }) => kappa.interval.low },
    { name: 'kappa_high', type: 'float64', value: ({ kappa }) => kappa.interval.high },
    { name: 'observed', type: 'float64', value: ({ kappa }) => kappa.observed },
    { name: 'expected', type: 'float64', value: ({ kappa }) => kappa.expected },
    { name: 'replies', type: 'int32', value: ({ kappa }) => kappa.items },
    { name: 'only_judge_1', type: 'int32', value: ({ two }) => two.agreement.onlyFirst },
    { name: 'only_judge_2', type: 'int32', value: ({ two }) => two.agreement.onlySecond },
  ]);
}

function confusionTable(subject: SteeringSubject): Table {
  const names = poleNames(subject);
  const rows = subject.agreements.flatMap((two) =>
    CONFUSION_LABELS.flatMap((first, i) =>
      CONFUSION_LABELS.map((second, j) => ({ two, first, second, n: two.agreement.confusion[i]![j]! })),
    ),
  );
  return tableFrom('confusion', rows, [
    ...pairColumns,
    { name: 'label_1', type: 'string', value: ({ first }) => labelName(first, names) },
    { name: 'label_2', type: 'string', value: ({ second }) => labelName(second, names) },
    { name: 'replies', type: 'int32', value: ({ n }) => n },
  ]);
}
