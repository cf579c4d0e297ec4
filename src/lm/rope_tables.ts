/** @file Cosines and sines of rotary position embedding, rounded to float32 where transformers rounds: at large positions a model is used to those angles. */

import type { Rope } from './config/model_config.ts';

export interface RopeTables {
  /** `[rows, lanes / 2]`, row r for position first + r. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/** Radians per position of each lane pair, float32: theta^(-2i / lanes), scaled as the config says. */
export function ropeFrequencies(rope: Rope): Float32Array {
  return Float32Array.from({ length: rope.lanes / 2 }, (_, i) => {
    const plain = Math.fround(1 / Math.fround(rope.theta ** Math.fround((2 * i) / rope.lanes)));
    return scaledFrequency(rope, plain);
  });
}

function scaledFrequency({ scaling }: Rope, frequency: number): number {
  switch (scaling.type) {
    case 'default':
      return frequency;
    case 'linear':
      return frequency / scaling.factor;
    case 'llama3': {
      const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
      const turns = (originalMaxPositions * frequency) / (2 * Math.PI);
      if (turns > highFreqFactor) return frequency;
      if (turns < lowFreqFactor) return frequency / factor;
      const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
      return (1 - smooth) * (frequency / factor) + smooth * frequency;
    }
  }
}

/** @param first position of row 0 @param rows at least 1 */
export function ropeTables(frequencies: Float32Array, first: number, rows: number): RopeTables {
  const half = frequencies.length;
  const cos = new Float32Array(rows * half);
  const sin = new Float32Array(rows * half);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround((first + row) * frequencies[i]!);
      cos[row * half + i] = Math.cos(angle);
      sin[row * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
