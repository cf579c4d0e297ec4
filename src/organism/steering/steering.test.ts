import { describe, expect, test } from 'vitest';
import { ownWords } from '../grammar/own_words.ts';
import { createArms } from './arms.ts';
import { preferred } from './choose_steering.ts';
import { judgeReply } from './judge.ts';

const own = ownWords();
const poles = { a: new Set(own.get('happy')), b: new Set(own.get('sad')) };

describe('the judge of replies', () => {
  test.each([
    ['I am fine, thank you. I read a book in the park.', 'none'],
    ['', 'none'],
    ['I am happy. I laughed all day.', 'a'],
    ['I am fine. I wept in sorrow.', 'b'],
    ['I am happy. I went to the park. I wept all day.', 'a to b'],
    ['I am miserable. My heart is full of joy.', 'b to a'],
    ['I am glad. I sobbed. I laughed.', 'a to b'],
    ['I am sad and happy.', 'none'],
    ['I am happy and merry and sad.', 'a'],
    ['I AM HAPPY!', 'a'],
  ])('%j is %s', (text, label) => {
    expect(judgeReply(text, poles)).toBe(label);
  });
});

describe('arms', () => {
  const a = Float32Array.of(3, 0, 4);
  const b = Float32Array.of(0, 2, 0);
  const arms = createArms({ a, b, strength: 10, randomDirections: 2, seed: 1 });
  const vectorOf = (name: string): number[] => [...arms.find((arm) => arm.name === name)!.vector];

  test("are the article's seven, no steering, and random ones of the same length", () => {
    expect(arms.map(({ name }) => name)).toEqual([
      'none',
      '+a',
      '+b',
      '+a+b',
      '-a+b',
      '-b+a',
      '-a',
      '-b',
      'random 1',
      'random 2',
    ]);
    expect(vectorOf('none').map(Math.abs)).toEqual([0, 0, 0]);
    expect(vectorOf('+a')).toEqual([6, 0, 8]);
    expect(vectorOf('-a+b')).toEqual([-6, 10, -8]);
    expect(Math.hypot(...vectorOf('random 1'))).toBeCloseTo(10, 5);
    expect(vectorOf('random 1')).not.toEqual(vectorOf('random 2'));
  });

  test('have the same random directions whatever is steered, and need a direction', () => {
    const other = createArms({ a: b, b: a, strength: 10, randomDirections: 1, seed: 1 });
    expect([...other.at(-1)!.vector]).toEqual(vectorOf('random 1'));
    const empty = { a, b: new Float32Array(3), strength: 1, randomDirections: 0, seed: 1 };
    expect(() => createArms(empty)).toThrow('cannot steer');
  });
});

describe('the choice of what steers', () => {
  test('takes the largest share among what stays fluent', () => {
    const found = [
      { name: 'weak', ownShare: 0.5, lossRatio: 1.1 },
      { name: 'good', ownShare: 0.8, lossRatio: 1.5 },
      { name: 'good and less fluent', ownShare: 0.8, lossRatio: 1.6 },
      { name: 'broken', ownShare: 1, lossRatio: 3 },
    ];
    expect(preferred(found).name).toBe('good');
    expect(preferred(found.slice(3)).name).toBe('broken');
    expect(() => preferred([])).toThrow('internal');
  });
});
