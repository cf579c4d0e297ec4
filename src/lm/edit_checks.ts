/** @file Whether the edits of a request exist in this model, and are numbers that it can compute with. */

import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { Batch } from './batch.ts';
import type { ModelConfig } from './config.ts';
import type { Edit } from './language_model.ts';
import { MAX_STEERING } from './request_checks.ts';

/** Residuals stay below 1e6 in published models: read, keep and write of a lane together below this keep the stream below `MAX_STEERING`. */
const MAX_GAIN = 1e9;

/** @throws {AntipodeError} `usage` */
export function checkEdits(edits: readonly Edit[], batch: Batch, config: ModelConfig): void {
  const seen = new Set<unknown>();
  for (const edit of edits) {
    const { at } = edit;
    if (at !== 'emb' && !(Number.isInteger(at) && at >= 0 && at < config.layers)) {
      throw refusal(at, `there is no such place (expected emb or a layer from 0 to ${config.layers - 1})`);
    }
    if (seen.has(at)) throw refusal(at, 'was given twice', 'make one of them with mergeEdits');
    seen.add(at);
    checkShapes(edit, batch, config);
    checkStrength(edit);
  }
}

function checkShapes(edit: Edit, batch: Batch, { dModel }: ModelConfig): void {
  const { at, lanes, rows = 1, columns = 1 } = edit;
  if (!(Number.isInteger(lanes) && lanes >= 1)) {
    throw refusal(at, `has ${lanes} lanes (expected an integer of at least 1)`);
  }
  if (rows !== 1 && rows !== batch.rows) {
    throw refusal(at, `has ${rows} rows (expected 1 or ${batch.rows})`);
  }
  if (columns !== 1 && columns !== batch.columns) {
    throw refusal(at, `has ${columns} columns (expected 1 or ${batch.columns})`);
  }
  const shapes = {
    read: [rows, lanes, dModel],
    write: [rows, lanes, dModel],
    offset: [rows, lanes],
    threshold: [rows, lanes],
    keep: [rows, columns, lanes],
    target: [rows, columns, lanes],
  };
  for (const [part, shape] of Object.entries(shapes) as [keyof typeof shapes, number[]][]) {
    const values = edit[part];
    if (!values) continue;
    const expected = shape.reduce((product, size) => product * size, 1);
    if (values.length !== expected) {
      throw refusal(at, `${part} has ${values.length} values (expected ${expected}: ${shape.join(' x ')})`);
    }
    const isNumber = (value: number): boolean =>
      Number.isFinite(value) || (part === 'threshold' && !Number.isNaN(value));
    if (!values.every(isNumber)) throw refusal(at, `${part} holds NaN or infinite values`);
  }
}

function checkStrength({ at, read, write, offset, keep, target }: Edit): void {
  const [reads, writes] = [largest(read), largest(write)];
  const gain = writes * Math.max(reads, 1) * (1 + largest(keep));
  if (gain > MAX_GAIN) {
    throw refusal(
      at,
      `is too strong (read, keep and write multiply up to ${gain}, expected at most ${MAX_GAIN})`,
    );
  }
  const constant = writes * (largest(target) + largest(offset) * (1 + largest(keep)));
  if (constant > MAX_STEERING) {
    throw refusal(at, `is too strong (adds up to ${constant}, expected at most ${MAX_STEERING})`);
  }
}

function largest(values: Float32Array | undefined): number {
  return values?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0;
}

function refusal(at: unknown, problem: string, hint?: string): AntipodeError {
  return new AntipodeError('usage', `edit at ${shownName(String(at))}: ${problem}`, hint ? { hint } : {});
}
