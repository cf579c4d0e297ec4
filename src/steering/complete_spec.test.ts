import { describe, expect, test } from 'vitest';
import type { SaeIdentity } from '../sae/sae.ts';
import { completeSpec, type SteeringSpec, subjectOfSpec } from './complete_spec.ts';
import type { GivenSpec } from './steering_spec.ts';

const organism: SaeIdentity = {
  label: 'organism-2-res-2k',
  neuronpediaId: 'organism/2-res-2k',
  layer: 2,
  isSynthetic: false,
};
const gemma: SaeIdentity = {
  label: '20-gemmascope-res-16k',
  neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k',
  layer: 20,
  isSynthetic: false,
};
const own: SaeIdentity = { label: 'mine', isSynthetic: false };

const forGemma = (given: GivenSpec = {}): SteeringSpec =>
  completeSpec(
    { model: 'google/gemma-2-2b', sae: gemma.neuronpediaId!, pair: 'happy:sad', ...given },
    { sae: gemma },
  );
const forOrganism = (given: GivenSpec = {}): SteeringSpec => completeSpec(given, { sae: organism });
const namesOf = ({ arms }: SteeringSpec): string[] => arms.map(({ name }) => name);

describe('defaults', () => {
  test('the article’s: happy against sad of layer 20, twenty replies of each arm to its prompt, every position', () => {
    const spec = forGemma();
    expect(spec).toMatchObject({
      poles: { a: { name: 'Happy', features: [11697] }, b: { name: 'Sad', features: [15682, 15539] } },
      found: { concept: 'Happiness-Sadness', catalogue: 'article-20' },
      prompts: ['How are you?'],
      chat: false,
      method: 'add',
      unit: 'absolute',
      strength: 100,
      factors: [1],
      meanNorm: undefined,
      positions: 'all',
      replies: 20,
      examples: 20,
      sampling: { temperature: 1 },
      maxNewTokens: 64,
      stops: [],
      seed: 0,
      judges: ['lexicon'],
      precision: 'auto',
      device: 'auto',
    });
    expect(namesOf(spec)).toEqual([
      'control',
      'examples',
      '+Happy+Sad',
      '-Happy+Sad',
      '-Sad+Happy',
      '+Happy',
      '+Sad',
      '-Happy',
      '-Sad',
      '+Happy+Sad (matched)',
      'random 1',
      'random 2',
      'random 3',
    ]);
  });

  test('a curve adds each pole alone and a random direction at further strengths, behind everything else', () => {
    const plain = forGemma();
    const curved = forGemma({ curve: [2, 0.5, 1] });
    expect(curved.arms.slice(0, plain.arms.length)).toEqual(plain.arms);
    expect(curved.arms.slice(plain.arms.length)).toEqual([
      { name: '+Happy x0.5', kind: 'steered', parts: [{ features: [11697], strength: 50 }], factor: 0.5 },
      {
        name: '+Sad x0.5',
        kind: 'steered',
        parts: [{ features: [15682, 15539], strength: 50 }],
        factor: 0.5,
      },
      { name: 'random 1 x0.5', kind: 'random', parts: [], factor: 0.5 },
      { name: '+Happy x2', kind: 'steered', parts: [{ features: [11697], strength: 200 }], factor: 2 },
      { name: '+Sad x2', kind: 'steered', parts: [{ features: [15682, 15539], strength: 200 }], factor: 2 },
      { name: 'random 1 x2', kind: 'random', parts: [], factor: 2 },
    ]);
    expect(() => forGemma({ method: 'project-out', curve: [2] })).toThrow(/^curve: project-out adds nothing/);
    expect(() => forGemma({ strength: 1e9, curve: [2] })).toThrow(/^curve: the strongest arm would have/);
  });

  test('the embedded default’s are those of its card', () => {
    expect(forOrganism()).toMatchObject({
      model: 'organism',
      sae: 'organism/2-res-2k',
      poles: { a: { name: 'Happy', features: [642] }, b: { name: 'Sad', features: [229, 1124, 1514] } },
      unit: 'mean-norm',
      strength: 0.6,
      meanNorm: { value: expect.closeTo(28.211, 3), source: 'card' },
      sampling: { temperature: 0.7 },
    });
  });

  test('features that somebody names have the usual strength, in the norm that the card knows', () => {
    const poles = { a: { name: 'Up', features: [1] }, b: { name: 'Down', features: [2] } };
    const spec = forOrganism({ poles });
    expect(spec).toMatchObject({ poles, found: undefined, unit: 'mean-norm', strength: 0.5 });
    expect(spec.meanNorm?.source).toBe('card');
    expect(forOrganism({ poles, unit: 'absolute' })).toMatchObject({ strength: 100, meanNorm: undefined });
  });

  test.each([
    ['max-activation', 1],
    ['mean-norm', 0.5],
    ['absolute', 100],
  ] as const)('the usual strength of %s', (unit, strength) => {
    expect(forGemma({ unit }).strength).toBe(strength);
    expect(forGemma({ unit, strength: 7 }).strength).toBe(7);
  });

  test('a mean norm is the given one, or has to be measured', () => {
    expect(forGemma({ unit: 'mean-norm' }).meanNorm).toBeUndefined();
    expect(forGemma({ unit: 'mean-norm', meanNorm: 80 }).meanNorm).toEqual({ value: 80, source: 'given' });
    expect(forOrganism({ meanNorm: 3 }).meanNorm).toEqual({ value: 3, source: 'given' });
  });

  test('methods without a length have no arm of matched length', () => {
    expect(namesOf(forGemma({ method: 'project-out' }))).not.toContain('+Happy+Sad (matched)');
    expect(forGemma({ method: 'orthogonal', strength: 2 })).toMatchObject({ strength: 2 });
    expect(namesOf(forGemma({ matched: false }))).not.toContain('+Happy+Sad (matched)');
  });
});

describe('arms of one’s own', () => {
  const arms = [
    {
      name: 'mixed',
      parts: [
        { of: { pole: 'HAPPY' }, strength: 2 },
        { of: { features: [5] }, strength: -1 },
      ],
    },
  ];

  test('stand between the controls', () => {
    const spec = forGemma({ arms, random: 1 });
    expect(namesOf(spec)).toEqual(['control', 'examples', 'mixed', 'random 1']);
    expect(spec.arms[2]).toEqual({
      name: 'mixed',
      kind: 'steered',
      parts: [
        { features: [11697], strength: 2 },
        { features: [5], strength: -1 },
      ],
      factor: 1,
    });
  });

  test('are swept as the article’s are', () => {
    const spec = forGemma({ arms, random: 1, strengths: [0.5, 2] });
    expect(namesOf(spec)).toEqual([
      'control',
      'examples',
      'mixed x0.5',
      'mixed x2',
      'random 1 x0.5',
      'random 1 x2',
    ]);
    expect(spec.arms[3]?.parts[0]?.strength).toBe(4);
  });

  test.each([
    ['control', 'arm control: is the name of a control'],
    ['random 7', 'arm random 7: is the name of a control'],
    ['a/b', 'arm a/b: its name holds a slash'],
    ['a\u202eb', 'arm a\\u{202e}b: its name holds a slash or an invisible character'],
    ['x'.repeat(81), 'its name is too long'],
  ])('cannot be called %j', (name, message) => {
    expect(() => forGemma({ arms: [{ ...arms[0]!, name }] })).toThrow(message);
  });

  test('cannot stand twice, in a sweep either, or name a pole that is not there', () => {
    expect(() => forGemma({ arms: [arms[0]!, arms[0]!] })).toThrow('arm mixed: stands twice');
    const swept = [arms[0]!, { ...arms[0]!, name: 'mixed x2' }];
    expect(() => forGemma({ arms: swept, strengths: [1, 2] })).not.toThrow();
    const clash = [
      { ...arms[0]!, name: 'a' },
      { ...arms[0]!, name: 'a x1' },
    ];
    expect(() => forGemma({ arms: clash, strengths: [1] })).not.toThrow();
    const [{ parts }] = [{ parts: [{ of: { pole: 'calm' }, strength: 1 }] }];
    expect(() => forGemma({ arms: [{ name: 'x', parts }] })).toThrow(
      'arm x: there is no pole calm (expected Happy or Sad)',
    );
  });
});

describe('refused', () => {
  test.each<[string, GivenSpec, SaeIdentity, string]>([
    ['no poles', {}, own, 'pair: no poles are named'],
    ['a pair where no catalogue is', { pair: 'happy:sad' }, own, 'mine: no pairs of opposites are known'],
    [
      'a pair and poles',
      { pair: 'happy:sad', poles: { a: { name: 'A', features: [1] }, b: { name: 'B', features: [2] } } },
      gemma,
      'pair and poles: both name the poles',
    ],
    [
      'orthogonal without its factor',
      { pair: 'happy:sad', method: 'orthogonal' },
      gemma,
      'strength: is missing',
    ],
    [
      'a matched length of nothing',
      { pair: 'happy:sad', method: 'project-out', matched: true },
      gemma,
      'matched: project-out adds nothing',
    ],
    [
      'features of another layer',
      { pair: 'happy:sad', claim: { layer: 10 } },
      gemma,
      'features: are of layer 10, and the SAE is gemma-2-2b/20-gemmascope-res-16k',
    ],
    [
      'more replies than a lifetime has',
      { pair: 'happy:sad', replies: 10_000, strengths: [1, 2, 3] },
      gemma,
      'replies: 10000 for each of 34 arms, and 20 examples, would be 340020 in all (expected at most 100000 in all)',
    ],
  ])('%s', (_, given, sae, message) => {
    const named = { model: 'm', sae: 's', ...given };
    expect(() => completeSpec(named, { sae })).toThrow(message);
  });

  test('a model without an SAE', () => {
    expect(subjectOfSpec({})).toEqual({ model: 'organism', sae: 'organism/2-res-2k' });
    expect(() => subjectOfSpec({ model: 'google/gemma-2-2b' })).toThrow('google/gemma-2-2b: no SAE is named');
  });
});

describe('replies that would be copies', () => {
  test.each([{ temperature: 0 }, { topK: 1 }])('%j gives one of each, and no more are taken', (sampling) => {
    expect(forOrganism({ sampling })).toMatchObject({ replies: 1, examples: 1 });
    expect(forOrganism({ sampling, examples: 0 })).toMatchObject({ replies: 1, examples: 0 });
    expect(() => forOrganism({ sampling, replies: 20 })).toThrow(
      /^replies: the likeliest token is always taken, so that all 20 would be the same text/,
    );
    expect(() => forOrganism({ sampling, examples: 2 })).toThrow(/^examples: /);
  });

  test('of one prompt twice are refused', () => {
    expect(() => forOrganism({ prompts: ['a', 'b', 'a'] })).toThrow(/^prompts: "a" stands twice/);
  });
});

describe('project-out, which knows neither sign nor strength', () => {
  const without = (given: GivenSpec = {}): SteeringSpec => forGemma({ method: 'project-out', ...given });

  test('makes each thing once, named after what is gone', () => {
    expect(namesOf(without({ random: 1 }))).toEqual([
      'control',
      'examples',
      'without Happy+Sad',
      'without Happy',
      'without Sad',
      'random 1',
    ]);
    const sets = without().arms.map(({ parts }) => parts.flatMap(({ features }) => features).join());
    expect(sets.slice(2, 5)).toEqual(['11697,15682,15539', '11697', '15682,15539']);
  });

  test.each([
    [{ strength: 2 }, /^strength: project-out takes the poles away, whatever the strength$/],
    [{ strengths: [1, 2] }, /^strengths: project-out/],
    [{ arms: [{ name: 'x', parts: [{ of: { pole: 'happy' }, strength: 1 }] }] }, /^arm x: has a strength/],
    [
      {
        arms: [
          { name: 'x', parts: [{ of: { features: [1, 2] } }] },
          { name: 'y', parts: [{ of: { features: [2] } }, { of: { features: [1] } }] },
        ],
      },
      /^arm y: takes the same features away as x$/,
    ],
  ] as const)('%j is refused', (given, message) => {
    expect(() => without(given)).toThrow(message);
  });

  test('other methods need a strength in every part', () => {
    const arms = [{ name: 'x', parts: [{ of: { features: [1] } }] }];
    expect(() => forGemma({ arms })).toThrow(/^arm x: a part of it has no strength$/);
    expect(without({ arms }).arms[2]).toMatchObject({ parts: [{ features: [1], strength: 1 }] });
  });
});

test('orthogonal without a strength says which option it is', () => {
  expect(() => forGemma({ method: 'orthogonal' })).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('--strength 2') }),
  );
});

test('a multiple takes the strength no further than a strength may go', () => {
  expect(() => forGemma({ strength: 1e9, strengths: [1, 10] })).toThrow(
    /^strengths: the strongest arm would have 10000000000 .*expected at most 1000000000/,
  );
});
