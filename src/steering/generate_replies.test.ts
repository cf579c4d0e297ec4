import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EMBEDDED_MODEL_FOLDER } from '../hub/embedded_default.ts';
import { generate } from '../lm/generate.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { scoreTokens } from '../lm/score.ts';
import { openLanguageModel } from '../lm/session.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile } from '../sae/sae.ts';
import { createRng } from '../tensor/rng.ts';
import type { PolePair, SteerMethod } from './arm.ts';
import { articleArms } from './article_arms.ts';
import {
  type GenerateRepliesOptions,
  generateReplies,
  type ReplyIntervention,
  type ReplyProgress,
} from './generate_replies.ts';
import { type ReplyJob, replyJobs } from './jobs.ts';
import { createPoleReader, type PoleReader } from './pole_reader.ts';
import type { ReplyRecord } from './reply_record.ts';
import { resolveArms } from './resolve_arms.ts';

const SITE = 2;
const NEW_TOKENS = 12;
const poles: PolePair = {
  a: { name: 'Happy', features: [642] },
  b: { name: 'Sad', features: [229, 1124, 1514] },
};
const texts = ['How are you?', 'My friend is'];

let sae: SaeFile;
let tokenizer: Tokenizer;
let reader: PoleReader;
let model: LanguageModel;
beforeAll(async () => {
  sae = await openSae('organism/2-res-2k', { env: {}, cwd: process.cwd() });
  tokenizer = await openTokenizer(EMBEDDED_MODEL_FOLDER);
  reader = await createPoleReader(sae, poles);
  model = await open(1);
});
afterAll(async () => {
  await model?.close();
  await reader?.close();
  await sae?.close();
});

function open(threads: number): Promise<LanguageModel> {
  return openLanguageModel(EMBEDDED_MODEL_FOLDER, { threads, precision: 'f32', editSites: [SITE] });
}

interface Experiment {
  readonly interventions: readonly ReplyIntervention[];
  readonly jobs: readonly ReplyJob[];
}

async function experiment(method: SteerMethod, replies = 3): Promise<Experiment> {
  const arms = articleArms(poles, {
    strength: method === 'add' ? 0.6 : 2,
    random: 2,
    matched: method === 'add',
  });
  const unit = method === 'add' ? 'mean-norm' : 'absolute';
  const interventions = await resolveArms({ sae, site: SITE, arms, unit, method, meanNorm: 20, seed: 1 });
  const prompts = texts.map((text) => ({ text }));
  return { interventions, jobs: replyJobs({ arms, prompts, replies, examples: 2, seed: 7 }) };
}

type Asked = Experiment & Partial<GenerateRepliesOptions>;

/** By id, each as its line in the file. */
async function run(asked: Asked): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  await generateReplies({
    model,
    tokenizer,
    site: SITE,
    prompts: texts.map((text) => ({ text, tokens: tokenizer.encode(text) })),
    positions: 'all',
    sampling: { temperature: 0.7 },
    maxNewTokens: NEW_TOKENS,
    reader,
    onReply: async (record) => {
      expect(lines.has(record.id)).toBe(false);
      lines.set(record.id, JSON.stringify(record));
    },
    ...asked,
  });
  return lines;
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const rng = createRng(seed, 'shuffle');
  return items
    .map((item) => ({ item, key: rng.uniform() }))
    .sort((x, y) => x.key - y.key)
    .map(({ item }) => item);
}

describe.each(['add', 'clamp'] as const)('%s', (method) => {
  test('a reply is the same to the last bit, whatever is made beside it, in whichever order, on any number of threads', async () => {
    const { interventions, jobs } = await experiment(method, 2);
    const all = await run({ interventions, jobs });
    expect([...all.keys()].sort()).toEqual(jobs.map(({ id }) => id).sort());
    const some = shuffled(jobs, 1).slice(0, 17);
    for (const [id, line] of await run({ interventions, jobs: some })) expect(line).toBe(all.get(id));
    const other = await open(2);
    try {
      const few = shuffled(jobs, 2).slice(0, 5);
      for (const [id, line] of await run({ model: other, interventions, jobs: few })) {
        expect(line).toBe(all.get(id));
      }
    } finally {
      await other.close();
    }
  });
});

test('a reply also stays the same beside arms of more features, and without those', async () => {
  const method = 'clamp';
  const { interventions, jobs } = await experiment(method, 1);
  const own = jobs.filter(({ arm }) => arm === '+Happy');
  const alone = interventions.filter(({ arm }) => arm.name === '+Happy');
  const together = await run({ interventions, jobs });
  for (const [id, line] of await run({ interventions: alone, jobs: own }))
    expect(line).toBe(together.get(id));
});

test('a record says what the model said: text, end, probability without steering, positions', async () => {
  const { interventions, jobs } = await experiment('add', 1);
  const lines = await run({ interventions, jobs });
  for (const job of jobs.filter(({ arm }) => ['control', '+Happy', '-Sad+Happy', 'random 2'].includes(arm))) {
    const record = JSON.parse(lines.get(job.id)!) as ReplyRecord;
    const prompt = tokenizer.encode(texts[job.prompt]!);
    const { steering } = interventions.find(({ arm }) => arm.name === job.arm)!;
    const [alone] = await generate({
      model,
      tokenizer,
      rows: [{ prompt, seed: job.seed }],
      maxNewTokens: NEW_TOKENS,
      sampling: { temperature: 0.7 },
      ...(steering && { steer: [{ at: SITE, values: steering }] }),
    });
    expect(record).toMatchObject({ ...job, text: alone!.text, tokens: alone!.tokens, end: alone!.end });
    const [scores] = await scoreTokens(model, [{ context: prompt, tokens: record.tokens }]);
    const mean = scores!.reduce((sum, x) => sum + x, 0) / scores!.length;
    expect(record.unsteered_mean_log_probability).toBeCloseTo(mean, 5);
    const positions = prompt.length + record.tokens.length - 1;
    expect(record.positions).toBe(positions);
    expect(record.steered).toEqual(steering ? [[0, positions]] : []);
  }
});

test('activations of the poles are those of the stream that the model computes with', async () => {
  const { interventions, jobs } = await experiment('add', 1);
  const lines = await run({ interventions, jobs });
  for (const { id, arm, prompt } of jobs.filter((job) =>
    ['control', '+Happy', '-Happy+Sad'].includes(job.arm),
  )) {
    const { activations, tokens } = JSON.parse(lines.get(id)!) as ReplyRecord;
    const fed = [...tokenizer.encode(texts[prompt]!), ...tokens.slice(0, -1)];
    const { steering } = interventions.find((one) => one.arm.name === arm)!;
    const { captures } = await model.forward({
      tokens: [fed],
      capture: [`resid.${SITE}`],
      logits: 'none',
      ...(steering && { steer: [{ at: SITE, values: steering }] }),
    });
    const expected = await reader.read(captures.get(`resid.${SITE}`)!.values);
    for (const side of ['a', 'b'] as const) {
      expect(activations![side]).toHaveLength(fed.length);
      activations![side].forEach((value, at) => {
        expect(value).toBeCloseTo(expected[side][at]!, 2);
      });
    }
  }
});

test.each([
  ['no-special', [[1, 5]]],
  ['generated', []],
] as const)('%s: the first token is left alone, what is generated never is', async (positions, inPrompt) => {
  const { interventions, jobs } = await experiment('add', 1);
  const own = jobs.filter(({ arm, prompt }) => arm === '+Sad' && prompt === 0);
  const record = JSON.parse(
    [...(await run({ interventions, jobs: own, positions })).values()][0]!,
  ) as ReplyRecord;
  expect(tokenizer.isSpecial(tokenizer.encode(texts[0]!)[0]!)).toBe(true);
  expect(record.steered).toEqual(inPrompt.length > 0 ? [[1, record.positions]] : [[5, record.positions]]);
});

test('without a reader there are no activations; without new tokens there is nothing', async () => {
  const { interventions, jobs } = await experiment('add', 1);
  const asked = { interventions, jobs: jobs.slice(0, 3), reader: undefined };
  for (const line of (await run(asked)).values()) expect(JSON.parse(line)).not.toHaveProperty('activations');
  for (const line of (await run({ ...asked, maxNewTokens: 0, reader })).values()) {
    expect(JSON.parse(line)).toMatchObject({
      ...{ text: '', tokens: [], end: 'length', unsteered_mean_log_probability: null, positions: 0 },
      ...{ steered: [], distinct_1: null, distinct_2: null, repetition: 0, activations: { a: [], b: [] } },
    });
  }
});

test('a reply is handed on when it has ended, not when its batch has, and text as it is settled', async () => {
  const { interventions, jobs } = await experiment('add', 2);
  const events: string[] = [];
  const pieces = new Map<string, string>();
  const batch = jobs.slice(0, 20);
  const lines = await run({
    interventions,
    jobs: batch,
    maxNewTokens: 40,
    onText: ({ id }, text) => {
      events.push('text');
      pieces.set(id, (pieces.get(id) ?? '') + text);
    },
    onReply: async () => {
      events.push('reply');
    },
  });
  expect(lines.size).toBe(0);
  expect(events.indexOf('reply')).toBeLessThan(events.lastIndexOf('text'));
  const again = await run({ interventions, jobs: batch, maxNewTokens: 40 });
  for (const [id, line] of again) expect((JSON.parse(line) as ReplyRecord).text).toBe(pieces.get(id));
});

test('progress never falls and ends with all replies', async () => {
  const { interventions, jobs } = await experiment('add', 2);
  const seen: ReplyProgress[] = [];
  const lines = await run({ interventions, jobs, onProgress: (progress) => seen.push(progress) });
  const done = seen.map((progress) => progress.done);
  expect(done).toEqual([...done].sort((x, y) => x - y));
  const tokens = [...lines.values()].reduce(
    (sum, line) => sum + (JSON.parse(line) as ReplyRecord).tokens.length,
    0,
  );
  expect(seen.at(-1)).toEqual({ done: jobs.length, total: jobs.length, tokens });
  expect(new Set(done).size).toBeGreaterThan(20);
});

describe('when it is stopped', () => {
  test('by the user: what was handed on stands, and the rest is made later to the same end', async () => {
    const { interventions, jobs } = await experiment('add', 1);
    const whole = await run({ interventions, jobs });
    const stop = new AbortController();
    const made = new Map<string, string>();
    const first = run({
      interventions,
      jobs,
      signal: stop.signal,
      onReply: async (record) => {
        made.set(record.id, JSON.stringify(record));
        if (made.size === 15) stop.abort();
      },
    });
    await expect(first).rejects.toMatchObject({ kind: 'interrupted' });
    expect(made.size).toBe(15);
    const rest = await run({ interventions, jobs: jobs.filter(({ id }) => !made.has(id)) });
    const all = new Map([...made, ...rest]);
    expect(jobs.map(({ id }) => all.get(id))).toEqual(jobs.map(({ id }) => whole.get(id)));
  });

  test('by a disk that is full: its error comes out, and nothing is handed on behind it', async () => {
    const { interventions, jobs } = await experiment('add', 1);
    let calls = 0;
    const work = run({
      interventions,
      jobs,
      onReply: async () => {
        calls += 1;
        if (calls === 5) throw new Error('disk full');
      },
    });
    await expect(work).rejects.toThrow('disk full');
    expect(calls).toBe(5);
  });

  test('before it begins', async () => {
    const { interventions, jobs } = await experiment('add', 1);
    const work = run({ interventions, jobs, signal: AbortSignal.abort() });
    await expect(work).rejects.toMatchObject({ kind: 'interrupted' });
  });
});

test('a prompt that fills the context, and an arm without an intervention, are refused', async () => {
  const { interventions, jobs } = await experiment('add', 1);
  const long = { text: 'long', tokens: new Int32Array(129).fill(5) };
  await expect(run({ interventions, jobs, prompts: [long, long] })).rejects.toMatchObject({ kind: 'usage' });
  await expect(run({ interventions: interventions.slice(1), jobs })).rejects.toThrow('control');
});
