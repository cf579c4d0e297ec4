/**
 * @file What a judge's labels say about each arm (METHOD, sections 5 and 6): counts, Net, tests against the unsteered control, and what shows whether the text
 * is still text. Pure: the same records and verdicts give the same outcome, whatever their order. Replies to several prompts are pooled.
 */

import { benjaminiHochberg } from '../stats/benjamini_hochberg.ts';
import { testGroups } from '../stats/contingency.ts';
import { mean } from '../stats/summary.ts';
import type { Arm, ArmKind, PolePair } from '../steering/arm.ts';
import { repeatedArms } from '../steering/arm_rows.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import {
  type DegenerateThresholds,
  degenerateThresholds,
  isImprobable,
  isRepetitive,
  nllOf,
} from './degenerate.ts';
import { type LabelCounts, type Net, netOf } from './end_states.ts';
import type { Verdict } from './judge.ts';
import { type JudgedLabel, type PoleNames, STEERING_LABELS } from './labels.ts';

/** By the id of the reply; replies that are not in it were not judged. */
export type VerdictsById = ReadonlyMap<string, Pick<Verdict, 'label' | 'reason'>>;

/** Whether an arm's labels differ from the control's; replies without a label do not enter. */
export interface ArmTest {
  /** Fisher's exact test (Freeman and Halton's for more than two labels) where its tables can all be visited, else Pearson's chi-squared. */
  readonly test: 'fisher' | 'chi-squared';
  /** NaN where either side has no labelled reply. */
  readonly p: number;
  /** Adjusted for all arms that are tested (Benjamini and Hochberg); those that repeat others at further strengths for themselves. */
  readonly q: number;
}

export interface ArmOutcome {
  readonly arm: string;
  readonly kind: ArmKind;
  readonly factor: number;
  /** Records of the arm, judged or not. */
  readonly replies: number;
  /** Distinct texts among them, per prompt: replies that coincide are not independent. */
  readonly distinctTexts: number;
  /** Judged ones, by label, `unlabelled` among them. */
  readonly counts: LabelCounts;
  /** Replies that the judge has not seen: some only where judging was stopped. */
  readonly unjudged: number;
  readonly net: Net;
  /** Null for the control itself, and where there is none. */
  readonly test: ArmTest | null;
  /** Minus the mean natural logarithm of the probability without steering, over all tokens of the arm; NaN without tokens. */
  readonly nll: number;
  /** `nll` over the control's; 1 for the control, NaN where either is not known. */
  readonly nllRatio: number;
  readonly tokens: number;
  /** Means over replies, `distinct2` without replies that have none. NaN for none. */
  readonly repetition: number;
  readonly distinct2: number;
  /** Replies beyond either threshold of degenerate text, and beyond each. */
  readonly degenerate: number;
  readonly repetitive: number;
  readonly improbable: number;
  /** Replies of nothing but white space. */
  readonly empty: number;
  /** Means over all positions of the arm; null where none are recorded. */
  readonly activation: { readonly a: number; readonly b: number } | null;
  /** The one pole that the arm pushes towards, or, where it pushes towards none, the one it pushes away from; null otherwise. */
  readonly own: 'a' | 'b' | null;
}

export interface SteeringOutcome {
  readonly poles: PoleNames;
  /** All arms but `examples`, in the order of the plan. */
  readonly arms: readonly ArmOutcome[];
  readonly thresholds: DegenerateThresholds;
  /** Over these arms. */
  readonly replies: number;
  readonly unlabelled: number;
  readonly unjudged: number;
  /** Why replies have no label, with how many, most frequent first, equals by their words. */
  readonly unlabelledReasons: readonly { readonly reason: string; readonly replies: number }[];
}

export interface OutcomeOptions {
  readonly poles: PolePair;
  /** In the order of the result. Records of other arms are left out. */
  readonly arms: readonly PlannedArm[];
}

export type PlannedArm = Pick<Arm, 'name' | 'kind' | 'parts' | 'factor'>;

/** Replies of `examples` give the thresholds of degenerate text, and are in nothing else. Without `examples` the control gives them. */
export function outcome(
  records: readonly ReplyRecord[],
  verdicts: VerdictsById,
  { poles, arms }: OutcomeOptions,
): SteeringOutcome {
  const byArm = new Map<string, ReplyRecord[]>(arms.map(({ name }) => [name, []]));
  for (const record of records) byArm.get(record.arm)?.push(record);
  // Sums of floating-point numbers depend on their order: records are put into one.
  for (const group of byArm.values()) group.sort((x, y) => x.prompt - y.prompt || x.reply - y.reply);
  const ofKind = (kind: ArmKind): ReplyRecord[] =>
    arms.filter((arm) => arm.kind === kind).flatMap(({ name }) => byArm.get(name)!);
  const [examples, control] = [ofKind('examples'), ofKind('control')];
  const thresholds = degenerateThresholds(
    examples.length > 0 ? examples : control,
    examples.length > 0 ? 'examples' : 'control',
  );
  const shown = arms.filter(({ kind }) => kind !== 'examples');
  const groups = shown.map(({ name }) => byArm.get(name)!);
  const counts = groups.map((group) => countLabels(group, verdicts));
  const tests = testArms(shown, counts, countLabels(control, verdicts));
  const controlNll = nllOf(control).nll;
  const outcomes = shown.map((arm, i): ArmOutcome => {
    const group = groups[i]!;
    const { nll, tokens } = nllOf(group);
    return {
      arm: arm.name,
      kind: arm.kind,
      factor: arm.factor,
      replies: group.length,
      distinctTexts: new Set(group.map(({ prompt, text }) => `${prompt} ${text}`)).size,
      counts: counts[i]!,
      unjudged: group.filter(({ id }) => !verdicts.has(id)).length,
      net: netOf(counts[i]!),
      test: tests[i]!,
      nll,
      nllRatio: nll / controlNll,
      tokens,
      ...textMeasures(group, thresholds),
      activation: meanActivation(group),
      own: ownPole(arm, poles),
    };
  });
  const sum = (of: (arm: ArmOutcome) => number): number =>
    outcomes.reduce((total, arm) => total + of(arm), 0);
  return {
    poles: { a: poles.a.name, b: poles.b.name },
    arms: outcomes,
    thresholds,
    replies: sum(({ replies }) => replies),
    unlabelled: sum((arm) => arm.counts.unlabelled),
    unjudged: sum(({ unjudged }) => unjudged),
    unlabelledReasons: reasonsOf(groups.flat(), verdicts),
  };
}

function countLabels(records: readonly ReplyRecord[], verdicts: VerdictsById): LabelCounts {
  const counts: Record<JudgedLabel, number> = {
    a: 0,
    b: 0,
    none: 0,
    'a to b': 0,
    'b to a': 0,
    unlabelled: 0,
  };
  for (const { id } of records) {
    const verdict = verdicts.get(id);
    if (verdict) counts[verdict.label]++;
  }
  return counts;
}

function testArms(
  arms: readonly PlannedArm[],
  counts: readonly LabelCounts[],
  control: LabelCounts,
): (ArmTest | null)[] {
  if (!arms.some(({ kind }) => kind === 'control')) return arms.map(() => null);
  const listed = (of: LabelCounts): number[] => STEERING_LABELS.map((label) => of[label]);
  const tests = counts.map((of, i) =>
    arms[i]!.kind === 'control' ? null : testGroups(listed(of), listed(control)),
  );
  const repeated = repeatedArms(arms);
  // A further strength is another question than whether an arm moves the replies: it does not make that harder to show.
  const qs = [true, false].map((isRepeated) =>
    benjaminiHochberg(
      tests.map((test, i) =>
        repeated.has(arms[i]!.name) === isRepeated ? (test?.p ?? Number.NaN) : Number.NaN,
      ),
    ),
  );
  return tests.map((test, i) => test && { ...test, q: qs[repeated.has(arms[i]!.name) ? 0 : 1]![i]! });
}

function textMeasures(
  group: readonly ReplyRecord[],
  thresholds: DegenerateThresholds,
): Pick<ArmOutcome, 'repetition' | 'distinct2' | 'degenerate' | 'repetitive' | 'improbable' | 'empty'> {
  const count = (of: (record: ReplyRecord) => boolean): number => group.filter(of).length;
  const repetitive = (record: ReplyRecord): boolean => isRepetitive(record, thresholds);
  const improbable = (record: ReplyRecord): boolean => isImprobable(record, thresholds);
  return {
    repetition: mean(group.map(({ repetition }) => repetition)),
    distinct2: mean(group.map((record) => record.distinct_2).filter((value) => value !== null)),
    degenerate: count((record) => repetitive(record) || improbable(record)),
    repetitive: count(repetitive),
    improbable: count(improbable),
    empty: count(({ text }) => text.trim() === ''),
  };
}

function meanActivation(group: readonly ReplyRecord[]): ArmOutcome['activation'] {
  const recorded = group.flatMap(({ activations }) => (activations ? [activations] : []));
  if (recorded.length === 0) return null;
  return { a: mean(recorded.flatMap(({ a }) => a)), b: mean(recorded.flatMap(({ b }) => b)) };
}

function ownPole({ parts }: PlannedArm, poles: PolePair): 'a' | 'b' | null {
  const pushed = (isTowards: (strength: number) => boolean): ('a' | 'b')[] =>
    (['a', 'b'] as const).filter((pole) =>
      parts.some(
        ({ features, strength }) =>
          isTowards(strength) && features.some((feature) => poles[pole].features.includes(feature)),
      ),
    );
  const towards = pushed((strength) => strength > 0);
  const chosen = towards.length > 0 ? towards : pushed((strength) => strength < 0);
  return chosen.length === 1 ? chosen[0]! : null;
}

function reasonsOf(
  records: readonly ReplyRecord[],
  verdicts: VerdictsById,
): SteeringOutcome['unlabelledReasons'] {
  const replies = new Map<string, number>();
  for (const { id } of records) {
    const verdict = verdicts.get(id);
    if (verdict?.label !== 'unlabelled') continue;
    const reason = verdict.reason ?? 'no reason given';
    replies.set(reason, (replies.get(reason) ?? 0) + 1);
  }
  return [...replies]
    .map(([reason, count]) => ({ reason, replies: count }))
    .sort((x, y) => y.replies - x.replies || (x.reason < y.reason ? -1 : 1));
}
