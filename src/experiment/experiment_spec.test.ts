import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { experimentSchema } from './experiment_shape.ts';
import { parseExperiment } from './experiment_spec.ts';

const EXPERIMENTS = fileURLToPath(new URL('../../experiments/', import.meta.url));

function problem(text: string): string {
  try {
    parseExperiment(text, 'e.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(AntipodeError);
    expect((error as AntipodeError).kind).toBe('format');
    return (error as AntipodeError).message;
  }
  throw new Error('it was taken');
}

describe('an experiment', () => {
  it('has defaults for everything but its dictionaries', () => {
    expect(parseExperiment('antipode: 1\nsaes: [{ sae: organism/1-res-2k }]\n', 'e.yaml')).toEqual({
      title: undefined,
      seed: 0,
      saes: [
        { sae: 'organism/1-res-2k', concepts: undefined, explanations: undefined, explainer: undefined },
      ],
      geometry: { spaces: ['encoder', 'decoder'], randomPairs: 20, top: 100, draws: 10_000 },
      steering: undefined,
    });
  });

  it('hands its seed to what it steers, unless that has its own', () => {
    const steering = (seed: string): unknown =>
      parseExperiment(
        `antipode: 1\nseed: 7\nsaes: [{ sae: a }]\nsteering: { pair: "happy:sad"${seed} }\n`,
        'e.yaml',
      ).steering;
    expect(steering('')).toEqual({ pair: 'happy:sad', seed: 7 });
    expect(steering(', seed: 3')).toEqual({ pair: 'happy:sad', seed: 3 });
  });

  it.each([
    ['antipode: 1\n', 'e.yaml:1:1: saes: is missing (expected a list)'],
    [
      'saes: [{ sae: a }]\n',
      'e.yaml:1:1: antipode: is missing (expected antipode: 1, the version of this form)',
    ],
    [
      'antipode: 2\nother: 3\n',
      'e.yaml:1:11: antipode: got version 2, and this program knows 1 (a newer one reads it)',
    ],
    ['antipode: one\nsaes: []\n', 'e.yaml:1:11: antipode: got "one", expected 1'],
    ['antipode: 1\nsaes: []\n', 'e.yaml:2:7: saes: is empty (expected at least one entry)'],
    ['antipode: 1\nsaes: [{ sae: a, cncepts: b }]\n', "e.yaml:2:27: saes[0]: unknown key 'cncepts'"],
    ['antipode: 1\nsaes: [{ sae: a }, { sae: a }]\n', 'e.yaml:2:27: saes[1]: stands twice, as saes[0]'],
    [
      'antipode: 1\nsaes: [{ sae: a }]\ngeometry: { spaces: [both] }\n',
      "e.yaml:3:22: geometry.spaces[0]: got 'both', expected encoder or decoder",
    ],
    [
      'antipode: 1\nsaes: [{ sae: a }]\nsteering:\n  pair: "a:b"\n  poles: { A: [1], B: [2] }\n',
      'e.yaml:5:10: steering: poles: stands beside pair (expected one of them)',
    ],
    [
      'antipode: 1\nsaes: [{ sae: a }]\nsteering: { strength: -1 }\n',
      'e.yaml:3:23: steering.strength: got -1, expected at least 0.000001',
    ],
    ['[1]\n', 'e.yaml:1:1: the file: got a list, expected keys and values'],
  ])('%j is refused with its line', (text, message) => {
    expect(problem(text)).toBe(message);
  });

  it('says everything that is wrong at once', () => {
    expect(problem('antipode: 1\nsaes: [{}]\nseed: -1\nwhat: 1\n').split('\n')).toEqual([
      'e.yaml: 3 problems',
      '  e.yaml:2:8: saes[0].sae: is missing (expected text)',
      '  e.yaml:3:7: seed: got -1, expected at least 0',
      "  e.yaml:4:7: the file: unknown key 'what'",
    ]);
  });

  it('of any text is an experiment or a sentence', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseExperiment(text, 'e.yaml');
        } catch (error) {
          expect(error).toBeInstanceOf(AntipodeError);
        }
      }),
    );
  });
});

describe('what ships', () => {
  it.each(['organism', 'article'])('experiments/%s.yaml is one', (name) => {
    const text = readFileSync(join(EXPERIMENTS, `${name}.yaml`), 'utf8');
    const spec = parseExperiment(text, `${name}.yaml`);
    expect(spec.saes).toHaveLength(2);
    expect(spec.steering).toBeDefined();
    expect(text).toMatch(/^# yaml-language-server: \$schema=experiment\.schema\.json\n/);
  });

  it('experiments/experiment.schema.json is what the program knows (node scripts/experiment_schema.mjs)', () => {
    const text = readFileSync(join(EXPERIMENTS, 'experiment.schema.json'), 'utf8');
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(experimentSchema())));
  });
});
