/** @file Logarithms of factorials, and the upper tail of the chi-squared distribution through the incomplete gamma function (Numerical Recipes, 6.1 and 6.2). */

/** Lanczos' coefficients for g = 7, as Godfrey computed them: relative error below 1e-14. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** The natural logarithm of the gamma function; `x` > 0, not checked. */
export function logGamma(x: number): number {
  const shifted = x - 1;
  const t = shifted + 7.5;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (shifted + i);
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Entry n is the natural logarithm of n!, n from 0 to `largest`, summed up, float64. */
export function logFactorials(largest: number): Float64Array {
  const table = new Float64Array(largest + 1);
  for (let n = 2; n <= largest; n++) table[n] = table[n - 1]! + Math.log(n);
  return table;
}

/** Far more than the square root of any argument that the two expansions below need steps for. */
const MAX_STEPS = 10_000;
const PRECISION = 1e-16;

/** The probability of a chi-squared value of at least `statistic`; `freedom` > 0. 1 at 0 and below; NaN where either is NaN. */
export function chiSquaredTail(statistic: number, freedom: number): number {
  if (Number.isNaN(statistic) || !(freedom > 0)) return Number.NaN;
  if (statistic <= 0) return 1;
  const [a, x] = [freedom / 2, statistic / 2];
  const factor = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - factor * lowerSeries(a, x) : factor * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MAX_STEPS && term > sum * PRECISION; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Lentz's continued fraction. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / Number.MIN_VALUE ** 0.9;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < MAX_STEPS; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < PRECISION * 10) break;
  }
  return h;
}
