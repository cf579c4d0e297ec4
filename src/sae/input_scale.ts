/** @file How an SAE's input is scaled before encoding, and its reconstruction scaled back. Definitions: `InputNormalisation`. */

import { AntipodeError } from '../errors.ts';
import type { Matrix } from '../tensor/matrix.ts';
import type { Sae } from './sae.ts';

/** Added to the standard deviation by SAELens and OpenAI's code. */
const LAYER_NORM_EPSILON = 1e-5;

export interface NormalizedRow {
  readonly values: Float64Array;
  /** A reconstruction of `values` is taken back by `* scale + shift`. */
  readonly scale: number;
  readonly shift: number;
}

/** Row `row` of `x` `[n, d_in]` as the encoder wants it, in float64. A zero row under `constant_norm` gives NaN, as the definition does. */
export function normalizeInput(sae: Sae, x: Matrix, row: number): NormalizedRow {
  const values = Float64Array.from(x.data.subarray(row * x.cols, (row + 1) * x.cols));
  const n = values.length;
  switch (sae.inputNormalisation) {
    case 'none':
      return { values, scale: 1, shift: 0 };
    case 'factor':
      return { values: values.map((value) => value * sae.inputScale), scale: 1 / sae.inputScale, shift: 0 };
    case 'layer_norm': {
      const mean = sum(values) / n;
      const centred = values.map((value) => value - mean);
      const sd = Math.sqrt(sum(centred.map((value) => value * value)) / (n - 1));
      return { values: centred.map((value) => value / (sd + LAYER_NORM_EPSILON)), scale: sd, shift: mean };
    }
    case 'constant_norm': {
      const factor = Math.sqrt(n) / Math.sqrt(sum(values.map((value) => value * value)));
      return { values: values.map((value) => value * factor), scale: 1 / factor, shift: 0 };
    }
  }
}

/**
 * Takes a reconstruction back to the scale of the model, in place.
 * @throws {AntipodeError} `usage` where that needs the input and it is not given
 */
export function restoreOutput(sae: Sae, values: Float64Array, input: Matrix | undefined, row: number): void {
  if (sae.inputNormalisation === 'none') return;
  let scale = 1 / sae.inputScale;
  let shift = 0;
  if (sae.inputNormalisation !== 'factor') {
    if (!input) {
      throw new AntipodeError(
        'usage',
        `decode: this SAE normalises each input by its own statistics (${sae.inputNormalisation}): the input is needed to undo it`,
        { hint: 'pass { input }' },
      );
    }
    ({ scale, shift } = normalizeInput(sae, input, row));
  }
  for (let k = 0; k < values.length; k++) values[k] = values[k]! * scale + shift;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
