/**
 * @file Seeded random numbers: sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32 from a seed and a stream name.
 * Named streams keep experiments independent: adding draws to one place never shifts the draws of another.
 * The same seed and name give the same numbers on every platform. Not for cryptography.
 */

export interface Rng {
  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number;
  /** Uniform integer in [0, bound), 1 <= bound <= 2^32, without modulo bias. */
  integer(bound: number): number;
  /** Standard normal (polar method). */
  normal(): number;
}

function hashName(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** The final mix of MurmurHash3; 0 stays 0, so that seeds below 2^32 are used as they are. */
function scramble(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * Seed and name are folded into 32 bits: two different pairs of them give the same numbers with a probability of 2^-32.
 * @param seed any safe integer, negative ones included
 * @param stream a name for what the numbers are for
 */
export function createRng(seed: number, stream: string): Rng {
  let s = (seed >>> 0) ^ scramble(Math.floor(seed / 2 ** 32) | 0) ^ hashName(stream);
  const splitmix = (): number => {
    s = (s + 0x9e3779b9) | 0;
    let t = s ^ (s >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return t ^ (t >>> 15);
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) next();

  const uniform = (): number => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
  const integer = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RangeError(`internal: integer bound ${bound} is outside [1, 2^32]`);
    }
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let value = next();
    while (value >= limit) value = next();
    return value % bound;
  };
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const q = u * u + v * v;
      if (q > 0 && q < 1) {
        const factor = Math.sqrt((-2 * Math.log(q)) / q);
        spare = v * factor;
        return u * factor;
      }
    }
  };
  return { uniform, integer, normal };
}
