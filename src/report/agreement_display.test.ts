import { expect, test } from 'vitest';
import { agreement } from '../judge/agreement.ts';
import type { JudgedLabel } from '../judge/labels.ts';
import { agreementTables } from './agreement_display.ts';
import type { SteeringSubject } from './steering_subject.ts';

const poles = { a: { name: 'Happy', features: [1] }, b: { name: 'Sad', features: [2] } };

function kappaTable(first: readonly JudgedLabel[], second: readonly JudgedLabel[]) {
  const of = (labels: readonly JudgedLabel[]) =>
    new Map(labels.map((label, i) => [String(i), { id: String(i), label }]));
  const judged = { judge: 'x', title: 'x', pass: 1 };
  const agreements = [
    { first: judged, second: { ...judged, pass: 2 }, agreement: agreement(of(first), of(second)) },
  ];
  // The other fields belong to other tables.
  const [table] = agreementTables({ agreements, poles } as unknown as SteeringSubject);
  return table!;
}

test('a judge that says the same of all has a kappa of 0 without an interval, and a note says so', () => {
  const { rows, notes } = kappaTable(['none', 'none', 'none'], ['a', 'none', 'b']);
  expect(rows[0]?.slice(4, 6)).toEqual(['0.00', 'none']);
  expect(notes?.join(' ')).toContain('says the same of every reply');
  const both = kappaTable(['none', 'none'], ['none', 'none']);
  expect(both.rows[0]?.slice(4, 6)).toEqual(['not defined', '']);
  expect(both.notes?.join(' ')).toContain('says the same of every reply');
});

test('judges that differ have an interval and no such note', () => {
  const { rows, notes } = kappaTable(['none', 'a', 'a', 'b'], ['a', 'a', 'none', 'b']);
  expect(rows[0]?.[5]).toMatch(/^-?\d\.\d\d to \d\.\d\d$/);
  expect(notes?.join(' ')).not.toContain('says the same of every reply');
});
