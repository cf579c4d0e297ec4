/**
 * @file The mapping that a user gives for files of an unknown layout: `W_enc=encoder_weights b_dec=pre_bias k=32`. Names on the left are
 * this program's; on the right stand tensors of the file, or a number or word for the settings.
 */

import { AntipodeError } from '../../errors.ts';

export const MAPPED_MATRICES = ['W_enc', 'W_dec'] as const;
export const MAPPED_VECTORS = ['b_enc', 'b_dec', 'threshold', 'log_threshold', 'b_gate', 'r_mag'] as const;
const SETTINGS = ['k', 'apply_b_dec_to_input'] as const;

/** Where features are in a stored matrix: stated by the user, or to be inferred from its shape. */
export type StatedAxis = 'rows' | 'columns' | undefined;

export interface TensorMap {
  readonly matrices: ReadonlyMap<
    (typeof MAPPED_MATRICES)[number],
    { readonly tensor: string; readonly axis: StatedAxis }
  >;
  readonly vectors: ReadonlyMap<(typeof MAPPED_VECTORS)[number], string>;
  readonly k?: number;
  readonly applyBDecToInput?: boolean;
}

const EXPECTED = `expected NAME=TENSOR with NAME one of ${[...MAPPED_MATRICES, ...MAPPED_VECTORS, ...SETTINGS].join(', ')}`;

/** What `.T`, `.rows`, `.columns` behind a matrix mean; `.T` is the transpose of SAELens's W_enc [d_in, d_sae], W_dec [d_sae, d_in]. */
const SUFFIXES: Readonly<Record<string, Readonly<Record<'W_enc' | 'W_dec', 'rows' | 'columns'>>>> = {
  T: { W_enc: 'rows', W_dec: 'columns' },
  rows: { W_enc: 'rows', W_dec: 'rows' },
  columns: { W_enc: 'columns', W_dec: 'columns' },
};

/** @throws {AntipodeError} `usage` for an entry of another form, an unknown name, or a name given twice */
export function parseTensorMap(entries: readonly string[]): TensorMap {
  const matrices = new Map<'W_enc' | 'W_dec', { tensor: string; axis: StatedAxis }>();
  const vectors = new Map<(typeof MAPPED_VECTORS)[number], string>();
  const settings: { k?: number; applyBDecToInput?: boolean } = {};
  const seen = new Set<string>();
  for (const entry of entries) {
    const split = entry.indexOf('=');
    const [left, right] = [entry.slice(0, Math.max(0, split)).trim(), entry.slice(split + 1).trim()];
    const [name = '', suffix, ...more] = left.split('.');
    if (split < 1 || right === '' || more.length > 0) throw wrong(entry, EXPECTED);
    if (seen.has(name)) throw wrong(entry, `${name} is given twice`);
    seen.add(name);
    const matrix = MAPPED_MATRICES.find((one) => one === name);
    const vector = MAPPED_VECTORS.find((one) => one === name);
    if (matrix) matrices.set(matrix, { tensor: right, axis: axisOf(entry, matrix, suffix) });
    else if (suffix !== undefined) throw wrong(entry, 'only W_enc and W_dec take .T, .rows or .columns');
    else if (vector) vectors.set(vector, right);
    else if (name === 'k') settings.k = wholeNumber(entry, right);
    else if (name === 'apply_b_dec_to_input') settings.applyBDecToInput = trueOrFalse(entry, right);
    else throw wrong(entry, EXPECTED);
  }
  for (const name of MAPPED_MATRICES)
    if (!matrices.has(name)) throw new AntipodeError('usage', `--map: ${name} is missing (${EXPECTED})`);
  return { matrices, vectors, ...settings };
}

function axisOf(entry: string, matrix: 'W_enc' | 'W_dec', suffix: string | undefined): StatedAxis {
  if (suffix === undefined) return undefined;
  const axis = Object.hasOwn(SUFFIXES, suffix) ? SUFFIXES[suffix]?.[matrix] : undefined;
  if (!axis) throw wrong(entry, `.${suffix} is none of .T, .rows, .columns`);
  return axis;
}

function wholeNumber(entry: string, value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw wrong(entry, 'expected k=NUMBER');
}

function trueOrFalse(entry: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw wrong(entry, 'expected true or false');
}

function wrong(entry: string, problem: string): AntipodeError {
  return new AntipodeError('usage', `--map ${entry}: ${problem}`, {
    hint: 'for example --map W_enc=encoder_weights --map W_dec=decoder_weights --map b_dec=pre_bias',
  });
}
