/**
 * @file Whether two groups are spread alike over categories: Fisher's exact test for 2 x k tables (Freeman and Halton 1951; for 2 x 2 Fisher's own, two-sided)
 * and Pearson's chi-squared without continuity correction.
 */

import { chiSquaredTail, logFactorials } from './gamma.ts';

export interface ContingencyTest {
  readonly test: 'fisher' | 'chi-squared';
  /** Of no difference; NaN where either group is empty. */
  readonly p: number;
}

export interface ChiSquared {
  readonly statistic: number;
  readonly freedom: number;
  readonly p: number;
}

/** Tables that are visited at most: a fraction of a second; two groups of 40 over five categories have 135,751. */
const MAX_TABLES = 2_000_000;

/**
 * Probabilities within this share of the observed table's count as equal to it. Rounding must not decide whether a table that is as probable counts; R uses the
 * same share, scipy 1e-14.
 */
const TIE = 1e-7;

/** Fisher's exact test where its tables can be visited, else chi-squared. */
export function testGroups(first: readonly number[], second: readonly number[]): ContingencyTest {
  const exact = fisherExact(first, second);
  return exact === null
    ? { test: 'chi-squared', p: chiSquared(first, second).p }
    : { test: 'fisher', p: exact };
}

/**
 * The probability, given all sums of rows and columns, of a table at most as probable as this one. `first` and `second` are counts over the same categories.
 * 1 where all counts are in one category; NaN where a group is empty; null where there are more than `MAX_TABLES` tables.
 */
export function fisherExact(first: readonly number[], second: readonly number[]): number | null {
  const { top, columns, all } = marginsOf(first, second);
  if (top === 0 || top === all) return Number.NaN;
  if (tablesOf(columns, top) > MAX_TABLES) return null;
  const logs = logFactorials(all);
  const choose = (n: number, k: number): number => logs[n]! - logs[k]! - logs[n - k]!;
  const total = choose(all, top);
  const weights = columns.map((n) => Float64Array.from({ length: n + 1 }, (_, k) => choose(n, k)));
  const observed = first
    .filter((_, i) => first[i]! + second[i]! > 0)
    .reduce((sum, k, i) => sum + weights[i]![k]!, -total);
  const limit = observed + Math.log1p(TIE);
  const behind = sumsBehind(columns);

  let p = 0;
  const visit = (column: number, left: number, log: number): void => {
    const most = Math.min(columns[column]!, left);
    if (column === columns.length - 1) {
      const whole = log + weights[column]![left]!;
      if (whole <= limit) p += Math.exp(whole);
      return;
    }
    for (let k = Math.max(0, left - behind[column + 1]!); k <= most; k++) {
      visit(column + 1, left - k, log + weights[column]![k]!);
    }
  };
  visit(0, top, -total);
  return Math.min(1, p);
}

/**
 * Pearson's chi-squared; categories that nobody is in do not count. NaN where a group is empty; 0 with p = 1 where all are in one category. Small expected
 * counts make p a rough one.
 */
export function chiSquared(first: readonly number[], second: readonly number[]): ChiSquared {
  const { top, columns, all } = marginsOf(first, second);
  const freedom = columns.length - 1;
  if (top === 0 || top === all) return { statistic: Number.NaN, freedom, p: Number.NaN };
  if (freedom === 0) return { statistic: 0, freedom, p: 1 };
  let statistic = 0;
  first.forEach((count, i) => {
    const column = count + second[i]!;
    if (column === 0) return;
    const [above, below] = [(column * top) / all, (column * (all - top)) / all];
    statistic += (count - above) ** 2 / above + (second[i]! - below) ** 2 / below;
  });
  return { statistic, freedom, p: chiSquaredTail(statistic, freedom) };
}

interface Margins {
  readonly top: number;
  /** Without empty ones. */
  readonly columns: readonly number[];
  readonly all: number;
}

function marginsOf(first: readonly number[], second: readonly number[]): Margins {
  if (first.length !== second.length) throw new Error('internal: two groups over different categories');
  for (const count of [...first, ...second]) {
    if (!Number.isInteger(count) || count < 0) throw new Error(`internal: ${count} is no count`);
  }
  const columns = first.map((count, i) => count + second[i]!).filter((count) => count > 0);
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return { top: sum(first), columns, all: sum(columns) };
}

/** Entry i: the sum of `columns` from i on. */
function sumsBehind(columns: readonly number[]): number[] {
  const sums = [...columns, 0];
  for (let i = columns.length - 1; i >= 0; i--) sums[i] = sums[i + 1]! + columns[i]!;
  return sums;
}

/** How many tables there are with these sums. */
function tablesOf(columns: readonly number[], top: number): number {
  let ways = new Float64Array(top + 1);
  ways[0] = 1;
  for (const column of columns) {
    const next = new Float64Array(top + 1);
    let window = 0;
    for (let n = 0; n <= top; n++) {
      window += ways[n]!;
      if (n > column) window -= ways[n - column - 1]!;
      next[n] = window;
    }
    ways = next;
  }
  return ways[top]!;
}
