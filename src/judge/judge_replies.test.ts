import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import type { BlindReply, Judge } from './judge.ts';
import { type JudgedReplies, judgeExamples, judgeReplies } from './judge_replies.ts';
import { openVerdictsFile, readVerdicts, verdictsPath } from './verdicts_file.ts';

const ARMS = ['control', 'examples', '+Happy', '-Happy+Sad', 'random 1'];
const PROMPTS = ['How are you?', 'And now?'];
const RECORDS = PROMPTS.flatMap((_, prompt) =>
  ARMS.flatMap((arm) =>
    Array.from({ length: 6 }, (_, reply) => ({
      id: `${arm}/${prompt}/${reply}`,
      arm,
      prompt,
      text: `${arm === '+Happy' ? 'glad' : 'fine'} ${reply}`,
    })),
  ),
);
const LABELLED = RECORDS.filter(({ arm }) => arm !== 'examples');

interface Seen {
  readonly judge: Judge;
  readonly replies: BlindReply[];
}

/** Says `a` of what is glad. @param patience replies before it dies */
function simpleJudge(patience: number = Number.POSITIVE_INFINITY, id = 'simple'): Seen {
  const replies: BlindReply[] = [];
  const judge: Judge = {
    id,
    title: 'a simple judge',
    facts: { words: 1 },
    async label(asked, { onVerdict }) {
      for (const reply of asked) {
        if (replies.length >= patience) throw new AntipodeError('network', 'gone');
        replies.push(reply);
        await onVerdict({
          key: reply.key,
          label: reply.text.startsWith('glad') ? 'a' : 'none',
          reason: 'words',
        });
      }
    },
  };
  return { judge, replies };
}

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-verdicts-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function judged(
  judge: Judge,
  { pass = 1, seed = 1, records = RECORDS, again = false } = {},
): Promise<JudgedReplies> {
  const verdicts = await openVerdictsFile(folder, { judge, pass });
  return judgeReplies({ records, prompts: PROMPTS, judge, verdicts, seed, again });
}

describe('judgeReplies', () => {
  test('every reply but the examples gets its verdict, and the file holds them in the order of the run', async () => {
    const { judge } = simpleJudge();
    const { verdicts, known, unlabelled, reasons } = await judged(judge);
    expect([...verdicts.keys()]).toEqual(LABELLED.map(({ id }) => id));
    expect([...verdicts.values()].filter(({ label }) => label === 'a').map(({ id }) => id)).toEqual(
      LABELLED.filter(({ arm }) => arm === '+Happy').map(({ id }) => id),
    );
    expect({ known, unlabelled, reasons }).toEqual({ known: 0, unlabelled: 0, reasons: [] });
    const [kept] = await readVerdicts(folder);
    expect(kept).toMatchObject({
      file: 'verdicts/simple.jsonl',
      pass: 1,
      judge: { id: 'simple', facts: { words: 1 } },
    });
    expect([...kept!.verdicts]).toEqual([...verdicts]);
  });

  test('keys and order say nothing: arms stand mixed, another seed or pass mixes them in another way', async () => {
    const orders: string[][] = [];
    for (const [seed, pass] of [
      [1, 1],
      [2, 1],
      [1, 2],
    ] as const) {
      const { judge, replies } = simpleJudge(undefined, `j${seed}`);
      await judged(judge, { seed, pass });
      for (const { key } of replies) expect(key).toMatch(/^[0-9a-f]{24}$/);
      expect(new Set(replies.map(({ key }) => key)).size).toBe(LABELLED.length);
      orders.push(replies.map(({ text, prompt }) => `${prompt} ${text}`));
      // Twelve glad ones of 48: not together, neither first nor last.
      const places = replies.flatMap(({ text }, i) => (text.startsWith('glad') ? [i] : []));
      expect(Math.max(...places) - Math.min(...places)).toBeGreaterThan(24);
    }
    expect(new Set(orders.map((order) => JSON.stringify(order))).size).toBe(3);
  });

  test('a judge that dies at any moment goes on where it stopped, and the file gets the same bytes', async () => {
    const { judge } = simpleJudge();
    await judged(judge);
    const path = join(folder, verdictsPath({ judge, pass: 1 }));
    const whole = await readFile(path);
    for (const patience of [0, 1, 7, 30, LABELLED.length - 1]) {
      await rm(path);
      const first = simpleJudge(patience);
      await expect(judged(first.judge)).rejects.toThrow('gone');
      const second = simpleJudge();
      expect((await judged(second.judge)).known).toBe(patience);
      expect(second.replies.length).toBe(LABELLED.length - patience);
      const asked = [...first.replies, ...second.replies].map(({ key }) => key);
      expect(new Set(asked).size).toBe(LABELLED.length);
      expect(await readFile(path)).toEqual(whole);
    }
    const third = simpleJudge();
    expect((await judged(third.judge)).known).toBe(LABELLED.length);
    expect(third.replies).toEqual([]);
  });

  test('a file cut at any place is made whole again', async () => {
    const { judge } = simpleJudge();
    await judged(judge);
    const path = join(folder, verdictsPath({ judge, pass: 1 }));
    const whole = await readFile(path);
    for (let end = 0; end < whole.length; end += 97) {
      await writeFile(path, whole);
      await truncate(path, end);
      await judged(simpleJudge().judge);
      expect(await readFile(path)).toEqual(whole);
    }
  });

  test('nobody answered: asked again the next time; a refusal is not', async () => {
    const moody = (isDown: boolean): Seen => {
      const seen = simpleJudge();
      const judge: Judge = {
        ...seen.judge,
        async label(asked, { onVerdict }) {
          for (const { key, text } of asked) {
            seen.replies.push({ key, text, prompt: '' });
            if (text === 'glad 0' && isDown) {
              await onVerdict({ key, label: 'unlabelled', reason: 'HTTP 500', isPassing: true });
            } else if (text === 'glad 1') await onVerdict({ key, label: 'unlabelled', reason: 'refused' });
            else await onVerdict({ key, label: 'none' });
          }
        },
      };
      return { ...seen, judge };
    };
    const first = await judged(moody(true).judge);
    expect(first).toMatchObject({ unlabelled: 4, passing: 2 });
    expect(first.reasons).toEqual([
      { reason: 'HTTP 500', count: 2 },
      { reason: 'refused', count: 2 },
    ]);
    const second = moody(false);
    expect(await judged(second.judge)).toMatchObject({ unlabelled: 2, known: LABELLED.length - 2 });
    expect(second.replies.map(({ text }) => text)).toEqual(['glad 0', 'glad 0']);
    const third = moody(false);
    expect(await judged(third.judge, { again: true })).toMatchObject({ unlabelled: 2, passing: 0 });
    expect(third.replies.map(({ text }) => text)).toEqual(['glad 1', 'glad 1']);
  });

  test('a text that was made anew is labelled anew', async () => {
    await judged(simpleJudge().judge);
    const changed = RECORDS.map((one) => (one.id === 'control/0/3' ? { ...one, text: 'glad now' } : one));
    const { judge, replies } = simpleJudge();
    const { verdicts } = await judged(judge, { records: changed });
    expect(replies.map(({ text }) => text)).toEqual(['glad now']);
    expect(verdicts.get('control/0/3')?.label).toBe('a');
  });

  test('two passes and two judges have files of their own', async () => {
    await judged(simpleJudge().judge);
    await judged(simpleJudge().judge, { pass: 2 });
    await judged(simpleJudge(undefined, 'other').judge);
    expect((await readVerdicts(folder)).map(({ file, pass }) => [file, pass])).toEqual([
      ['verdicts/other.jsonl', 1],
      ['verdicts/simple.jsonl', 1],
      ['verdicts/simple.pass-2.jsonl', 2],
    ]);
  });

  test('a judge that leaves replies out, or speaks of others, is a mistake of ours', async () => {
    const silent: Judge = { ...simpleJudge().judge, label: async () => {} };
    await expect(judged(silent)).rejects.toThrow('internal: the judge simple left 48 replies out');
    const strange: Judge = {
      ...silent,
      label: (_, { onVerdict }) => onVerdict({ key: 'x', label: 'a' }),
    };
    await expect(judged(strange)).rejects.toThrow('internal: the judge simple speaks of a reply');
  });

  test('an interruption before it begins asks nothing', async () => {
    const { judge, replies } = simpleJudge();
    const verdicts = await openVerdictsFile(folder, { judge, pass: 1 });
    const signal = AbortSignal.abort();
    const work = judgeReplies({ records: RECORDS, prompts: PROMPTS, judge, verdicts, seed: 1, signal });
    await expect(work).rejects.toMatchObject({ kind: 'interrupted' });
    expect(replies).toEqual([]);
  });

  test('progress counts up to all replies', async () => {
    const { judge } = simpleJudge();
    const seen: [number, number][] = [];
    const verdicts = await openVerdictsFile(folder, { judge, pass: 1 });
    const onProgress = (done: number, total: number): void => void seen.push([done, total]);
    await judgeReplies({ records: RECORDS, prompts: PROMPTS, judge, verdicts, seed: 1, onProgress });
    expect(seen[0]).toEqual([0, 48]);
    expect(seen.at(-1)).toEqual([48, 48]);
  });
});

test('judges are shown the examples and nothing else', () => {
  const examples = judgeExamples(RECORDS, PROMPTS);
  expect(examples.length).toBe(12);
  expect(examples[11]).toEqual({ prompt: 'And now?', text: 'fine 5' });
});

describe('files of verdicts', () => {
  const HEAD =
    '{"schema":"antipode-verdicts","schema_version":1,"judge":{"id":"simple","title":"t","facts":{}},"pass":1}';
  const put = async (text: string): Promise<void> => {
    const verdicts = await openVerdictsFile(folder, { judge: simpleJudge().judge, pass: 1 });
    await verdicts.close();
    await writeFile(join(folder, 'verdicts', 'simple.jsonl'), text);
  };

  test.each([
    [
      'another file',
      '{"schema":"else"}\n',
      'verdicts/simple.jsonl: does not begin as a file of verdicts does',
    ],
    [
      'a line that is no verdict',
      `${HEAD}\n{"id":"x","label":"very happy","of":""}\n`,
      'verdicts/simple.jsonl:2: is no verdict',
    ],
    ['a line that is no JSON', `${HEAD}\n{{\n`, 'verdicts/simple.jsonl:2: not JSON'],
  ])('%s is refused where it stands', async (_, text, message) => {
    await put(text);
    const head = { judge: simpleJudge().judge, pass: 1 };
    await expect(openVerdictsFile(folder, head)).rejects.toThrow(message);
    await expect(readVerdicts(folder)).rejects.toThrow(message);
  });

  test('one of another judge is not added to', async () => {
    await put(`${HEAD.replace('"simple"', '"other"')}\n`);
    const opened = openVerdictsFile(folder, { judge: simpleJudge().judge, pass: 1 });
    await expect(opened).rejects.toMatchObject({ kind: 'usage' });
  });

  test('a run that nobody judged has none, nor has a file that was never begun', async () => {
    expect(await readVerdicts(folder)).toEqual([]);
    await put('{"schema":"antipode-ver');
    expect(await readVerdicts(folder)).toEqual([]);
  });

  test('verdicts on other texts are left out where the texts are known', async () => {
    await judged(simpleJudge().judge);
    const [kept] = await readVerdicts(
      folder,
      RECORDS.map((one) => (one.id === 'control/0/3' ? { ...one, text: 'new' } : one)),
    );
    expect(kept!.verdicts.size).toBe(LABELLED.length - 1);
    expect(kept!.verdicts.has('control/0/3')).toBe(false);
  });
});
