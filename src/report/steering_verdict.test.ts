import { describe, expect, it } from 'vitest';
import { netOf } from '../judge/end_states.ts';
import type { ArmOutcome, ArmTest } from '../judge/outcome.ts';
import type { ArmKind } from '../steering/arm.ts';
import type { JudgedPass, SteeringSubject } from './steering_subject.ts';
import { steeringVerdict } from './steering_verdict.ts';

interface Arm {
  readonly name: string;
  readonly kind?: ArmKind;
  readonly q?: number;
  /** Replies of 20 that end happy. */
  readonly happy?: number;
  readonly degenerate?: number;
}

function outcomeOf({ name, kind = 'steered', q, happy = 0, degenerate = 0 }: Arm): ArmOutcome {
  const counts = { a: happy, b: 0, none: 20 - happy, 'a to b': 0, 'b to a': 0, unlabelled: 0 };
  const test: ArmTest | null = q === undefined ? null : { test: 'fisher', p: q, q };
  return {
    arm: name,
    kind,
    factor: 1,
    replies: 20,
    counts,
    net: netOf(counts),
    degenerate,
    test,
  } as ArmOutcome;
}

function said(arms: readonly Arm[], judge = 'j'): string[] {
  const pass = { judge, title: 'a judge', pass: 1, outcome: { arms: arms.map(outcomeOf) } };
  const subject = {
    poles: { a: { name: 'Happy', features: [1] }, b: { name: 'Sad', features: [2] } },
    judged: [pass as unknown as JudgedPass],
  } as unknown as SteeringSubject;
  return steeringVerdict(subject).flatMap(({ sentences }) => sentences);
}

describe('what is said of steering', () => {
  it('claims no more than the tests of the arms show', () => {
    expect(
      said([
        { name: '+Happy', q: 0.001, happy: 19 },
        { name: '-Sad', q: 0.2 },
      ]),
    ).toEqual([
      '1 arm of 2 changed what the model says (q of at most 0.05): +Happy, Happy Steered (19/20).',
      'Not shown to change it: -Sad.',
    ]);
  });

  it('takes no effect for shown because nothing was found', () => {
    expect(
      said([
        { name: '+Happy', q: 0.06, happy: 19 },
        { name: '-Sad', q: 1 },
      ]),
    ).toEqual(['No arm is shown to change what the model says (q above 0.05 for all 2).']);
  });

  it('says where nothing could be compared, or nobody judged', () => {
    expect(said([{ name: '+Happy' }, { name: '+Sad', q: Number.NaN }])).toEqual([
      'No arm could be compared with unsteered replies.',
    ]);
    expect(said([{ name: '+Happy', q: 0.001 }], '')).toEqual([]);
  });

  it('warns of labels of text that is none, from more than half of the replies on', () => {
    const broken = (degenerate: number): boolean =>
      said([{ name: '+Happy', q: 0.001, happy: 19, degenerate }]).some((one) =>
        one.includes('degenerate text'),
      );
    expect([broken(10), broken(11)]).toEqual([false, true]);
  });

  it.each([
    [[0.5, 0.6], 'Of 2 random directions of the same length none is shown to change it.'],
    [[0.5, 0.01], 'Of 2 random directions of the same length 1 is shown to change it.'],
    [[0.01, 0.01], 'Of 2 random directions of the same length 2 are shown to change it.'],
  ] as const)('sets random directions beside it: q %j', (qs, sentence) => {
    const random = qs.map((q, i): Arm => ({ name: `random ${i + 1}`, kind: 'random', q }));
    expect(said([{ name: '+Happy', q: 0.001, happy: 19 }, ...random]).at(-1)).toBe(sentence);
  });
});
