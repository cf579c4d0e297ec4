import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PUBLISHED_LABELS, publishedArm, publishedSteering } from './published_steering.ts';

const steering = publishedSteering();
const sum = (arm: (typeof steering.arms)[number]): number =>
  PUBLISHED_LABELS.reduce((total, label) => total + arm.counts[label], 0);

describe('the published labels', () => {
  it('are those of the article’s three tables', () => {
    const rows = Object.fromEntries(
      steering.arms.map(({ name, counts }) => [name, PUBLISHED_LABELS.map((label) => counts[label])]),
    );
    expect(rows).toEqual({
      '+Happy+Sad': [5, 2, 11, 1, 1],
      '-Happy+Sad': [0, 12, 6, 2, 0],
      '-Sad+Happy': [11, 1, 6, 1, 0],
      '+Happy': [7, 0, 10, 2, 1],
      '+Sad': [2, 8, 5, 1, 4],
      '-Happy': [3, 2, 15, 0, 0],
      '-Sad': [3, 0, 14, 0, 3],
    });
    expect(steering.arms.map(({ net }) => net)).toContain('Sad Steered (14/20)');
  });

  it('sum to 20 but where a footnote says so', () => {
    for (const arm of steering.arms) {
      const isShort = arm.footnotes.some((text) => text.includes('sum to 19'));
      expect([arm.name, sum(arm)]).toEqual([arm.name, isShort ? 19 : 20]);
    }
  });

  it('have the net that the end states give, but where a footnote says otherwise', () => {
    for (const { name, counts, net, footnotes } of steering.arms) {
      const ends = {
        Happy: counts.a + counts['b to a'],
        Sad: counts.b + counts['a to b'],
        Neutral: counts.none,
      };
      const [word, count] = Object.entries(ends).sort((x, y) => y[1] - x[1])[0]!;
      expect(net).toContain(word);
      const differs = footnotes.some((text) => text.includes('printed net'));
      expect([name, net.includes(`(${count}/20)`)]).toEqual([name, !differs]);
    }
  });

  it('have every footnote of the file, each somewhere', () => {
    const file = JSON.parse(readFileSync(new URL('../../data/article.json', import.meta.url), 'utf8')) as {
      footnotes: { id: string; text: string }[];
    };
    const all = [...steering.footnotes, ...steering.arms.flatMap(({ footnotes }) => footnotes)];
    const ours = file.footnotes.filter(({ id }) => id.startsWith('steering-'));
    expect(ours.length).toBeGreaterThan(3);
    expect(all.sort()).toEqual(ours.map(({ text }) => text).sort());
  });
});

describe('publishedArm', () => {
  it('finds the article’s arms, and only for its poles', () => {
    const poles = { a: 'Happy', b: 'Sad' };
    expect(publishedArm('-Happy', poles)?.title).toBe('-1 * Happy Injection');
    expect(publishedArm('random 1', poles)).toBeUndefined();
    expect(publishedArm('+Happy x0.5', poles)).toBeUndefined();
    expect(publishedArm('+Happy', { a: 'Happy', b: 'Gloomy' })).toBeUndefined();
    expect(publishedArm('+Happy', { a: 'Sad', b: 'Happy' })).toBeUndefined();
  });
});
