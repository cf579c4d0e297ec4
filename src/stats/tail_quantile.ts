/** @file The inverse of a distribution's upper tail, for tails far smaller than 1 minus anything can hold. */

export interface Tail {
  /** ln P(X > x), decreasing. */
  readonly logTail: (x: number) => number;
  /** ln of the density. */
  readonly logDensity: (x: number) => number;
  /** Where the answer lies. */
  readonly low: number;
  readonly high: number;
}

/** Newton's steps double the digits; only bisection, where they leave the bracket, needs as many as this. */
const MAX_STEPS = 200;
const PRECISION = 1e-15;

/** The x with ln P(X > x) = `logProbability`, by Newton's method on the logarithm within a bracket. Relative error about 1e-14. */
export function tailQuantile(logProbability: number, { logTail, logDensity, low, high }: Tail): number {
  let [from, to] = [low, high];
  let x = from + (to - from) / 2;
  for (let step = 0; step < MAX_STEPS; step++) {
    const log = logTail(x);
    const excess = log - logProbability;
    if (excess === 0) return x;
    if (excess > 0) from = x;
    else to = x;
    const newton = x + excess * Math.exp(log - logDensity(x));
    const next = newton > from && newton < to ? newton : from + (to - from) / 2;
    if (Math.abs(next - x) <= PRECISION * Math.abs(next) || next === x) return next;
    x = next;
  }
  return x;
}
