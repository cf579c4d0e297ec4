/**
 * @file Tables for the eye: titles, aligned columns, notes. Built once from results, rendered by `text.ts` for terminals and `markdown.ts`
 * for GitHub, so that both say the same.
 */

export interface DisplayColumn {
  readonly header: string;
  readonly align: 'left' | 'right';
}

/** What a table is about, for reports that put it under a heading. */
export type DisplayTopic =
  | 'subject'
  | 'verdict'
  | 'pairs'
  | 'tests'
  | 'published'
  | 'self'
  | 'extremes'
  | 'antipodality'
  | 'labels'
  | 'strengths'
  | 'text'
  | 'agreement'
  | 'replies';

export interface DisplayTable {
  readonly title: string;
  readonly topic?: DisplayTopic;
  readonly columns: readonly DisplayColumn[];
  /** One string per column; untrusted text stays raw here and is escaped by the renderer. */
  readonly rows: readonly (readonly string[])[];
  /** Sentences under the table. */
  readonly notes: readonly string[];
}

/** Cosines as the article prints them: five decimals, a real minus sign nowhere, so that they can be pasted. */
export function formatCosine(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(5);
}

/** A signed difference. */
export function formatDifference(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(5)}`;
}

/** Two decimals, and as many more (up to six) as it takes not to print 0 or 100 for what is neither. */
export function formatPercentile(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  for (let digits = 2; digits <= 6; digits++) {
    const text = value.toFixed(digits);
    if ((Number(text) !== 0 || value === 0) && (Number(text) !== 100 || value === 100)) return text;
  }
  return value < 50 ? '<0.000001' : '>99.999999';
}

/** A share in [0, 1] as percent, two significant digits; empty where it is not known. */
export function formatDensity(density: number | undefined): string {
  return density === undefined ? '' : `${(100 * density).toPrecision(2)} %`;
}

/** Two digits that say something: `0.38`, `0.0021`, `<0.0001`. */
export function formatP(p: number): string {
  if (Number.isNaN(p)) return '';
  if (p < 0.0001) return '<0.0001';
  return p >= 0.1 ? p.toFixed(2) : String(Number(p.toPrecision(2)));
}

/** 134209536 -> `134,209,536`. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US');
}

/** Cuts long text for a cell; the files carry it whole. */
export function shorten(text: string, length: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  const points = [...flat];
  return points.length <= length ? flat : `${points.slice(0, length - 1).join('')}…`;
}

export function left(header: string): DisplayColumn {
  return { header, align: 'left' };
}

export function right(header: string): DisplayColumn {
  return { header, align: 'right' };
}

/** `1 pair`, `1,200 pairs`. */
export function plural(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** The same tables under a topic. */
export function about(topic: DisplayTopic, tables: readonly DisplayTable[]): DisplayTable[] {
  return tables.map((table) => ({ ...table, topic }));
}
