/** @file On how many tokens features are active, alone and together, over activations that come a block at a time. */

export interface CoFiring {
  /** Tokens that were looked at. */
  readonly tokens: number;
  /** Tokens on which the feature is active; undefined for features that were not looked at. */
  tokensOf(feature: number): number | undefined;
  /** Tokens on which both are. */
  tokensOfBoth(featureA: number, featureB: number): number | undefined;
  /** Tokens on which both would be, were they independent. */
  expectedOfBoth(featureA: number, featureB: number): number | undefined;
}

/** On how many tokens features are active, alone and together: counted, or why it was not. */
export type KnownCoFiring =
  | { readonly counts: CoFiring; readonly texts: string; readonly reason?: undefined }
  | { readonly counts?: undefined; readonly texts?: undefined; readonly reason: string };

export interface CoFiringCounter extends CoFiring {
  /** @param acts `[n, features.length]`, row-major, a column per feature in their order; active means above 0 */
  add(acts: Float32Array): void;
}

/** @param features distinct @param capacity tokens that will come at most: a bit per feature and token */
export function createCoFiringCounter(features: readonly number[], capacity: number): CoFiringCounter {
  const columnOf = new Map(features.map((feature, column) => [feature, column]));
  const words = Math.ceil(capacity / 32);
  const bits = new Uint32Array(words * features.length);
  const counts = new Float64Array(features.length);
  let tokens = 0;
  const tokensOf = (feature: number): number | undefined => {
    const column = columnOf.get(feature);
    return column === undefined ? undefined : counts[column];
  };
  return {
    get tokens() {
      return tokens;
    },
    add(acts) {
      const width = features.length;
      for (let from = 0; from < acts.length; from += width, tokens++) {
        if (tokens >= capacity) throw new Error(`internal: more than ${capacity} tokens of co-firing`);
        for (let column = 0; column < width; column++) {
          if (!(acts[from + column]! > 0)) continue;
          bits[column * words + (tokens >>> 5)]! |= 1 << (tokens & 31);
          counts[column]! += 1;
        }
      }
    },
    tokensOf,
    tokensOfBoth(featureA, featureB) {
      const [a, b] = [columnOf.get(featureA), columnOf.get(featureB)];
      if (a === undefined || b === undefined) return undefined;
      let both = 0;
      for (let word = 0; word < words; word++)
        both += ones(bits[a * words + word]! & bits[b * words + word]!);
      return both;
    },
    expectedOfBoth(featureA, featureB) {
      return expectedTogether(tokensOf(featureA), tokensOf(featureB), tokens);
    },
  };
}

/** Tokens on which two features would both be active, were they independent; undefined where that is not known of one of them. */
export function expectedTogether(
  a: number | undefined,
  b: number | undefined,
  tokens: number,
): number | undefined {
  return a === undefined || b === undefined || tokens === 0 ? undefined : (a * b) / tokens;
}

/** Bits that are set in 32 (Warren, Hacker's Delight, section 5-1). */
function ones(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  n = (n + (n >>> 4)) & 0x0f0f0f0f;
  return Math.imul(n, 0x01010101) >>> 24;
}
