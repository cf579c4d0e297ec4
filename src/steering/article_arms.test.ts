import { expect, test } from 'vitest';
import type { PolePair } from './arm.ts';
import { articleArms } from './article_arms.ts';

const poles: PolePair = { a: { name: 'Happy', features: [11] }, b: { name: 'Sad', features: [15, 16] } };

test('the article’s seven by name, behind what is not steered and before the controls', () => {
  const arms = articleArms(poles, { strength: 4, random: 2, matched: true });
  expect(arms.map(({ name, kind, parts }) => [name, kind, parts])).toEqual([
    ['control', 'control', []],
    ['examples', 'examples', []],
    ['+Happy+Sad', 'steered', [part([11], 4), part([15, 16], 4)]],
    ['-Happy+Sad', 'steered', [part([11], -4), part([15, 16], 4)]],
    ['-Sad+Happy', 'steered', [part([15, 16], -4), part([11], 4)]],
    ['+Happy', 'steered', [part([11], 4)]],
    ['+Sad', 'steered', [part([15, 16], 4)]],
    ['-Happy', 'steered', [part([11], -4)]],
    ['-Sad', 'steered', [part([15, 16], -4)]],
    ['+Happy+Sad (matched)', 'matched', [part([11], 4), part([15, 16], 4)]],
    ['random 1', 'random', []],
    ['random 2', 'random', []],
  ]);
  expect(arms.every(({ factor }) => factor === 1)).toBe(true);
});

test('a sweep multiplies strengths, names them, and repeats nothing that is not steered', () => {
  const arms = articleArms(poles, { strength: 4, factors: [0.5, 2], random: 1, matched: false });
  expect(arms).toHaveLength(2 + 2 * 8);
  expect(new Set(arms.map(({ name }) => name)).size).toBe(arms.length);
  expect(arms.find(({ name }) => name === '-Sad x0.5')).toEqual({
    name: '-Sad x0.5',
    kind: 'steered',
    parts: [part([15, 16], -2)],
    factor: 0.5,
  });
  expect(arms.at(-1)).toEqual({ name: 'random 1 x2', kind: 'random', parts: [], factor: 2 });
  // One factor that is not 1 is a sweep of one.
  const once = articleArms(poles, { strength: 4, factors: [3], random: 0, matched: false });
  expect(once.at(-1)?.name).toBe('-Sad x3');
});

function part(features: readonly number[], strength: number): object {
  return { features, strength };
}
