import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRng } from '../tensor/rng.ts';
import { type GeneratedRow, type GenerateOptions, type GenerationRow, generate } from './generate.ts';
import type { LanguageModel, Steering } from './language_model.ts';
import { greedy, logProbability } from './sampler.ts';
import { openLanguageModel } from './session.ts';
import { openTokenizer } from './tokenizer/open_tokenizer.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

const VOCABULARY = 61;
const EOS = 60;

let folder: string;
let model: LanguageModel;
let tokenizer: Tokenizer;

/** A word per token of the small random Llama, so that its "texts" can be read token by token. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-generate-'));
  const vocab = Object.fromEntries(
    Array.from({ length: VOCABULARY }, (_, id) => [id === EOS ? '</s>' : `w${id}`, id]),
  );
  const added = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const file = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ id: EOS, content: '</s>', ...added }],
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: 'w0' },
  };
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(file));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ eos_token: '</s>' }));
  tokenizer = await openTokenizer(folder);
  model = await openLanguageModel(fileURLToPath(new URL('../../test/fixtures/lm/llama', import.meta.url)), {
    threads: 1,
  });
});
afterAll(async () => {
  await model.close();
  await rm(folder, { recursive: true });
});

function run(options: Partial<GenerateOptions> & { rows: readonly GenerationRow[] }) {
  return generate({ model, tokenizer, maxNewTokens: 10, sampling: { temperature: 1 }, ...options });
}

/** Greedy continuation, every token from a whole forward pass of its own. */
async function continueGreedily(
  prompt: readonly number[],
  count: number,
  steer: readonly Steering[] = [],
): Promise<number[]> {
  const tokens = [...prompt];
  for (let step = 0; step < count; step++) {
    const { logits } = await model.forward({ tokens: [tokens], steer, logits: 'last' });
    tokens.push(greedy(logits!.values));
    if (tokens.at(-1) === EOS) break;
  }
  return tokens.slice(prompt.length);
}

function vector(at: Steering['at'], rows: number, seed: number, length: number): Steering {
  const rng = createRng(seed, 'generate-test');
  const values = Float32Array.from({ length: rows * model.config.dModel }, () => rng.normal() * length);
  return { at, values, rows };
}

describe('generate', () => {
  test('greedy text equals whole forward passes, steered and not', async () => {
    const rows = [
      { prompt: [1, 5, 9], seed: 0 },
      { prompt: [7], seed: 0 },
    ];
    for (const steer of [[], [vector(1, 1, 3, 2)]]) {
      const generated = await run({ rows, sampling: { temperature: 0 }, steer });
      for (const [r, { prompt }] of rows.entries()) {
        expect(generated[r]!.tokens).toEqual(await continueGreedily(prompt, 10, steer));
      }
    }
  });

  test('a row depends on its own prompt, seed and steering, not on its neighbours or their order', async () => {
    const rows = [
      { prompt: [1, 5, 9, 2, 8], seed: 1 },
      { prompt: [7], seed: 2 },
      { prompt: [3, 3], seed: 3 },
    ];
    const steer = vector(0, 3, 4, 1);
    const together = await run({ rows, steer: [steer] });
    for (const [r, row] of rows.entries()) {
      const width = model.config.dModel;
      const own = { at: 0, values: steer.values.subarray(r * width, (r + 1) * width), rows: 1 } as const;
      expect(await run({ rows: [row], steer: [own] })).toEqual([
        {
          ...together[r]!,
          logProbabilities: together[r]!.logProbabilities.map((value) => expect.closeTo(value, 4)),
        },
      ]);
    }
    const again = await run({ rows, steer: [steer] });
    expect(again).toEqual(together);
    expect(
      (await run({ rows: rows.map((row) => ({ ...row, seed: row.seed + 50 })) }))[0]!.tokens,
    ).not.toEqual(together[0]!.tokens);
  });

  test('log-probabilities are those of a whole forward pass', async () => {
    const [row] = await run({ rows: [{ prompt: [4, 4], seed: 9 }] });
    const all = [4, 4, ...row!.tokens];
    const { logits } = await model.forward({ tokens: [all], logits: 'all' });
    row!.tokens.forEach((id, step) => {
      const at = (1 + step) * VOCABULARY;
      const expected = logProbability(logits!.values.subarray(at, at + VOCABULARY), id);
      expect(row!.logProbabilities[step]).toBeCloseTo(expected, 4);
    });
  });

  test('rows end at the end-of-text token, at a stop sequence, at the length, and each at its own context', async () => {
    const many = Array.from({ length: 40 }, (_, seed) => ({ prompt: [seed], seed }));
    const generated = await run({ rows: many, maxNewTokens: 30 });
    const ended = generated.filter(({ end }) => end === 'eos');
    expect(ended.length).toBeGreaterThan(0);
    for (const [seed, { tokens, text, end }] of generated.entries()) {
      expect(end === 'eos').toBe(tokens.includes(EOS));
      expect(tokens.slice(0, -1)).not.toContain(EOS);
      const before = tokenizer.decode([seed]);
      expect(before + text).toBe(tokenizer.decode([seed, ...tokens], { skipSpecialTokens: true }));
    }
    const long = { prompt: Array.from({ length: 44 }, (_, i) => i), seed: 1 };
    const short = { prompt: [2], seed: 2 };
    const [full, free] = await run({ rows: [long, short], maxNewTokens: 20 });
    expect(['context', 'eos']).toContain(full!.end);
    expect(full!.tokens.length).toBeLessThanOrEqual(4);
    expect([free!.tokens, free!.end]).toEqual(
      await run({ rows: [short], maxNewTokens: 20 }).then(([row]) => [row!.tokens, row!.end]),
    );

    const [plain] = await run({ rows: [{ prompt: [2], seed: 2 }] });
    const stop = plain!.text.split(' ')[3]!;
    const [stopped] = await run({ rows: [{ prompt: [2], seed: 2 }], stops: [stop] });
    expect(stopped!.end).toBe('stop');
    expect(stopped!.text).toBe(plain!.text.slice(0, plain!.text.indexOf(stop)));
  });

  test('what is streamed is the text, piece by piece', async () => {
    const pieces = ['', ''];
    const generated = await run({
      rows: [
        { prompt: [1], seed: 5 },
        { prompt: [2, 3], seed: 6 },
      ],
      onText: (row, text) => {
        pieces[row] += text;
      },
    });
    expect(pieces).toEqual(generated.map(({ text }) => text));
    expect(pieces.every((text) => text.length > 0)).toBe(true);
  });

  test('a row is handed over as soon as it ends, not when all have ended', async () => {
    const rows = Array.from({ length: 12 }, (_, seed) => ({ prompt: [seed], seed }));
    const events: string[] = [];
    const replies = new Map<number, GeneratedRow>();
    const generated = await run({
      rows,
      maxNewTokens: 30,
      onText: (row) => events.push(`text ${row}`),
      onReply: (row, reply) => {
        events.push(`end ${row}`);
        replies.set(row, reply);
      },
    });
    expect([...replies].sort(([a], [b]) => a - b).map(([, reply]) => reply)).toEqual(generated);
    const early = generated.findIndex(({ end }) => end === 'eos');
    expect(events.lastIndexOf(`text ${early}`)).toBeLessThan(events.indexOf(`end ${early}`));
    const last = events.findLastIndex((event) => event.startsWith('text'));
    expect(events.indexOf(`end ${early}`)).toBeLessThan(last);
  });

  test('unsteered log-probabilities: of the steered texts under the model as it is; the same numbers where nothing steers', async () => {
    const rows = [
      { prompt: [1, 5, 9], seed: 1 },
      { prompt: [7], seed: 2 },
    ];
    const options = { rows, maxNewTokens: 12, unsteeredLogProbabilities: true };
    const steered = await run({ ...options, steer: [vector(1, 2, 3, 4)] });
    for (const [r, { tokens, logProbabilities, unsteeredLogProbabilities }] of steered.entries()) {
      const all = [...rows[r]!.prompt, ...tokens];
      const { logits } = await model.forward({ tokens: [all], logits: 'all' });
      const expected = tokens.map((id, step) => {
        const at = (rows[r]!.prompt.length - 1 + step) * VOCABULARY;
        return logProbability(logits!.values.subarray(at, at + VOCABULARY), id);
      });
      expect(unsteeredLogProbabilities).toEqual(expected.map((value) => expect.closeTo(value, 4)));
      expect(logProbabilities).not.toEqual(expected.map((value) => expect.closeTo(value, 1)));
    }
    for (const steer of [[], [vector(1, 2, 3, 0)]]) {
      for (const row of await run({ ...options, steer })) {
        expect(row.unsteeredLogProbabilities).toEqual(row.logProbabilities);
      }
    }
    expect((await run({ rows }))[0]).not.toHaveProperty('unsteeredLogProbabilities');
  });

  test('is cancelled between tokens, and the model goes on', async () => {
    const controller = new AbortController();
    let shown = 0;
    const work = run({
      rows: [{ prompt: [1], seed: 5 }],
      maxNewTokens: 40,
      signal: controller.signal,
      onText: () => {
        shown += 1;
        if (shown === 3) controller.abort();
      },
    });
    await expect(work).rejects.toMatchObject({ kind: 'interrupted' });
    expect(shown).toBe(3);
    expect(await run({ rows: [{ prompt: [1], seed: 5 }] })).toHaveLength(1);
  });

  test('nothing to do is nothing; options out of range are refused', async () => {
    expect(await run({ rows: [] })).toEqual([]);
    expect(await run({ rows: [{ prompt: [1], seed: 0 }], maxNewTokens: 0 })).toEqual([
      { text: '', tokens: [], logProbabilities: [], end: 'length' },
    ]);
    await expect(run({ rows: [{ prompt: [1], seed: 0 }], maxNewTokens: -1 })).rejects.toMatchObject({
      kind: 'usage',
    });
    await expect(run({ rows: [{ prompt: [], seed: 0 }] })).rejects.toMatchObject({ kind: 'usage' });
    await expect(run({ rows: [{ prompt: [VOCABULARY], seed: 0 }] })).rejects.toMatchObject({ kind: 'usage' });
    await expect(
      run({ rows: [{ prompt: [1], seed: 0 }], sampling: { temperature: -1 } }),
    ).rejects.toMatchObject({
      kind: 'usage',
    });
  });
});
