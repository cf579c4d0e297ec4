import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addJudgeOptions, type JudgeFlags, judgeNames, parseJudgeName } from './judge_flags.ts';
import { costOf, judgeCostBound } from './judge_options.ts';

function flagsOf(...args: readonly string[]): JudgeFlags {
  const command = addJudgeOptions(new Command('judge')).exitOverride();
  return command.parse(args, { from: 'user' }).opts<JudgeFlags>();
}

const SETTING = {
  poles: { a: 'Happy', b: 'Sad' },
  examples: Array.from({ length: 20 }, (_, i) => ({ prompt: 'How are you?', text: `I am fine ${i}.` })),
};
const REPLIES = Array.from({ length: 30 }, (_, i) => ({ prompt: 'How are you?', text: `I am ${i}.` }));
const GPT = { kind: 'endpoint', model: 'gpt-4o', url: 'https://api.openai.com/v1' } as const;

describe('names of judges', () => {
  test.each([
    ['lexicon', { kind: 'lexicon' }],
    ['gpt-4o@https://api.openai.com/v1', GPT],
    [
      '@cf/meta/llama@3@http://127.0.0.1:8080/v1',
      { kind: 'endpoint', model: '@cf/meta/llama@3', url: 'http://127.0.0.1:8080/v1' },
    ],
    ['model:google/gemma-2-2b-it', { kind: 'model', ref: 'google/gemma-2-2b-it' }],
    ['model:./folder', { kind: 'model', ref: './folder' }],
  ])('%s', (text, name) => {
    expect(parseJudgeName(text)).toEqual(name);
  });

  test.each(['', 'lexikon', 'model:', 'gpt-4o', 'gpt-4o@api.openai.com', '@https://x/v1'])(
    '%j is none',
    (text) => {
      expect(() => parseJudgeName(text)).toThrow(expect.objectContaining({ kind: 'usage' }));
    },
  );

  test.each([
    ['x@ftp://h', 'got an address of ftp:// (its scheme has to be http:// or https://), expected'],
    ['x@h.org/v1', 'got an address without http:// or https:// in front, expected'],
    ['https://h.org/v1', 'got an address without a model, expected'],
    ['org/model', 'got org/model, expected'],
  ])('%s says what is wrong with it', (text, message) => {
    expect(() => parseJudgeName(text)).toThrow(message);
  });

  test('an address without a model is not repeated: it may hold a key', () => {
    expect(() => parseJudgeName('https://user:sk-secret@host/v1')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('sk-secret') as string }),
    );
  });

  test('the lexicon where none is named; several by name; an endpoint by its two options (C18: no key among them)', () => {
    expect(judgeNames(flagsOf())).toEqual([{ kind: 'lexicon' }]);
    expect(judgeNames(flagsOf('--judge', 'lexicon', '--judge', 'model:x'))).toEqual([
      { kind: 'lexicon' },
      { kind: 'model', ref: 'x' },
    ]);
    expect(judgeNames(flagsOf('--judge-model', GPT.model, '--judge-endpoint', GPT.url))).toEqual([GPT]);
    const command = addJudgeOptions(new Command('judge'));
    expect(command.options.map(({ long }) => long).filter((name) => /key|token$/.test(name ?? ''))).toEqual(
      [],
    );
  });

  test.each([
    [['--judge-model', 'x'], '--judge-endpoint: is missing'],
    [['--judge-endpoint', 'http://x/v1'], '--judge-model: is missing'],
    [['--judge', 'lexicon', '--judge', 'lexicon'], '--judge: the same judge is named twice'],
    [
      ['--judge', `${GPT.model}@${GPT.url}`, '--judge-model', GPT.model, '--judge-endpoint', GPT.url],
      'named twice',
    ],
  ])('%j is refused', (args, message) => {
    expect(() => judgeNames(flagsOf(...args))).toThrow(message);
  });
});

describe('what an endpoint costs at most (C15)', () => {
  const bound = (more: Partial<Parameters<typeof judgeCostBound>[0]> = {}) =>
    judgeCostBound({ name: GPT, flags: flagsOf(), replies: REPLIES, setting: SETTING, seed: 1, ...more });

  test('two questions per reply and pass, and the check', () => {
    expect(bound().requests).toBe(61);
    expect(bound().completion_tokens).toBeGreaterThan(60 * 100);
    expect(bound({ flags: flagsOf('--passes', '2') }).requests).toBe(121);
    expect(bound({ flags: flagsOf('--judge-tokens', '1000') }).completion_tokens).toBeGreaterThan(60_000);
  });

  test('nothing for judges that cost nothing, and where nothing is left to label', () => {
    const nothing = { requests: 0, prompt_tokens: 0, completion_tokens: 0 };
    expect(bound({ name: { kind: 'lexicon' } })).toEqual(nothing);
    expect(bound({ name: { kind: 'model', ref: 'x' } })).toEqual(nothing);
    expect(bound({ replies: [] })).toEqual(nothing);
  });

  test('replies that are not written yet cost at least as much as any that could be', () => {
    const unwritten = bound({ replies: { count: 30, prompts: ['How are you?'], mostBytes: 10 } });
    expect(unwritten.requests).toBe(61);
    for (const text of ['I am fine.', '<<<<<<<<<<', '\0'.repeat(10)]) {
      const examples = SETTING.examples.map((one) => ({ ...one, text }));
      const replies = REPLIES.map((one, i) => ({
        ...one,
        text: text.slice(0, 8) + String(i).padStart(2, '0'),
      }));
      const written = bound({ replies, setting: { ...SETTING, examples } });
      expect(unwritten.prompt_tokens).toBeGreaterThanOrEqual(written.prompt_tokens);
    }
    const anything = bound({ replies: { count: 30, prompts: ['How are you?'] } });
    const long = REPLIES.map((one, i) => ({ ...one, text: `${i}`.repeat(50_000) }));
    expect(anything.prompt_tokens).toBeGreaterThanOrEqual(bound({ replies: long }).prompt_tokens);
  });

  test('money only where prices are given', () => {
    expect(bound().cost).toBeUndefined();
    const priced = flagsOf('--judge-price-in', '2.5', '--judge-price-out', '10');
    const { cost, prompt_tokens, completion_tokens } = bound({ flags: priced });
    expect(cost).toBeCloseTo((prompt_tokens * 2.5 + completion_tokens * 10) / 1e6, 12);
    expect(costOf({ prompt_tokens: 1e6 }, { judgePriceIn: 2.5 })).toEqual({ cost: 2.5 });
    expect(costOf({ prompt_tokens: 1e6 }, {})).toEqual({});
  });
});
