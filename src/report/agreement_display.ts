/** @file How far judges agree, as display tables: kappa for every pair of passes, and who said what. */

import { CONFUSION_LABELS } from '../judge/agreement.ts';
import { labelName } from '../judge/labels.ts';
import type { Kappa } from '../stats/kappa.ts';
import { type DisplayTable, left, right } from './display.ts';
import { type JudgedTwice, judgeTitle, poleNames, type SteeringSubject } from './steering_subject.ts';

/** None where fewer than two passes judged. */
export function agreementTables(subject: SteeringSubject): DisplayTable[] {
  const { agreements } = subject;
  if (agreements.length === 0) return [];
  return [kappaTable(agreements), ...agreements.map((two) => confusionTable(subject, two))];
}

function kappaTable(agreements: readonly JudgedTwice[]): DisplayTable {
  const isConstant = agreements.some(({ agreement: { labels, ends } }) =>
    [labels, ends].some(({ items, interval }) => items > 0 && Number.isNaN(interval.low)),
  );
  return {
    title: 'Agreement of judges',
    columns: [
      left('First'),
      left('Second'),
      right('Replies'),
      right('Same label'),
      right('Kappa'),
      left('95 %'),
      right('Same end'),
      right('Kappa of ends'),
      left('95 %'),
    ],
    rows: agreements.map(({ first, second, agreement: { labels, ends } }) => [
      judgeTitle(first),
      judgeTitle(second),
      String(labels.items),
      percent(labels.observed),
      ...kappaCells(labels),
      percent(ends.observed),
      ...kappaCells(ends),
    ]),
    notes: [
      'Cohen’s kappa: 1 is full agreement, 0 what chance would give. Over replies that both gave a label. Ends: a reply that turns counts as where it ends.',
      ...(isConstant
        ? [
            'A judge that says the same of every reply agrees as chance does: kappa is 0 whatever the other says, without an interval, and not defined where both say that same one.',
          ]
        : []),
    ],
  };
}

function kappaCells({ kappa, interval: { low, high } }: Kappa): [string, string] {
  if (Number.isNaN(kappa)) return ['not defined', ''];
  if (Number.isNaN(low)) return [kappa.toFixed(2), 'none'];
  return [kappa.toFixed(2), `${low.toFixed(2)} to ${high.toFixed(2)}`];
}

function percent(share: number): string {
  return Number.isNaN(share) ? '' : `${Math.round(share * 100)} %`;
}

function confusionTable(subject: SteeringSubject, { first, second, agreement }: JudgedTwice): DisplayTable {
  const names = poleNames(subject);
  const used = CONFUSION_LABELS.map((_, i) =>
    agreement.confusion.some((row, r) => (row[i] ?? 0) > 0 || (r === i && row.some((n) => n > 0))),
  );
  const labels = CONFUSION_LABELS.map((label, i) => ({ label, i })).filter(({ i }) => used[i]);
  return {
    title: `${judgeTitle(first)} (rows) and ${judgeTitle(second)} (columns)`,
    columns: [left(''), ...labels.map(({ label }) => right(labelName(label, names)))],
    rows: labels.map(({ label, i }) => [
      labelName(label, names),
      ...labels.map(({ i: j }) => String(agreement.confusion[i]![j]!)),
    ]),
    notes: [],
  };
}
