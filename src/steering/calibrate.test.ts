import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recommendedSteering } from '../concepts/recommended_steering.ts';
import { EMBEDDED_MODEL_FOLDER } from '../hub/embedded_default.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { scoreTokens } from '../lm/score.ts';
import { openLanguageModel } from '../lm/session.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile } from '../sae/sae.ts';
import {
  type CalibrateOptions,
  type Calibration,
  type CalibrationPoint,
  calibrate,
  recommendRange,
} from './calibrate.ts';
import { generateReplies } from './generate_replies.ts';
import { replyJobs } from './jobs.ts';
import { createPoleReader, type PoleReader } from './pole_reader.ts';
import type { ReplyRecord } from './reply_record.ts';

const { a, b, meanNorm, prompt, saeId, temperature } = recommendedSteering('organism/2-res-2k')!;
const poles = { a, b };
let model: LanguageModel;
let tokenizer: Tokenizer;
let sae: SaeFile;
let reader: PoleReader;
let found: Calibration;

beforeAll(async () => {
  tokenizer = await openTokenizer(EMBEDDED_MODEL_FOLDER);
  model = await openLanguageModel(EMBEDDED_MODEL_FOLDER, { threads: 1, precision: 'f32' });
  sae = await openSae(saeId, { env: process.env, cwd: process.cwd() });
  reader = await createPoleReader(sae, poles);
  found = await calibrate(optionsFor([2, 0.5, 0.001, 0.4]));
}, 30_000);
afterAll(async () => {
  await reader?.close();
  await sae?.close();
  await model?.close();
});

function optionsFor(strengths: readonly number[]): CalibrateOptions {
  return {
    model,
    tokenizer,
    sae,
    site: 2,
    reader,
    poles,
    strengths,
    unit: 'mean-norm',
    method: 'add',
    meanNorm,
    prompts: [{ text: prompt, tokens: tokenizer.encode(prompt) }],
    replies: 10,
    positions: 'all',
    sampling: { temperature },
    maxNewTokens: 24,
    seed: 7,
  };
}

describe('the embedded default', () => {
  test('each pole has a point per strength, ascending, of the length that was asked for', () => {
    expect([found.a.pole, found.b.pole]).toEqual(['Happy', 'Sad']);
    for (const { points } of [found.a, found.b]) {
      expect(points.map(({ strength }) => strength)).toEqual([0.001, 0.4, 0.5, 2]);
      for (const { length, replies, strength } of points) {
        expect(length).toBeCloseTo(strength * meanNorm, 6);
        expect(replies).toBe(10);
      }
    }
    expect(found.control.replies).toBe(10);
  });

  test('hardly any strength changes no reply, because the draws are those of no steering', () => {
    for (const { points } of [found.a, found.b]) {
      expect(points[0]!.changed).toBe(0);
      expect(points[0]!.nll).toBeCloseTo(found.control.nll!, 6);
      expect(points[0]!.repetition).toBe(found.control.repetition);
      expect(points[2]!.changed).toBeGreaterThanOrEqual(0.5);
    }
  });

  test('the own pole becomes more active with the strength, and too much makes text unlikely', () => {
    for (const { points } of [found.a, found.b]) {
      const own = points.map(({ own_activation }) => own_activation!);
      expect(own[3]).toBeGreaterThan(own[2]!);
      expect(own[2]).toBeGreaterThan(own[0]! + 1);
      expect(points[3]!.nll_ratio).toBeGreaterThan(3);
    }
    // What is a's own is b's other.
    expect(found.b.points[0]!.other_activation).toBeCloseTo(found.control.own_activation!, 1);
  });

  test('the range in between is recommended', () => {
    expect(found.a.recommended?.to).toBe(0.5);
    expect(found.b.recommended?.to).toBe(0.5);
  });

  test('the control is what scoring its tokens says, token by token', async () => {
    const records: ReplyRecord[] = [];
    const { replies, ...options } = optionsFor([1]);
    const arms = [{ name: 'control', kind: 'control' } as const];
    await generateReplies({
      ...options,
      interventions: [{ arm: arms[0]! }],
      jobs: replyJobs({ ...options, arms, replies, examples: 0 }),
      onReply: async (record) => {
        records.push(record);
      },
    });
    const context = tokenizer.encode(prompt);
    const scores = await scoreTokens(
      model,
      records.map(({ tokens }) => ({ context, tokens })),
    );
    const all = scores.flat();
    expect(found.control.nll).toBeCloseTo(-all.reduce((sum, one) => sum + one, 0) / all.length, 5);
  });
});

describe('refused', () => {
  test.each<[string, readonly number[], Partial<CalibrateOptions>, string]>([
    ['no strength', [], {}, 'strengths: none are given'],
    ['zero', [0, 1], {}, 'strengths: got 0, expected a positive number'],
    ['no number', [Number.NaN], {}, 'strengths: got NaN'],
    ['one twice', [1, 2, 1], {}, 'strengths: 1 stands twice'],
    ['a method without any', [1], { method: 'project-out' }, 'strengths: project-out has none'],
  ])('%s', async (_, strengths, options, message) => {
    await expect(calibrate({ ...optionsFor(strengths), ...options })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(message),
    });
  });

  test('interrupted', async () => {
    const signal = AbortSignal.abort();
    await expect(calibrate({ ...optionsFor([1]), signal })).rejects.toMatchObject({ kind: 'interrupted' });
  });
});

describe('what is recommended', () => {
  const point = (strength: number, changes: Partial<CalibrationPoint> = {}): CalibrationPoint => ({
    strength,
    length: strength,
    replies: 10,
    changed: 1,
    nll: 1,
    nll_ratio: 1.2,
    repetition: 0.1,
    distinct_2: 1,
    own_activation: null,
    other_activation: null,
    ...changes,
  });

  test.each<[string, CalibrationPoint[], [number, number] | null]>([
    ['nothing where nothing changes', [point(1, { changed: 0.4 })], null],
    ['nothing where all is unlikely', [point(1, { nll_ratio: 2 })], null],
    ['nothing where nothing is known', [point(1, { nll_ratio: null })], null],
    ['nothing where all repeats itself', [point(1, { repetition: 0.5 })], null],
    ['one strength', [point(1, { changed: 0 }), point(2), point(3, { nll_ratio: 2.1 })], [2, 2]],
    ['neighbours', [point(1), point(2), point(3, { nll_ratio: 4 })], [1, 2]],
    ['the longest run', [point(1), point(2), point(3, { nll_ratio: 4 }), point(4)], [1, 2]],
    ['the stronger of two', [point(1), point(2, { changed: 0 }), point(3)], [3, 3]],
  ])('%s', (_, points, range) => {
    expect(recommendRange(points, 0.1)).toEqual(range && { from: range[0], to: range[1] });
  });
});
