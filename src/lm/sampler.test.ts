import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { AntipodeError } from '../errors.ts';
import {
  checkSampling,
  createRowRng,
  greedy,
  logProbability,
  nextTokenDistribution,
  type SamplingOptions,
  sampleToken,
} from './sampler.ts';

/** From test/golden/lm/sampler.py. */
interface Golden {
  readonly rows: Record<string, number[]>;
  readonly cases: readonly {
    row: string;
    options: SamplingOptions;
    seen: number[];
    ids: number[];
    probabilities: number[];
  }[];
  readonly log_probabilities: Record<string, number[]>;
}

const GOLDEN = JSON.parse(
  readFileSync(new URL('../../test/golden/lm/sampler.json', import.meta.url), 'utf8'),
) as Golden;
const rowOf = (name: string): Float32Array => Float32Array.from(GOLDEN.rows[name]!);

// Both sides add at most 40 float64 numbers: a few rounding errors of 1.1e-16 each.
const TOLERANCE = 1e-14;

describe('as numpy has it', () => {
  test('240 distributions', () => {
    expect(GOLDEN.cases).toHaveLength(240);
    for (const { row, options, seen, ids, probabilities } of GOLDEN.cases) {
      const got = nextTokenDistribution(rowOf(row), options, seen);
      const descending = [...got.ids.keys()].sort(
        (a, b) => got.probabilities[b]! - got.probabilities[a]! || got.ids[a]! - got.ids[b]!,
      );
      expect([row, options, descending.map((i) => got.ids[i])]).toEqual([row, options, ids]);
      for (const [i, k] of descending.entries()) {
        expect(Math.abs(got.probabilities[k]! - probabilities[i]!)).toBeLessThan(TOLERANCE);
      }
    }
  });

  test('log-probabilities', () => {
    for (const [name, expected] of Object.entries(GOLDEN.log_probabilities)) {
      for (const [id, value] of expected.entries()) {
        expect(Math.abs(logProbability(rowOf(name), id) - value)).toBeLessThan(1e-13);
      }
    }
  });
});

const logits = fc
  .array(fc.double({ min: -80, max: 80, noNaN: true }), { minLength: 1, maxLength: 60 })
  .map((values) => Float32Array.from(values, (value) => Math.fround(value) + 0));
const options = fc.record(
  {
    temperature: fc.double({ min: 0.01, max: 5, noNaN: true }),
    topK: fc.integer({ min: 1, max: 70 }),
    topP: fc.double({ min: 0.001, max: 1, noNaN: true }),
    repetitionPenalty: fc.double({ min: 0.5, max: 2, noNaN: true }),
  },
  { requiredKeys: ['temperature'] },
);

describe('properties', () => {
  test('probabilities sum to 1, ids are distinct, and every draw is one of them', () => {
    fc.assert(
      fc.property(logits, options, fc.array(fc.nat(80)), fc.integer(), (row, how, seen, seed) => {
        const { ids, probabilities } = nextTokenDistribution(row, how, seen);
        expect(Math.abs(probabilities.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.length).toBeLessThanOrEqual(how.topK ?? row.length);
        expect(ids).toContain(sampleToken(row, how, createRowRng(seed), seen));
      }),
      { numRuns: runs(300) },
    );
  });

  test('top-p keeps the smallest set of the most likely that reaches p', () => {
    fc.assert(
      fc.property(logits, fc.double({ min: 0.001, max: 0.999, noNaN: true }), (row, topP) => {
        const whole = nextTokenDistribution(row, { temperature: 1 }).probabilities;
        const { ids } = nextTokenDistribution(row, { temperature: 1, topP });
        const mass = (list: Iterable<number>): number =>
          [...list].reduce((total, id) => total + whole[id]!, 0);
        expect(mass(ids)).toBeGreaterThanOrEqual(topP - 1e-12);
        expect(mass(ids.slice(0, -1))).toBeLessThan(topP + 1e-12);
        const outside = [...row.keys()].filter((id) => !ids.includes(id));
        const last = ids.at(-1)!;
        for (const id of outside)
          expect(row[id]! < row[last]! || (row[id] === row[last] && id > last)).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });

  test('the smallest temperatures, and temperature 0, give the greedy token', () => {
    fc.assert(
      fc.property(logits, (row) => {
        const best = greedy(row);
        expect(row[best]).toBe(row.reduce((a, b) => Math.max(a, b)));
        expect(row.indexOf(row[best]!)).toBe(best);
        expect(sampleToken(row, { temperature: 0 }, createRowRng(1))).toBe(best);
        expect(row[sampleToken(row, { temperature: Number.MIN_VALUE }, createRowRng(1))]).toBe(row[best]);
        expect([...nextTokenDistribution(row, { temperature: 0 }).ids]).toEqual([best]);
      }),
      { numRuns: runs(200) },
    );
  });

  test('exp of the log-probabilities sums to 1', () => {
    fc.assert(
      fc.property(logits, (row) => {
        const total = row.reduce((sum, _, id) => sum + Math.exp(logProbability(row, id)), 0);
        expect(Math.abs(total - 1)).toBeLessThan(1e-12);
      }),
      { numRuns: runs(200) },
    );
  });
});

test('draws follow the distribution (chi-square; the seeds are fixed: this cannot fail by chance)', () => {
  const row = Float32Array.from({ length: 10 }, (_, i) => Math.sin(i) * 1.5);
  for (const how of [{ temperature: 1 }, { temperature: 0.7, topK: 6 }, { temperature: 1.5, topP: 0.9 }]) {
    const { ids, probabilities } = nextTokenDistribution(row, how);
    const rng = createRowRng(5);
    const counts = new Map<number, number>();
    const draws = 50_000;
    for (let i = 0; i < draws; i++) {
      const id = sampleToken(row, how, rng);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const chi = ids.reduce((total, id, i) => {
      const expected = probabilities[i]! * draws;
      return total + ((counts.get(id) ?? 0) - expected) ** 2 / expected;
    }, 0);
    // Of 9 degrees of freedom 0.1 % of draws lie above 27.9; with fewer degrees, less.
    expect(chi).toBeLessThan(27.9);
    expect([...counts.keys()].every((id) => ids.includes(id))).toBe(true);
  }
});

test('a row draws the same alone and among others', () => {
  const row = Float32Array.from({ length: 50 }, (_, i) => Math.cos(i));
  const draw = (rng: ReturnType<typeof createRowRng>): number => sampleToken(row, { temperature: 1 }, rng);
  const alone = createRowRng(3);
  const expected = Array.from({ length: 40 }, () => draw(alone));
  const [a, b] = [createRowRng(3), createRowRng(4)];
  const mixed = Array.from({ length: 40 }, (_, i) => {
    for (let k = 0; k < i % 3; k++) draw(b);
    return draw(a);
  });
  expect(mixed).toEqual(expected);
  const other = createRowRng(4);
  expect(Array.from({ length: 40 }, () => draw(other))).not.toEqual(expected);
});

describe('the repetition penalty', () => {
  const row = Float32Array.of(2, -2, 1, 0);
  test('counts each seen token once, and no token that the row lacks', () => {
    const once = nextTokenDistribution(row, { temperature: 1, repetitionPenalty: 2 }, [0, 1]);
    expect(
      nextTokenDistribution(row, { temperature: 1, repetitionPenalty: 2 }, [0, 1, 1, 0, 99, -1]),
    ).toEqual(once);
    expect(once).toEqual(nextTokenDistribution(Float32Array.of(1, -4, 1, 0), { temperature: 1 }));
    expect([...row]).toEqual([2, -2, 1, 0]);
  });

  test('moves the greedy token', () => {
    expect(sampleToken(row, { temperature: 0, repetitionPenalty: 3 }, createRowRng(0), [0])).toBe(2);
  });
});

describe('refused', () => {
  test.each([
    [{ temperature: -1 }, 'temperature: is out of range (got -1, expected 0 or more)'],
    [{ temperature: Number.NaN }, 'temperature: is out of range'],
    [{ temperature: 1, topK: 0 }, 'top-k: is out of range (got 0, expected an integer of at least 1)'],
    [{ temperature: 1, topK: 1.5 }, 'top-k: is out of range'],
    [{ temperature: 1, topP: 0 }, 'top-p: is out of range (got 0, expected more than 0 and at most 1)'],
    [{ temperature: 0, topP: 1.1 }, 'top-p: is out of range'],
    [{ temperature: 1, repetitionPenalty: 0 }, 'repetition penalty: is out of range'],
  ])('%j', (how, message) => {
    expect(() => checkSampling(how)).toThrow(message);
    expect(() => sampleToken(Float32Array.of(1, 2), how, createRowRng(1))).toThrow(AntipodeError);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('a logit of %d', (bad) => {
    const row = Float32Array.of(1, bad, 2);
    const message = `logits: token 1 has no finite logit (got ${bad})`;
    expect(() => greedy(row)).toThrow(message);
    expect(() => sampleToken(row, { temperature: 0 }, createRowRng(1))).toThrow(message);
    expect(() => sampleToken(row, { temperature: 1 }, createRowRng(1))).toThrow(message);
    expect(() => logProbability(row, 0)).toThrow(message);
  });

  test('an empty row, an id without a logit', () => {
    expect(() => greedy([])).toThrow('logits: the row is empty');
    for (const id of [3, -1, 0.5]) {
      expect(() => logProbability([1, 2, 3], id)).toThrow(
        `id ${id}: has no logit (the row has ids from 0 to 2)`,
      );
    }
  });
});
