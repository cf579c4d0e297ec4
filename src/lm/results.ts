/** @file From the outputs of a run to a `ForwardResult`: shapes, and zeros where pads stood. */

import type { Batch } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { logitRows } from './feeds.ts';
import type { Capture, DenseArray, ForwardRequest, ForwardResult } from './language_model.ts';

export interface Wanted {
  readonly capture: readonly Capture[];
  readonly logits: NonNullable<ForwardRequest['logits']>;
}

/** What to fetch; the rest of the outputs is not even copied. */
export function outputNames(config: ModelConfig, wanted: Wanted & { readonly isKept: boolean }): string[] {
  const names: string[] = [...new Set(wanted.capture)];
  if (wanted.logits !== 'none') names.push('logits');
  for (let layer = 0; wanted.isKept && layer < config.layers; layer++) {
    names.push(`new.k.${layer}`, `new.v.${layer}`);
  }
  // A run has to fetch something.
  return names.length > 0 ? names : ['new.k.0'];
}

/** @param wanted `value` gives an output's elements, which become the result's own */
export function collect(
  config: ModelConfig,
  batch: Batch,
  wanted: Wanted & { value(name: string): Float32Array },
): ForwardResult {
  const { rows, columns } = batch;
  const captures = new Map<Capture, DenseArray>();
  for (const name of wanted.capture) {
    const values = withoutPads(wanted.value(name), batch, config.dModel);
    captures.set(name, { shape: [rows, columns, config.dModel], values });
  }
  if (wanted.logits === 'none') return { logits: undefined, captures };
  const values = wanted.value('logits');
  if (wanted.logits === 'last') return { logits: { shape: [rows, config.vocabSize], values }, captures };
  const shape = [rows, columns, config.vocabSize];
  return { logits: { shape, values: spread(values, batch, config.vocabSize) }, captures };
}

function withoutPads(values: Float32Array, batch: Batch, width: number): Float32Array {
  for (const [place, position] of batch.positions.entries()) {
    if (position < 0) values.fill(0, place * width, (place + 1) * width);
  }
  return values;
}

function spread(values: Float32Array, batch: Batch, width: number): Float32Array {
  const places = logitRows(batch, 'all');
  if (places.length === batch.positions.length) return values;
  const spaced = new Float32Array(batch.positions.length * width);
  for (const [i, place] of places.entries()) {
    spaced.set(values.subarray(i * width, (i + 1) * width), place * width);
  }
  return spaced;
}

/** What holds a NaN or an infinity, or undefined. */
export function firstNonFinite(result: ForwardResult): string | undefined {
  for (const [name, { values }] of result.captures) if (!areFinite(values)) return name;
  return result.logits && !areFinite(result.logits.values) ? 'logits' : undefined;
}

function areFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
