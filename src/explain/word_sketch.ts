/**
 * @file Activation mass per word for many features at once, in bounded memory: a weighted Misra-Gries summary per feature that is pruned by the median
 * (Anderson et al. 2017, arXiv 1705.07001, "frequent items"). A table for the words of a corpus times 65,536 features would be exact and need
 * gigabytes; this one is exact as well for every feature with fewer distinct words than the capacity, which are nearly all of them, and says for the others
 * by how much a word may be counted too low. Nothing is ever counted too high, so a share of mass that is reported is really there.
 */

/** One word of one feature. */
export interface SketchEntry {
  readonly word: number;
  /** Float64 sum of activations, at least; at most `maxError` more. */
  readonly mass: number;
  /** Tokens of that word on which the feature fired, at least. */
  readonly firings: number;
}

interface WordTable {
  /** A power of two of slots; -1 where free. */
  keys: Int32Array;
  masses: Float64Array;
  firings: Uint32Array;
  used: number;
  /** Sum of what prunings took from each word: no word is counted lower than by this. */
  maxError: number;
}

const FIRST_SLOTS = 8;
const FEWEST_SLOTS = 64;
const MOST_SLOTS = 2 ** 14;

/** A table this full is pruned or grown. */
const FILL = 0.75;

export class WordSketch {
  readonly #tables: (WordTable | undefined)[];
  readonly #slots: number;

  /** @param budget slots of 16 bytes for all features together, taken only as words come */
  constructor(features: number, budget: number) {
    this.#tables = new Array(features).fill(undefined);
    const each = 2 ** Math.floor(Math.log2(Math.max(1, budget / Math.max(1, features))));
    this.#slots = Math.min(MOST_SLOTS, Math.max(FEWEST_SLOTS, each));
  }

  /** Words that a feature may have before anything is pruned. */
  get capacity(): number {
    return Math.floor(this.#slots * FILL);
  }

  /** @param mass above 0 */
  add(feature: number, word: number, mass: number): void {
    const table = this.#tables[feature] ?? this.#open(feature);
    const slot = slotOf(table.keys, word);
    if (table.keys[slot] === word) {
      table.masses[slot]! += mass;
      table.firings[slot]! += 1;
      return;
    }
    table.keys[slot] = word;
    table.masses[slot] = mass;
    table.firings[slot] = 1;
    table.used += 1;
    if (table.used <= table.keys.length * FILL) return;
    if (table.keys.length < this.#slots) rebuild(table, table.keys.length * 2, 0);
    else prune(table);
  }

  /** Largest mass first; ties to the lower word. */
  entries(feature: number): SketchEntry[] {
    const table = this.#tables[feature];
    if (!table) return [];
    const entries: SketchEntry[] = [];
    table.keys.forEach((word, slot) => {
      if (word >= 0) entries.push({ word, mass: table.masses[slot]!, firings: table.firings[slot]! });
    });
    return entries.sort((a, b) => b.mass - a.mass || a.word - b.word);
  }

  /** No word of this feature is counted lower than by this; 0 where all are exact. At most 2 / capacity of the feature's mass. */
  maxError(feature: number): number {
    return this.#tables[feature]?.maxError ?? 0;
  }

  #open(feature: number): WordTable {
    const table: WordTable = {
      keys: new Int32Array(FIRST_SLOTS).fill(-1),
      masses: new Float64Array(FIRST_SLOTS),
      firings: new Uint32Array(FIRST_SLOTS),
      used: 0,
      maxError: 0,
    };
    this.#tables[feature] = table;
    return table;
  }
}

/** The word's slot, or the free one where it belongs. */
function slotOf(keys: Int32Array, word: number): number {
  const mask = keys.length - 1;
  let slot = (Math.imul(word, 0x9e3779b1) >>> 15) & mask;
  while (keys[slot] !== -1 && keys[slot] !== word) slot = (slot + 1) & mask;
  return slot;
}

/** At least half of the words have the median or more, so a pruning that raises the error by m takes m * capacity / 2 out of the mass. */
function prune(table: WordTable): void {
  const masses = table.masses.filter((_, slot) => table.keys[slot]! >= 0).sort();
  const median = masses[Math.floor(masses.length / 2)]!;
  table.maxError += median;
  rebuild(table, table.keys.length, median);
}

function rebuild(table: WordTable, slots: number, less: number): void {
  const { keys, masses, firings } = table;
  table.keys = new Int32Array(slots).fill(-1);
  table.masses = new Float64Array(slots);
  table.firings = new Uint32Array(slots);
  table.used = 0;
  for (let old = 0; old < keys.length; old++) {
    const mass = masses[old]! - less;
    if (keys[old] === -1 || mass <= 0) continue;
    const slot = slotOf(table.keys, keys[old]!);
    table.keys[slot] = keys[old]!;
    table.masses[slot] = mass;
    table.firings[slot] = firings[old]!;
    table.used += 1;
  }
}
