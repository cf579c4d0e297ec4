/**
 * @file How much of each feature's activation falls on each word. Sums in float64. Leaves out what follows from it (`pole_features.ts`).
 */

import type { Matrix } from '../../tensor/matrix.ts';

export interface WordMass {
  /** In the order of their first appearance. */
  readonly words: readonly string[];
  readonly dSae: number;
  /** Tokens counted. */
  readonly tokens: number;
  /** `[words, d_sae]`: sum of the activations of a feature at the word's tokens. */
  readonly mass: Float64Array;
  /** `[d_sae]`: tokens at which the feature is active. */
  readonly active: Uint32Array;
  /** `[d_sae]`. */
  readonly maxima: Float32Array;
}

export interface WordMassCounter {
  /** @param acts `[n, d_sae]`, not negative @param words n of them */
  add(acts: Matrix, words: readonly string[]): void;
  result(): WordMass;
}

export function createWordMassCounter(dSae: number): WordMassCounter {
  const sums = new Map<string, Float64Array>();
  const active = new Uint32Array(dSae);
  const maxima = new Float32Array(dSae);
  let tokens = 0;
  const sumOf = (word: string): Float64Array => {
    const known = sums.get(word);
    if (known) return known;
    const fresh = new Float64Array(dSae);
    sums.set(word, fresh);
    return fresh;
  };
  return {
    add({ data, rows, cols }, words) {
      if (cols !== dSae || rows !== words.length)
        throw new Error('internal: activations and words do not fit');
      tokens += rows;
      for (let row = 0; row < rows; row++) {
        const sum = sumOf(words[row]!);
        for (let feature = 0; feature < dSae; feature++) {
          const value = data[row * dSae + feature]!;
          if (value <= 0) continue;
          sum[feature]! += value;
          active[feature]! += 1;
          if (value > maxima[feature]!) maxima[feature] = value;
        }
      }
    },
    result() {
      const mass = new Float64Array(sums.size * dSae);
      [...sums.values()].forEach((sum, word) => {
        mass.set(sum, word * dSae);
      });
      return { words: [...sums.keys()], dSae, tokens, mass, active, maxima };
    },
  };
}

export interface PoleMass {
  /** Share of the feature's activation that falls on the pole's own words, in [0, 1]; 0 for a feature that never fires. */
  readonly share: number;
  /** exp of the entropy of that activation over those words: 1 where one word has it all. 0 where none has any. */
  readonly effectiveWords: number;
}

/** @param isOwn one entry per word of `mass` */
export function poleMass(mass: WordMass, feature: number, isOwn: readonly boolean[]): PoleMass {
  let total = 0;
  let own = 0;
  let weighted = 0;
  for (let word = 0; word < mass.words.length; word++) {
    const value = mass.mass[word * mass.dSae + feature]!;
    total += value;
    if (!isOwn[word] || value === 0) continue;
    own += value;
    weighted += value * Math.log(value);
  }
  if (own === 0) return { share: 0, effectiveWords: 0 };
  return { share: own / total, effectiveWords: Math.exp(Math.log(own) - weighted / own) };
}
