import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeTinyModel } from '../../test/support/tiny_model.ts';
import { EMBEDDED_MODEL_FOLDER } from '../hub/embedded_default.ts';
import type { ForwardRequest, ForwardResult, LanguageModel } from '../lm/language_model.ts';
import { openLanguageModel } from '../lm/session.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import type { BlindReply, Judge, Verdict } from './judge.ts';
import { createModelJudge, type ModelJudgeOptions } from './model_judge.ts';

const PROMPT = 'fine';
const WORDS = [
  'Happy',
  'Sad',
  'No',
  'to',
  'Steering',
  'Label',
  'Reply',
  ':',
  'glad',
  'cry',
  'fine',
  '"',
  '.',
];
const SETTING = {
  poles: { a: 'Happy', b: 'Sad' },
  examples: Array.from({ length: 20 }, (_, i) => ({
    prompt: PROMPT,
    // Now and then an unsteered reply is glad or cries.
    text: i % 7 === 3 ? 'fine . glad .' : i % 7 === 5 ? 'cry . fine .' : `fine ${'. '.repeat(i % 3)}`,
  })),
};

let folder = '';
let tiny: LanguageModel;
let tokenizer: Tokenizer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-model-judge-'));
  const words = Object.fromEntries(WORDS.map((word, i) => [10 + i, word]));
  await writeTinyModel(folder, { words, config: { max_position_embeddings: 512 } });
  tiny = await openLanguageModel(folder, { precision: 'f32' });
  tokenizer = await openTokenizer(folder);
});
afterAll(async () => {
  await tiny.close();
  await rm(folder, { recursive: true });
});

/**
 * A language model that is known by construction: where a label begins it prefers the mood of the reply's words, below a prejudice for Sad that no reply
 * changes, and behind the first mood it goes on with `to` where the reply ends in the other one.
 */
function wordModel(lift = 3): LanguageModel {
  const pasts = new Map<number, number[][]>();
  const id = (word: string): number => 10 + WORDS.indexOf(word);
  const logitsAfter = (ids: readonly number[]): Float32Array => {
    const logits = new Float32Array(tiny.config.vocabSize);
    const reply = ids.slice(ids.lastIndexOf(id('Reply')), ids.lastIndexOf(id('Label')));
    const moods = reply.flatMap((one) => (one === id('glad') ? ['Happy'] : one === id('cry') ? ['Sad'] : []));
    const label = ids.slice(ids.lastIndexOf(id('Label')) + 2);
    if (label.length === 0) {
      logits[id('No')] = 2;
      logits[id('Happy')] = moods[0] === 'Happy' ? lift : 0;
      logits[id('Sad')] = 6 + (moods[0] === 'Sad' ? lift : 0);
    } else {
      const turns = moods.length > 1 && moods.at(-1) !== moods[0];
      logits[id('Steering')] = turns ? -lift : lift;
      logits[id('to')] = turns ? lift : -lift;
    }
    return logits;
  };
  return {
    config: tiny.config,
    device: tiny.device,
    precision: 'f32',
    async createPast(rows) {
      pasts.set(
        pasts.size,
        Array.from({ length: rows }, () => []),
      );
      return { id: pasts.size - 1, rows };
    },
    async releasePast() {},
    async close() {},
    async forward({ tokens, past, logits }: ForwardRequest): Promise<ForwardResult> {
      const columns = Math.max(...tokens.map(({ length }) => length));
      const values = new Float32Array(tokens.length * columns * tiny.config.vocabSize);
      tokens.forEach((row, r) => {
        const seen = pasts.get(past!.id)![r]!;
        Array.from(row).forEach((one, c) => {
          seen.push(one);
          values.set(logitsAfter(seen), (r * columns + c) * tiny.config.vocabSize);
        });
      });
      const shape = [tokens.length, columns, tiny.config.vocabSize];
      return { logits: logits === 'none' ? undefined : { shape, values }, captures: new Map() };
    },
  };
}

function judgeOf(more: Partial<ModelJudgeOptions> = {}): Judge {
  const options = { tokenizer, name: './tiny', fingerprint: 'f'.repeat(64), seed: 1, pass: 1 };
  return createModelJudge({ ...options, model: wordModel(), setting: SETTING, ...more });
}

async function labelled(judge: Judge, texts: readonly string[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const replies: BlindReply[] = texts.map((text, i) => ({ key: String(i), prompt: PROMPT, text }));
  await judge.label(replies, {
    onVerdict: async (verdict) => {
      verdicts.push(verdict);
    },
  });
  return verdicts;
}

describe('a model on this machine as judge', () => {
  test('the label that is clearly more probable than for unsteered replies wins, whatever the model prefers', async () => {
    const verdicts = await labelled(judgeOf(), [
      'glad . glad .',
      'cry . cry .',
      'fine .',
      'glad . cry .',
      'cry . glad .',
      '',
    ]);
    expect(verdicts.map(({ label }) => label)).toEqual(['a', 'b', 'none', 'a to b', 'b to a', 'none']);
    expect(verdicts[0]!.reason).toMatch(/^standard deviations from unsteered replies: a \d+\.\d\d, b -?\d/);
  });

  test('a model that tells no reply from another says nothing of any', async () => {
    const verdicts = await labelled(judgeOf({ model: wordModel(0) }), [
      'glad . glad .',
      'cry . cry .',
      'fine .',
    ]);
    expect(verdicts.map(({ label }) => label)).toEqual(['none', 'none', 'none']);
  });

  test('a real model gives the same bits whatever else is judged, in whatever order', async () => {
    const texts = ['glad .', 'cry . cry', 'w30 w31 w32', '', 'fine . glad', 'glad .'];
    const all = await labelled(judgeOf({ model: tiny }), texts);
    expect(all.every(({ label }) => label !== 'unlabelled')).toBe(true);
    expect(new Set(all.map(({ reason }) => reason)).size).toBe(5);
    const back = await labelled(judgeOf({ model: tiny }), [...texts].reverse());
    expect(back.map(({ reason }) => reason).reverse()).toEqual(all.map(({ reason }) => reason));
    const alone = await labelled(judgeOf({ model: tiny }), [texts[2]!]);
    expect(alone[0]!.reason).toBe(all[2]!.reason);
    expect(all[5]!.reason).toBe(all[0]!.reason);
  });

  test('nothing, HTML, control characters, special tokens and 100 kB pass', async () => {
    const texts = ['', '<b>glad</b>', '\0\u001b[2J', '<bos><bos>', 'glad '.repeat(20_000), '\ud800'];
    const verdicts = await labelled(judgeOf({ model: tiny }), texts);
    expect(verdicts.map(({ key }) => key)).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(verdicts.every(({ label }) => label !== 'unlabelled')).toBe(true);
  });

  test('fewer examples are shown where the context is short, and a context without room is refused', async () => {
    const shownBy = (maxPositions: number): unknown => {
      const model = { ...wordModel(), config: { ...tiny.config, maxPositions } };
      return judgeOf({ model }).facts['shown_examples'];
    };
    expect(shownBy(512)).toBe(5);
    expect(shownBy(180)).toBeLessThan(5);
    expect(() => shownBy(64)).toThrow(
      /its context is too short for the question \(got 64 positions, expected at least \d+\)/,
    );
  });

  test('the embedded model is too small for a judge, and says so', async () => {
    const model = await openLanguageModel(EMBEDDED_MODEL_FOLDER, { precision: 'f32' });
    try {
      const own = await openTokenizer(EMBEDDED_MODEL_FOLDER);
      expect(() => judgeOf({ model, tokenizer: own, name: 'organism' })).toThrow(
        expect.objectContaining({
          kind: 'usage',
          message: expect.stringContaining('got 128 positions') as string,
        }),
      );
    } finally {
      await model.close();
    }
  });

  test('fewer than five unsteered replies are no zero point', () => {
    const setting = { ...SETTING, examples: SETTING.examples.slice(0, 4) };
    expect(() => judgeOf({ setting })).toThrow(
      /too few unsteered replies to compare with \(got 4, expected at least 5\)/,
    );
  });

  test('an interruption ends it', async () => {
    const work = judgeOf().label([{ key: 'x', prompt: PROMPT, text: 'glad' }], {
      onVerdict: async () => {},
      signal: AbortSignal.abort(),
    });
    await expect(work).rejects.toMatchObject({ kind: 'interrupted' });
  });

  test('its id is a file name, and changes with all that labels depend on but not with the pass', () => {
    const { id } = judgeOf();
    expect(judgeOf({ pass: 2 }).id).toBe(id);
    const others: Partial<ModelJudgeOptions>[] = [
      { fingerprint: 'other' },
      { seed: 2 },
      { name: `/very/${'long/'.repeat(40)}ä` },
      { setting: { ...SETTING, poles: { a: 'Glad', b: 'Sad' } } },
    ];
    const ids = others.map((more) => judgeOf(more).id);
    expect(new Set([id, ...ids]).size).toBe(others.length + 1);
    for (const one of [id, ...ids]) expect(one).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/);
  });
});
