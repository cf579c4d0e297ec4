import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile } from '../sae/sae.ts';
import { completeSpec } from './complete_spec.ts';
import { readSteeringPlan } from './read_plan.ts';
import { resolveArms } from './resolve_arms.ts';
import { checkSamePlan, planText, type SteeringPlan, steeringPlan } from './steering_plan.ts';
import type { GivenSpec } from './steering_spec.ts';

let sae: SaeFile;
let plan: SteeringPlan;
beforeAll(async () => {
  sae = await openSae('organism/2-res-2k', { env: process.env, cwd: process.cwd() });
  plan = await planFor({ title: 'A run', random: 1 });
});
afterAll(() => sae.close());

async function planFor(given: GivenSpec, meanNorm = 28): Promise<SteeringPlan> {
  const { identity, dSae } = sae.header;
  const spec = completeSpec(given, { sae: identity });
  const { arms, method, seed, unit } = spec;
  return steeringPlan(spec, {
    versions: { antipode: '1.2.3', onnxruntime: '1.30.0' },
    model: { fingerprint: 'ab12', precision: 'f32', device: 'cpu', threads: null },
    sae: {
      label: identity.label,
      neuronpedia_id: identity.neuronpediaId ?? null,
      d_sae: dSae,
      layer: 2,
      place: 'resid.2',
    },
    prompts: spec.prompts.map((text) => ({ text, tokens: Int32Array.of(1, text.length) })),
    meanNorm: { value: meanNorm, source: 'measured' },
    interventions: await resolveArms({ sae, site: 2, arms, method, unit, seed, meanNorm }),
  });
}

describe('a plan', () => {
  test('says everything that texts depend on, as JSON', () => {
    const read = readSteeringPlan(planText(plan), 'steering.json');
    expect(read).toEqual(plan);
    expect(read.arms.map(({ name, sha256 }) => [name, sha256?.length])).toEqual([
      ['control', undefined],
      ['examples', undefined],
      ['+Happy+Sad', 64],
      ['-Happy+Sad', 64],
      ['-Sad+Happy', 64],
      ['+Happy', 64],
      ['+Sad', 64],
      ['-Happy', 64],
      ['-Sad', 64],
      ['+Happy+Sad (matched)', 64],
      ['random 1', 64],
    ]);
    expect(read.arms[5]).toMatchObject({
      coefficients: [{ feature: 642 }],
      length: expect.closeTo(0.6 * 28),
    });
    expect(read).toMatchObject({
      prompts: [{ text: 'How are you?', tokens: [1, 12] }],
      sampling: { temperature: 0.7, top_k: null },
      mean_norm: { value: 28, source: 'measured' },
      batch_rows: 32,
    });
  });

  test('is the same text for the same run', async () => {
    expect(planText(await planFor({ random: 1, title: 'A run' }))).toBe(planText(plan));
  });
});

describe('a run that is taken up again', () => {
  test('may call its files by other names', async () => {
    const other = await planFor({ title: 'Another title', random: 1 });
    const { ref: _, ...model } = other.model;
    checkSamePlan(plan, { ...other, model: { ref: '/elsewhere/model', ...model } }, 'out');
  });

  test('may have its files from another commit, or from none, where they are the same', () => {
    const [model, sae] = [
      { ...plan.model, commit: 'a'.repeat(40) },
      { ...plan.sae, commit: 'b'.repeat(40) },
    ];
    const pinned = readSteeringPlan(planText({ ...plan, model, sae }), 'steering.json');
    expect([pinned.model.commit, pinned.sae.commit]).toEqual([model.commit, sae.commit]);
    checkSamePlan(plan, pinned, 'out');
    checkSamePlan(pinned, plan, 'out');
    checkSamePlan(pinned, { ...pinned, model: { ...model, commit: 'c'.repeat(40) } }, 'out');
    const other = { ...pinned, model: { ...model, fingerprint: 'other' } };
    expect(() => checkSamePlan(pinned, other, 'out')).toThrow('model.fingerprint differs');
  });

  test.each<[GivenSpec, string]>([
    [{ random: 1, seed: 9 }, 'seed differs (got 9, expected 0)'],
    [{ random: 1, replies: 21 }, 'replies differs (got 21, expected 20)'],
    [{ random: 1, strength: 0.7 }, 'strength differs (got 0.7, expected 0.6)'],
    [{ random: 1, stops: ['.'] }, 'stops.0 differs (got ".", expected nothing)'],
    [{ random: 2 }, 'arms.11 differs (got {"name":"random 2"'],
    [{ random: 1, sampling: { topK: 4 } }, 'sampling.top_k differs (got 4, expected null)'],
    [{ random: 1, prompts: ['Hello'] }, 'prompts.0.text differs (got "Hello", expected "How are you?")'],
    [{ random: 1, method: 'clamp' }, 'method differs (got "clamp", expected "add")'],
  ])('%j is another', async (given, message) => {
    const other = await planFor(given);
    expect(() => checkSamePlan(plan, other, 'out')).toThrow(`out: holds the run of another plan: ${message}`);
  });

  test('another measured norm is another plan, through the vectors too', async () => {
    expect(() => checkSamePlan(plan, plan, 'out')).not.toThrow();
    const other = await planFor({ random: 1 }, 29);
    expect(() => checkSamePlan(plan, other, 'out')).toThrow('mean_norm.value differs (got 29, expected 28)');
    const vectors = { ...plan, arms: other.arms.map((arm, i) => ({ ...plan.arms[i]!, sha256: arm.sha256 })) };
    expect(() => checkSamePlan(plan, vectors, 'out')).toThrow('arms.2.sha256 differs');
  });
});

describe('read from a file', () => {
  test.each([
    ['', 'is not JSON'],
    ['[]', 'is no plan of a steering run (the file'],
    ['{"schema":"antipode-geometry"}', 'is no plan of a steering run (schema'],
  ])('%j', (text, message) => {
    expect(() => readSteeringPlan(text, 'r/steering.json')).toThrow(`r/steering.json: ${message}`);
  });

  test('cut or changed anywhere, it is a plan or refused', () => {
    const text = planText(plan);
    const read = (changed: string): void => {
      try {
        readSteeringPlan(changed, 'x');
      } catch (error) {
        expect(error).toBeInstanceOf(AntipodeError);
      }
    };
    for (let end = 0; end < text.length - 1; end += 7) {
      expect(() => readSteeringPlan(text.slice(0, end), 'x')).toThrow(AntipodeError);
    }
    for (let at = 0; at < text.length; at += 7) read(`${text.slice(0, at)}9${text.slice(at + 1)}`);
  });
});
