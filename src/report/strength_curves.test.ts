import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { rowsOf } from '../formats/table.ts';
import type { JudgedLabel } from '../judge/labels.ts';
import { outcome } from '../judge/outcome.ts';
import type { ReplyVerdict } from '../judge/verdicts_file.ts';
import { articleArms, curveArms } from '../steering/article_arms.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import { labelsFigure } from './plots/labels_figure.ts';
import { strengthsFigure } from './plots/strengths_figure.ts';
import type { JudgeWords } from './report_parts.ts';
import { steeringDisplay } from './steering_display.ts';
import type { JudgedPass, SteeringSubject } from './steering_subject.ts';
import { steeringTables } from './steering_tables.ts';
import { steeringVerdict } from './steering_verdict.ts';

const poles = { a: { name: 'Happy', features: [1] }, b: { name: 'Sad', features: [2, 3] } };
const arms = articleArms(poles, { strength: 2, random: 1, matched: true });

/** Ten of each arm; what makes them differ are their labels. */
const records: ReplyRecord[] = arms.flatMap(({ name }, a) =>
  Array.from({ length: 10 }, (_, reply) => ({
    id: `${name}/0/${reply}`,
    arm: name,
    prompt: 0,
    reply,
    seed: a * 100 + reply,
    text: `${name} ${reply}`,
    tokens: [5, 6, 7],
    end: 'length' as const,
    unsteered_mean_log_probability: -1,
    steered: [],
    positions: 4,
    distinct_1: 1,
    distinct_2: 1,
    repetition: 0,
  })),
);

describe('arms at several strengths', () => {
  const further = curveArms(poles, { curve: [0.5, 1, 2], random: 1, strength: 2 });
  const all = [...arms, ...further];
  // +Happy turns at the strength of the run and beyond, and is no text any more at twice of it.
  const labelled = [
    ...records,
    ...further.flatMap(({ name, factor, kind }) =>
      records
        .filter(({ arm }) => arm === (kind === 'random' ? 'random 1' : 'control'))
        .map((record) => ({
          ...record,
          id: `${name}/0/${record.reply}`,
          arm: name,
          text: `${name} ${record.reply}`,
          ...(factor === 2 && name.startsWith('+Happy') && { unsteered_mean_log_probability: -1000 }),
        })),
    ),
  ];
  const label = (record: ReplyRecord): JudgedLabel =>
    ['+Happy', '+Happy x2'].includes(record.arm)
      ? 'a'
      : record.arm === '+Happy x0.5' && record.reply < 2
        ? 'a'
        : 'none';
  const verdicts = new Map<string, ReplyVerdict>(
    labelled.map((record) => [record.id, { id: record.id, label: label(record), reason: '' }] as const),
  );
  const pass: JudgedPass = {
    judge: 'j',
    title: 'judge',
    pass: 1,
    verdicts,
    outcome: outcome(labelled, verdicts, { poles, arms: all }),
  };
  const swept: SteeringSubject = {
    model: 'organism',
    sae: 'organism-2-res-2k',
    place: 'behind layer 2',
    neuronpediaId: 'organism/2-res-2k',
    poles,
    prompts: ['How are you?'],
    unit: 'absolute',
    method: 'add',
    positions: 'all',
    strength: 2,
    meanNorm: undefined,
    seed: 0,
    sampling: 'temperature 1',
    notes: [],
    records: labelled,
    judged: [pass],
    agreements: [],
    arms: all.map((arm) => ({ arm, length: 2, coefficients: [] })),
  };
  const rows = rowsOf(steeringTables(swept).find(({ name }) => name === 'strength_curves')!);

  it('are curves from the control on, each share with Wilson’s interval of its replies', () => {
    const happy = rows.filter(({ arm, state }) => arm === '+Happy' && state === 'ends_a');
    expect(happy.map(({ strength, replies, of }) => [strength, replies, of])).toEqual([
      [0, 0, 10],
      [1, 2, 10],
      [2, 10, 10],
      [4, 10, 10],
    ]);
    // Wilson (1927) for 2 of 10.
    expect(happy[1]!['share_low']).toBeCloseTo(0.0567, 4);
    expect(happy[1]!['share_high']).toBeCloseTo(0.5098, 4);
    const broken = rows.filter(({ arm, state }) => arm === '+Happy' && state === 'degenerate');
    expect(broken.at(-1)).toMatchObject({ strength: 4, replies: 10 });
    expect([...new Set(rows.map(({ arm }) => arm))]).toEqual(['+Happy', '+Sad', 'random 1']);
  });

  it('leave the tests, the bars and the tables of the others as they are', async () => {
    const before = outcome(records, verdicts, { poles, arms });
    expect(pass.outcome.arms.slice(0, before.arms.length).map(({ test }) => test)).toEqual(
      before.arms.map(({ test }) => test),
    );
    expect(await labelsFigure(swept, pass)).not.toContain('x0.5');
    const shown = steeringDisplay(swept, { shownReplies: 1 });
    for (const topic of ['labels', 'text', 'replies'])
      expect(JSON.stringify(shown.filter((one) => one.topic === topic)), topic).not.toContain('x0.5');
    expect(shown.find(({ topic }) => topic === 'strengths')!.rows).toHaveLength(3 * 4);
  });

  it('are said in words that keep to the tests', () => {
    const [{ about, sentences: said }] = steeringVerdict(swept) as [JudgeWords];
    expect(about).toBe('Steering, labels by judge');
    expect(said.find((sentence) => sentence.startsWith('+Happy: '))).toBe(
      '+Happy: the labels differ from the control’s from strength 2 on (of 1, 2, 4; q of at most 0.05); at 4 more than half of the replies are degenerate text.',
    );
    expect(said.find((sentence) => sentence.startsWith('+Sad: '))).toBe(
      '+Sad: at no strength of 1, 2, 4 is it shown to change the labels.',
    );
    expect(said.some((sentence) => sentence.includes('x0.5'))).toBe(false);
  });

  it('R6: are drawn with a panel each, every line named at its end, names apart', async () => {
    const svg = (await strengthsFigure(swept, pass))!;
    const { document } = parseHTML(`<!doctype html><body>${svg}</body>`);
    expect([...document.querySelectorAll('text.panel')].map(({ textContent }) => textContent)).toEqual([
      '+Happy, n = 10 at each strength',
      '+Sad, n = 10 at each strength',
      'random 1, n = 10 at each strength',
    ]);
    for (const panel of document.querySelectorAll('svg svg')) {
      const named = [...panel.querySelectorAll('text')].filter(({ textContent }) =>
        /^(ends |neutral|degen)/.test(textContent!),
      );
      expect(named).toHaveLength(4);
      const heights = named.map((text) =>
        Number(
          /,([\d.]+)\)/.exec(
            text.getAttribute('transform') ?? text.parentElement!.getAttribute('transform')!,
          )![1],
        ),
      );
      heights.sort((x, y) => x - y);
      for (const [i, y] of heights.slice(1).entries()) expect(y - heights[i]!).toBeGreaterThan(11);
    }
    expect(svg).toContain('strength 1: ends Happy 2 of 10 (95 % 6 to 51 %)');
    const plain = { ...pass, outcome: outcome(records, verdicts, { poles, arms }) };
    expect(await strengthsFigure(swept, plain)).toBeUndefined();
  });
});
