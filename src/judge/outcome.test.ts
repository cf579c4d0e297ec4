import { describe, expect, test } from 'vitest';
import { fisherExact } from '../stats/contingency.ts';
import { wilsonInterval } from '../stats/wilson.ts';
import type { PolePair } from '../steering/arm.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import { agreement, CONFUSION_LABELS } from './agreement.ts';
import { netText } from './end_states.ts';
import type { JudgedLabel } from './labels.ts';
import { type ArmOutcome, outcome, type PlannedArm, type VerdictsById } from './outcome.ts';

const poles: PolePair = { a: { name: 'Happy', features: [11] }, b: { name: 'Sad', features: [20, 21] } };
const [plusA, minusA] = [
  { features: [11], strength: 2 },
  { features: [11], strength: -2 },
];
const [plusB, minusB] = [
  { features: [20, 21], strength: 2 },
  { features: [20, 21], strength: -2 },
];

function arm(name: string, kind: PlannedArm['kind'], parts: PlannedArm['parts'] = []): PlannedArm {
  return { name, kind, parts, factor: 1 };
}

const arms: readonly PlannedArm[] = [
  arm('control', 'control'),
  arm('examples', 'examples'),
  arm('+Happy', 'steered', [plusA]),
  arm('-Happy+Sad', 'steered', [minusA, plusB]),
  arm('+Happy+Sad', 'steered', [plusA, plusB]),
  arm('-Sad', 'steered', [minusB]),
  arm('random 1', 'random'),
];

function record(armName: string, reply: number, known: Partial<ReplyRecord> = {}): ReplyRecord {
  return {
    id: `${armName}/0/${reply}`,
    arm: armName,
    prompt: 0,
    reply,
    seed: reply,
    text: 'I am fine.',
    tokens: [1, 2, 3, 4],
    end: 'stop',
    unsteered_mean_log_probability: -0.7,
    steered: [],
    positions: 8,
    distinct_1: 1,
    distinct_2: 1,
    repetition: 0,
    ...known,
  };
}

/** Replies of an arm with these numbers of labels, and the verdicts on them. */
function labelled(
  armName: string,
  counts: Partial<Record<JudgedLabel, number>>,
  known: Partial<ReplyRecord> = {},
): { records: ReplyRecord[]; verdicts: [string, { label: JudgedLabel; reason?: string }][] } {
  const labels = Object.entries(counts).flatMap(([label, count]) =>
    Array.from({ length: count }, () => label as JudgedLabel),
  );
  const records = labels.map((_, reply) => record(armName, reply, known));
  return { records, verdicts: records.map(({ id }, i) => [id, { label: labels[i]! }]) };
}

function outcomeOf(...groups: readonly ReturnType<typeof labelled>[]): ReturnType<typeof outcome> {
  const verdicts: VerdictsById = new Map(groups.flatMap((group) => group.verdicts));
  return outcome(
    groups.flatMap((group) => group.records),
    verdicts,
    { poles, arms },
  );
}

function armOf(result: ReturnType<typeof outcome>, name: string): ArmOutcome {
  const found = result.arms.find((one) => one.arm === name);
  if (!found) throw new Error(`no arm ${name}`);
  return found;
}

describe('an outcome', () => {
  test("has the article's Net: -1*Happy + Sad is Sad Steered (14/20), by where replies end", () => {
    const result = outcomeOf(
      labelled('control', { none: 18, a: 2 }),
      labelled('-Happy+Sad', { b: 12, none: 6, 'a to b': 2 }),
    );
    const { net, counts } = armOf(result, '-Happy+Sad');
    expect(counts).toEqual({ a: 0, b: 12, none: 6, 'a to b': 2, 'b to a': 0, unlabelled: 0 });
    expect(net).toEqual({
      counts: { a: 0, b: 14, none: 6 },
      winners: ['b'],
      count: 14,
      of: 20,
      interval: wilsonInterval(14, 20),
    });
    expect(netText(net, { a: 'Happy', b: 'Sad' })).toBe('Sad Steered (14/20)');
    expect(netText(armOf(result, 'control').net, { a: 'Happy', b: 'Sad' })).toBe('Neutral (18/20)');
  });

  test('ties are ties, and replies without a label count among all', () => {
    const tied = armOf(
      outcomeOf(labelled('+Happy', { a: 3, 'b to a': 1, none: 4, unlabelled: 2 })),
      '+Happy',
    );
    expect(netText(tied.net, { a: 'Happy', b: 'Sad' })).toBe('Happy Steered = Neutral (4/10)');
    const none = armOf(outcomeOf(labelled('+Happy', { unlabelled: 2 })), '+Happy');
    expect(netText(none.net, { a: 'Happy', b: 'Sad' })).toBe('no label (0/2)');
    const absent = armOf(outcomeOf(), '-Sad');
    expect(absent).toMatchObject({ replies: 0, unjudged: 0, tokens: 0, activation: null });
    expect(netText(absent.net, { a: 'Happy', b: 'Sad' })).toBe('no label (0/0)');
    expect(absent.net.interval.low).toBeNaN();
    expect(absent.nll).toBeNaN();
  });

  test('tests every arm against the control, adjusted for all of them', () => {
    const result = outcomeOf(
      labelled('control', { none: 19, unlabelled: 1 }),
      labelled('+Happy', { a: 15, none: 5 }),
      labelled('-Sad', { none: 20 }),
    );
    const p = fisherExact([15, 0, 5, 0, 0], [0, 0, 19, 0, 0])!;
    expect(armOf(result, 'control').test).toBeNull();
    expect(armOf(result, '+Happy').test).toEqual({ test: 'fisher', p, q: 2 * p });
    expect(armOf(result, '-Sad').test).toEqual({ test: 'fisher', p: 1, q: 1 });
    // Without replies there is nothing to test, and nothing to adjust for.
    expect(armOf(result, 'random 1').test).toEqual({ test: 'fisher', p: Number.NaN, q: Number.NaN });
  });

  test('without a control there is no test and no ratio', () => {
    const { records, verdicts } = labelled('+Happy', { a: 1 });
    const result = outcome(records, new Map(verdicts), { poles, arms: arms.slice(2, 3) });
    expect(result.arms[0]!.test).toBeNull();
    expect(result.arms[0]!.nllRatio).toBeNaN();
    expect(result.thresholds).toMatchObject({ from: null, replies: 0 });
    expect(result.arms[0]!.degenerate).toBe(0);
  });

  test('the likelihood counts tokens, not replies, and is compared with the control', () => {
    const control = labelled('control', { none: 2 });
    const short = record('+Happy', 0, { tokens: [1], unsteered_mean_log_probability: -5 });
    const long = record('+Happy', 1, { tokens: [1, 2, 3], unsteered_mean_log_probability: -1 });
    const empty = record('+Happy', 2, { tokens: [], unsteered_mean_log_probability: null, text: ' \n' });
    const result = outcome([...control.records, short, long, empty], new Map(), { poles, arms });
    expect(armOf(result, '+Happy')).toMatchObject({ nll: 2, tokens: 4, empty: 1, replies: 3, unjudged: 3 });
    expect(armOf(result, '+Happy').nllRatio).toBeCloseTo(2 / 0.7, 12);
    expect(armOf(result, 'control').nllRatio).toBe(1);
    expect(result).toMatchObject({ replies: 5, unjudged: 5, unlabelled: 0 });
  });

  test('degenerate text is what unsteered examples are not', () => {
    const examples = labelled('examples', { none: 2 }, { repetition: 0.3, distinct_2: 0.8 });
    const steered = [
      record('+Happy', 0, { repetition: 0.31 }),
      record('+Happy', 1, { repetition: 0.3, distinct_2: 0.74, unsteered_mean_log_probability: -2.2 }),
      record('+Happy', 2, { unsteered_mean_log_probability: -2.11 }),
      record('+Happy', 3, { repetition: 0.3, distinct_2: 0.76, unsteered_mean_log_probability: -2 }),
      record('+Happy', 4, { distinct_2: null, unsteered_mean_log_probability: null }),
    ];
    const result = outcome([...examples.records, ...steered], new Map(), { poles, arms });
    expect(result.thresholds).toMatchObject({
      from: 'examples',
      replies: 2,
      repetitionAbove: 0.3,
      distinct2Below: 0.75,
    });
    expect(result.thresholds.nllAbove).toBeCloseTo(2.1, 12);
    expect(armOf(result, '+Happy')).toMatchObject({ degenerate: 3, repetitive: 2, improbable: 2 });
    expect(result.arms.map((one) => one.arm)).not.toContain('examples');
    expect(result.replies).toBe(5);
  });

  test('without examples the control says what is degenerate', () => {
    const result = outcomeOf(labelled('control', { none: 3 }, { repetition: 0.5 }));
    expect(result.thresholds).toMatchObject({ from: 'control', replies: 3, repetitionAbove: 0.5 });
  });

  test('activations are means over positions; the own pole is the one that is pushed towards', () => {
    const result = outcome(
      [
        record('+Happy', 0, { activations: { a: [1, 2, 3], b: [0, 0, 0] } }),
        record('+Happy', 1, { activations: { a: [6], b: [4] } }),
        record('+Happy', 2),
      ],
      new Map(),
      { poles, arms },
    );
    expect(armOf(result, '+Happy').activation).toEqual({ a: 3, b: 1 });
    expect(armOf(result, 'control').activation).toBeNull();
    const own = Object.fromEntries(result.arms.map((one) => [one.arm, one.own]));
    expect(own).toEqual({
      control: null,
      '+Happy': 'a',
      '-Happy+Sad': 'b',
      '+Happy+Sad': null,
      '-Sad': 'b',
      'random 1': null,
    });
  });

  test('says why there is no label, the most frequent first, without the examples', () => {
    const { records } = labelled('+Happy', { unlabelled: 4 });
    const reasons = ['refused', 'no JSON', 'no JSON', undefined];
    const verdicts = new Map(
      records.map(({ id }, i) => [
        id,
        { label: 'unlabelled' as const, ...(reasons[i] === undefined ? {} : { reason: reasons[i] }) },
      ]),
    );
    const examples = labelled('examples', { unlabelled: 1 });
    const all = new Map([...verdicts, ...examples.verdicts]);
    const result = outcome([...records, ...examples.records], all, { poles, arms });
    expect(result.unlabelled).toBe(4);
    expect(result.unlabelledReasons).toEqual([
      { reason: 'no JSON', replies: 2 },
      { reason: 'no reason given', replies: 1 },
      { reason: 'refused', replies: 1 },
    ]);
  });

  test('is the same in whatever order replies and verdicts come', () => {
    const groups = [
      labelled('control', { none: 5, a: 2 }),
      labelled('+Happy', { a: 5, 'b to a': 2 }, { activations: { a: [0.1, 0.2, 0.7], b: [0.3, 0, 0] } }),
    ];
    const records = groups
      .flatMap((group) => group.records)
      .map((one, i) => ({ ...one, unsteered_mean_log_probability: -1 / (i + 3), repetition: 1 / (i + 7) }));
    const verdicts = groups.flatMap((group) => group.verdicts);
    const one = outcome(records, new Map(verdicts), { poles, arms });
    const other = outcome(records.toReversed(), new Map(verdicts.toReversed()), { poles, arms });
    expect(other).toEqual(one);
  });
});

describe('agreement', () => {
  const verdicts = (labels: Readonly<Record<string, JudgedLabel>>): VerdictsById =>
    new Map(Object.entries(labels).map(([id, label]) => [id, { label }]));

  test('counts what both judged, and kappa what both labelled', () => {
    const result = agreement(
      verdicts({ 1: 'a', 2: 'b', 3: 'none', 4: 'b to a', 5: 'unlabelled', 6: 'a', 7: 'b' }),
      verdicts({ 1: 'a', 2: 'b', 3: 'none', 4: 'a', 5: 'none', 6: 'unlabelled', 8: 'a', 9: 'a' }),
    );
    expect(result).toMatchObject({ both: 6, onlyFirst: 1, onlySecond: 2 });
    expect(result.labels).toMatchObject({ items: 4, observed: 0.75 });
    // By where they end all four agree.
    expect(result.ends).toMatchObject({ items: 4, observed: 1, kappa: 1 });
    const at = (first: JudgedLabel, second: JudgedLabel): number | undefined =>
      result.confusion[CONFUSION_LABELS.indexOf(first)]?.[CONFUSION_LABELS.indexOf(second)];
    expect(at('b to a', 'a')).toBe(1);
    expect(at('unlabelled', 'none')).toBe(1);
    expect(at('a', 'unlabelled')).toBe(1);
    expect(result.confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(6);
  });

  test('of nothing in common is not known', () => {
    const result = agreement(verdicts({ 1: 'a' }), verdicts({ 2: 'a' }));
    expect(result).toMatchObject({ both: 0, onlyFirst: 1, onlySecond: 1 });
    expect(result.labels.kappa).toBeNaN();
    expect(result.ends.observed).toBeNaN();
  });
});
