import { describe, expect, it } from 'vitest';
import type { SurveyAnswer } from './jobs.ts';
import { choosePlan, mostIntegerBytes, surveyStep, surveySteps, wholeRows } from './plan.ts';

const D = 2304;
const step = surveyStep(D);
const seeds = { top: 0.87, bottom: 0.9 };

/** A sample in which a share `inQuestion(width)` of the pairs is in question; what it is judged by says nothing beyond. */
function survey(inQuestion: (width: number) => number): SurveyAnswer {
  const steps = surveySteps(D, seeds);
  const values = (of: (width: number) => number): Float64Array =>
    Float64Array.from({ length: steps }, (_, s) => of((s + 1) * step));
  const far = { mean: values(() => -1), variance: values(() => 1e-6) };
  return { pairs: 10_000, survivors: values((width) => 10_000 * inQuestion(width)), upper: far, lower: far };
}

const choose = (surveys: readonly SurveyAnswer[]): ReturnType<typeof choosePlan> =>
  choosePlan({ d: D, pairs: 1e8, step, surveys, seeds });

describe('choosePlan', () => {
  it('takes the narrowest head that leaves little in question', () => {
    expect(choose([survey((width) => (width >= 416 ? 1e-5 : 0.5))])).toMatchObject({ head: 416, fine: 256 });
  });

  it('takes whole rows where every head leaves much in question, and nobody looked', () => {
    expect(choose([survey(() => 0.5)])).toEqual(wholeRows(D));
    expect(choose([])).toEqual({ head: D, fine: 0, expected: -1 });
  });

  it('counts on the tails of what it saw where none of the sample is in question', () => {
    const wide = survey(() => 0);
    // Up to 768 coordinates thresholds are two standard deviations away: some percent of all pairs will be in question.
    wide.upper.mean.fill(0.87 - 0.02, 0, 768 / step);
    wide.upper.variance.fill(0.01 ** 2, 0, 768 / step);
    expect(choose([wide])).toMatchObject({ head: 768 + step });
    expect(choose([survey(() => 0)])).toMatchObject({ head: step });
  });
});

it.each([16, 300, 640, 768, 1024, 2304, 8192])(
  'no plan for width %i takes more bytes per row than is said before',
  (d) => {
    const steps = surveySteps(d, seeds);
    const step = surveyStep(d);
    for (let enough = 0; enough <= steps; enough++) {
      const values = (of: (s: number) => number): Float64Array =>
        Float64Array.from({ length: steps }, (_, s) => of(s));
      const far = { mean: values(() => -1), variance: values(() => 1e-6) };
      const survivors = values((s) => (s >= enough ? 0 : 5000));
      const surveys = steps === 0 ? [] : [{ pairs: 10_000, survivors, upper: far, lower: far }];
      const { head, fine } = choosePlan({ d, pairs: 1e8, step, surveys, seeds });
      expect(head + 2 * fine).toBeLessThanOrEqual(mostIntegerBytes(d));
    }
  },
);

describe('surveySteps', () => {
  it('asks for no survey where thresholds are low or rows short', () => {
    expect(surveySteps(D, { top: 0.9, bottom: 0.1 })).toBe(0);
    expect(surveySteps(D, { top: 0.9, bottom: Number.NEGATIVE_INFINITY })).toBe(0);
    expect(surveySteps(300, seeds)).toBe(0);
  });

  it('never looks beyond the row', () => {
    for (let d = 1; d < 9000; d += 37) expect(surveySteps(d, seeds) * surveyStep(d)).toBeLessThanOrEqual(d);
  });
});
