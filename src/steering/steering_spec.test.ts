import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { SPEC_KEYS } from './spec_shape.ts';
import { parseSteeringSpec } from './steering_spec.ts';

const FULL = `title: Every key
model: google/gemma-2-2b
sae: gemma-2-2b/20-gemmascope-res-16k
layer: 20
concepts: mine.yaml
poles:
  Happy: [20:11697]
  Sad: [15682, gemma-2-2b/20-gemmascope-res-16k/15539]
prompts: [How are you?, ""]
chat: true
system: Be brief.
method: add
unit: mean-norm
strength: 0.6
strengths: [0.5, 1]
mean_norm: 28.5
positions: no-special
arms:
  - name: mostly happy
    parts:
      - { pole: happy, strength: 1.5 }
      - { features: [7, 20:8], strength: -0.25 }
random: 2
matched: false
replies: 10
examples: 12
sampling: { temperature: 0.7, top_k: 40, top_p: 0.9, repetition_penalty: 1.1 }
max_new_tokens: 32
stops: ["\\n\\n"]
seed: -3
judges: [lexicon, gpt-4o@https://api.openai.com/v1]
precision: f32
device: cpu
threads: 2
`;

describe('what is read', () => {
  test('every key', () => {
    expect(parseSteeringSpec(FULL, 'spec.yaml')).toEqual({
      title: 'Every key',
      model: 'google/gemma-2-2b',
      sae: 'gemma-2-2b/20-gemmascope-res-16k',
      layer: 20,
      concepts: 'mine.yaml',
      poles: { a: { name: 'Happy', features: [11697] }, b: { name: 'Sad', features: [15682, 15539] } },
      claim: { layer: 20, neuronpediaId: 'gemma-2-2b/20-gemmascope-res-16k' },
      prompts: ['How are you?', ''],
      chat: true,
      system: 'Be brief.',
      method: 'add',
      unit: 'mean-norm',
      strength: 0.6,
      strengths: [0.5, 1],
      meanNorm: 28.5,
      positions: 'no-special',
      arms: [
        {
          name: 'mostly happy',
          parts: [
            { of: { pole: 'happy' }, strength: 1.5 },
            { of: { features: [7, 8] }, strength: -0.25 },
          ],
        },
      ],
      random: 2,
      matched: false,
      replies: 10,
      examples: 12,
      sampling: { temperature: 0.7, topK: 40, topP: 0.9, repetitionPenalty: 1.1 },
      maxNewTokens: 32,
      stops: ['\n\n'],
      seed: -3,
      judges: ['lexicon', 'gpt-4o@https://api.openai.com/v1'],
      precision: 'f32',
      device: 'cpu',
      threads: 2,
    });
  });

  test('what is left out has no key, so that it goes over nothing', () => {
    const given = parseSteeringSpec('pair: happy:sad\nsampling: { top_k: 5 }\n', 'spec.yaml');
    expect(Object.keys(given).sort()).toEqual(['pair', 'sampling']);
    expect(given).toEqual({ pair: 'happy:sad', sampling: { topK: 5 } });
  });

  test('JSON is YAML', () => {
    expect(parseSteeringSpec('{"replies": 5}', 'spec.json')).toEqual({ replies: 5 });
  });
});

describe('the specs that ship', () => {
  const shipped = (name: string): string =>
    readFileSync(new URL(`../../experiments/steering/${name}`, import.meta.url), 'utf8');

  test('are specs', () => {
    expect(parseSteeringSpec(shipped('article.yaml'), 'article.yaml')).toMatchObject({
      poles: { a: { name: 'Happy', features: [11697] }, b: { name: 'Sad', features: [15682, 15539] } },
      replies: 20,
    });
    expect(parseSteeringSpec(shipped('organism.yaml'), 'organism.yaml')).toMatchObject({ pair: 'happy:sad' });
  });

  test('the embedded default’s names every key', () => {
    const text = shipped('organism.yaml');
    expect(SPEC_KEYS.filter((key) => !new RegExp(`^(# )?${key}:`, 'm').test(text))).toEqual([]);
  });
});

describe('refused, with line and column', () => {
  test.each([
    ['an unknown key', 'pair: a:b\nstrenght: 3\n', "spec.yaml:2:11: the file: unknown key 'strenght'"],
    ['another type', 'replies: many\n', "spec.yaml:1:10: replies: got 'many', expected a number"],
    ['a fraction', 'replies: 2.5\n', 'spec.yaml:1:10: replies: got 2.5, expected a whole number'],
    ['too few', 'replies: 0\n', 'spec.yaml:1:10: replies: got 0, expected at least 1'],
    ['too many', 'replies: 1000000\n', 'spec.yaml:1:10: replies: got 1000000, expected at most 100000'],
    [
      'no such word',
      'unit: meters\n',
      "spec.yaml:1:7: unit: got 'meters', expected absolute or max-activation or mean-norm",
    ],
    [
      'a strength of zero',
      'seed: 1\nstrength: 0\n',
      'spec.yaml:2:11: strength: got 0, expected at least 0.000001',
    ],
    ['a prompt twice', 'prompts: [a, b, a]\n', "spec.yaml:1:17: prompts: 'a' stands twice"],
    [
      'a feature in both poles',
      'poles: { A: [1, 2], B: [3, 2] }\n',
      'spec.yaml:1:24: poles: feature 2 stands in both A and B, and would push both ways',
    ],
    [
      'what no option takes',
      'strength: 1e30\n',
      'spec.yaml:1:11: strength: got 1e+30, expected at most 1000000000',
    ],
    [
      'a curve beside a sweep',
      'strengths: [1, 2]\ncurve: [3]\n',
      'spec.yaml:2:8: curve: stands beside strengths (expected one of them; strengths repeats every arm)',
    ],
    ['a sweep that repeats', 'strengths: [1, 2, 1]\n', 'spec.yaml:1:19: strengths: 1 stands twice'],
    [
      'pair and poles',
      'pair: a:b\npoles: { A: [1], B: [2] }\n',
      'spec.yaml:2:8: poles: stands beside pair (expected one of them)',
    ],
    [
      'one pole',
      'poles:\n  A: [1]\n',
      'spec.yaml:2:3: poles: got 1 names, expected two, each with its features',
    ],
    [
      'a pole without a feature',
      'poles: { A: [1], B: [] }\n',
      'spec.yaml:1:21: poles.B: is empty (expected at least one entry)',
    ],
    [
      'a feature twice',
      'poles: { A: [1, 2, 1], B: [3] }\n',
      'spec.yaml:1:20: poles.A[2]: feature 1 stands twice',
    ],
    [
      'features of two layers',
      'poles: { A: [20:1], B: [10:2] }\n',
      'spec.yaml:1:25: poles.B[0]: 10:2 is of another SAE than the rest (expected one of 20)',
    ],
    [
      'a name that would break ids',
      'poles: { A/B: [1], C: [3] }\n',
      "spec.yaml:1:15: poles: got 'A/B', expected a name of letters, digits, blanks and hyphens, at most 40",
    ],
    [
      'a part of two kinds',
      'arms: [{ name: x, parts: [{ pole: A, features: [1], strength: 1 }] }]\n',
      'spec.yaml:1:27: arms[0].parts[0]: expected either pole or features',
    ],
    [
      'a part of none',
      'arms: [{ name: x, parts: [{ strength: 1 }] }]\n',
      'spec.yaml:1:27: arms[0].parts[0]: expected either pole or features',
    ],
    ['nothing', '', 'spec.yaml:1:1: the file: got nothing, expected keys and values'],
    ['a list', '[1]', 'spec.yaml:1:1: the file: got a list, expected keys and values'],
    ['a key twice', 'seed: 1\nseed: 2\n', "spec.yaml:2:1: the key 'seed' stands here a second time"],
  ])('%s', (_, text, message) => {
    expect(() => parseSteeringSpec(text, 'spec.yaml')).toThrow(
      expect.objectContaining({ kind: 'format', message }),
    );
  });

  test('everything at once', () => {
    const text = 'replies: 0\nunit: x\npoles: { A: [1.5], B: [2] }\n';
    expect(() => parseSteeringSpec(text, 's')).toThrow(/^s: 2 problems\n {2}s:1:10: replies/);
  });

  test('any text, and any change of one character, is a spec or refused', () => {
    const parse = (text: string): void => {
      try {
        parseSteeringSpec(text, 'spec.yaml');
      } catch (error) {
        expect(error).toBeInstanceOf(AntipodeError);
        expect((error as AntipodeError).kind).toBe('format');
      }
    };
    for (let end = 0; end <= FULL.length; end++) parse(FULL.slice(0, end));
    fc.assert(fc.property(fc.string(), parse));
    fc.assert(
      fc.property(fc.nat(FULL.length - 1), fc.string({ minLength: 1, maxLength: 2 }), (at, other) =>
        parse(FULL.slice(0, at) + other + FULL.slice(at + 1)),
      ),
      { numRuns: 300 },
    );
  });
});
