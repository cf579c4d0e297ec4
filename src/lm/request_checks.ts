/** @file Whether what a request asks for exists in this model: sites, shapes and values of steering, names of captures. */

import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { Batch } from './batch.ts';
import type { ModelConfig } from './config.ts';
import type { Steering } from './language_model.ts';

/** Norms square the residual: 2^24 squares of this still fit float32, much more would overflow and turn into zeros without a word. */
export const MAX_STEERING = 1e15;

/** @throws {AntipodeError} `usage` */
export function checkSteering(steer: readonly Steering[], batch: Batch, config: ModelConfig): void {
  const seen = new Set<unknown>();
  for (const { at, values, rows = 1, columns = 1 } of steer) {
    const refuse = (problem: string): never => {
      throw new AntipodeError('usage', `steering at ${shownName(String(at))}: ${problem}`);
    };
    if (at !== 'emb' && !(Number.isInteger(at) && at >= 0 && at < config.layers)) {
      refuse(`there is no such place (expected emb or a layer from 0 to ${config.layers - 1})`);
    }
    if (seen.has(at)) refuse('was given twice: add the vectors first');
    seen.add(at);
    if (rows !== 1 && rows !== batch.rows) refuse(`has ${rows} rows (expected 1 or ${batch.rows})`);
    if (columns !== 1 && columns !== batch.columns) {
      refuse(`has ${columns} columns (expected 1 or ${batch.columns})`);
    }
    const expected = rows * columns * config.dModel;
    if (values.length !== expected) {
      refuse(`has ${values.length} values (expected ${expected}: ${rows} x ${columns} x ${config.dModel})`);
    }
    if (!values.every(Number.isFinite)) refuse('holds NaN or infinite values');
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (largest > MAX_STEERING) refuse(`is too strong (got ${largest}, expected at most ${MAX_STEERING})`);
  }
}

/** 1 GiB: patterns grow with the square of a prompt and come back as arrays of this process. */
const MAX_PATTERN_VALUES = 2 ** 28;

/** @param keys of the past and of this call @throws {AntipodeError} `usage` */
export function checkCaptures(
  names: readonly string[],
  config: ModelConfig,
  { rows, columns, keys }: { readonly rows: number; readonly columns: number; readonly keys: number },
): void {
  const layers = new Set<string>();
  for (const name of names) {
    const match = /^(resid|attn_out|mlp_out|pattern)\.(0|[1-9]\d*)$/.exec(name);
    if (name !== 'resid.emb' && !(match && Number(match[2]) < config.layers)) {
      throw new AntipodeError(
        'usage',
        `capture ${shownName(name)}: there is no such place (expected resid.emb, or resid, attn_out, mlp_out or pattern with a layer from 0 to ${config.layers - 1})`,
      );
    }
    if (match?.[1] === 'pattern') layers.add(name);
  }
  const size = layers.size * rows * config.heads * columns * keys;
  if (size <= MAX_PATTERN_VALUES) return;
  throw new AntipodeError(
    'usage',
    `capture of ${layers.size} attention patterns: ${rows} x ${config.heads} x ${columns} x ${keys} values each take ${Math.ceil(size / 2 ** 28)} GiB together (expected at most 1)`,
    { hint: 'capture fewer layers at a time, or a shorter text' },
  );
}
