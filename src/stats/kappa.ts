/** @file Agreement of two raters beyond chance: Cohen's kappa (1960) with the large-sample interval of Fleiss, Cohen and Everitt (1969). */

import { type Interval, Z_95 } from './wilson.ts';

export interface Kappa {
  /** (observed - expected) / (1 - expected): 1 for full agreement, 0 for chance, down to -1. NaN without items, or where both say one and the same category. */
  readonly kappa: number;
  /**
   * 95 %, cut at -1 and 1. NaN as `kappa`, and where one rater says the same of every item: kappa is 0 then whatever the other says, which the formula takes
   * for certainty. Rough below some 30 items, and of no width at full agreement.
   */
  readonly interval: Interval;
  /** Share of items on which they agree, and the share that chance would give; NaN without items. */
  readonly observed: number;
  readonly expected: number;
  readonly items: number;
}

/** @param table square counts: row by the first rater's category, column by the second's */
export function cohenKappa(table: readonly (readonly number[])[]): Kappa {
  const size = table.length;
  if (table.some((row) => row.length !== size)) throw new Error('internal: a confusion table is square');
  const items = table.flat().reduce((total, count) => total + count, 0);
  const share = table.map((row) => row.map((count) => count / items));
  const rows = share.map((row) => row.reduce((sum, value) => sum + value, 0));
  const columns = rows.map((_, j) => share.reduce((sum, row) => sum + row[j]!, 0));
  const observed = share.reduce((sum, row, i) => sum + row[i]!, 0);
  const expected = rows.reduce((sum, value, i) => sum + value * columns[i]!, 0);
  // Sums of shares miss 1 by rounding: one category alone is seen by its counts.
  const isOneCategory = table.some((row, i) => row[i] === items);
  if (isConstant(table, items)) {
    const interval = { low: Number.NaN, high: Number.NaN };
    return { kappa: isOneCategory ? Number.NaN : 0, interval, observed, expected, items };
  }

  const kappa = (observed - expected) / (1 - expected);
  let spread = 0;
  share.forEach((row, i) => {
    row.forEach((value, j) => {
      const margins = columns[i]! + rows[j]!;
      spread += value * ((i === j ? 1 : 0) - margins * (1 - kappa)) ** 2;
    });
  });
  const variance = (spread - (kappa - expected * (1 - kappa)) ** 2) / (items * (1 - expected) ** 2);
  const half = Z_95 * Math.sqrt(Math.max(0, variance));
  const interval = { low: Math.max(-1, kappa - half), high: Math.min(1, kappa + half) };
  return { kappa, interval, observed, expected, items };
}

/** Whether one of the raters says the same of every item. */
function isConstant(table: readonly (readonly number[])[], items: number): boolean {
  return table.some(
    (row, i) =>
      row.reduce((sum, count) => sum + count, 0) === items ||
      table.reduce((sum, other) => sum + other[i]!, 0) === items,
  );
}
