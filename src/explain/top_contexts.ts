/**
 * @file The texts on which each feature is most active: of every document its largest activation, the k largest of a feature kept. Texts that are the
 * same token by token count once. A context holds on to the tokens of its row and to the few activations around its peak.
 */

export interface TopContext {
  readonly document: number;
  /** Token ids of the whole row, special ones included. */
  readonly row: Int32Array;
  /** The tokens shown: `row[from]` up to, but not including, `row[to]`. */
  readonly from: number;
  readonly to: number;
  /** Where in `row` the feature is most active; the first of equals. */
  readonly peak: number;
  readonly activation: number;
  /** At the peak, as `word_units.ts` writes it. */
  readonly word: string;
  /** Per token from `from` to `to`: the activation, 0 where the feature is silent or the token was left out. */
  readonly activations: Float32Array;
}

/** Kept sparse: most features are silent at most tokens around their peak. */
interface Kept {
  readonly document: number;
  readonly row: Int32Array;
  readonly peak: number;
  readonly activation: number;
  readonly word: string;
  readonly textHash: number;
  /** Position in the row, activation, and so on. */
  readonly around: Float32Array;
}

/** One row as a feature sees it: where it fires and how much, positions ascending. */
export interface RowFirings {
  readonly document: number;
  readonly row: Int32Array;
  readonly positions: readonly number[];
  readonly activations: readonly number[];
  /** Of every token of the row. */
  readonly words: readonly (string | undefined)[];
}

export class TopContexts {
  readonly #kept: Kept[][];
  readonly #top: number;
  readonly #window: number;

  /** @param window tokens shown per context: two thirds of them up to the peak, the rest behind it */
  constructor(features: number, top: number, window: number) {
    this.#kept = Array.from({ length: features }, () => []);
    this.#top = top;
    this.#window = window;
  }

  /** Ties with what is there: the earlier document stays. */
  add(feature: number, firings: RowFirings): void {
    const { document, row, positions, activations, words } = firings;
    let best = 0;
    for (let i = 1; i < activations.length; i++) if (activations[i]! > activations[best]!) best = i;
    const activation = activations[best];
    const peak = positions[best];
    if (activation === undefined || peak === undefined) return;
    const kept = this.#kept[feature]!;
    const last = kept.at(-1);
    if (kept.length >= this.#top && (!last || activation <= last.activation)) return;
    const { from, to } = windowAround(peak, row.length, this.#window);
    const textHash = hashOf(row, from, to);
    const same = kept.findIndex((one) => one.document === document || one.textHash === textHash);
    if (same >= 0) {
      if (kept[same]!.activation >= activation) return;
      kept.splice(same, 1);
    } else if (kept.length >= this.#top) kept.pop();
    const around: number[] = [];
    positions.forEach((position, i) => {
      if (position >= from && position < to) around.push(position, activations[i]!);
    });
    const place = kept.findIndex((one) => one.activation < activation);
    const entry = {
      document,
      row,
      peak,
      activation,
      word: words[peak] ?? '',
      textHash,
      around: Float32Array.from(around),
    };
    kept.splice(place < 0 ? kept.length : place, 0, entry);
  }

  /** Largest activation first; ties to the earlier document. */
  of(feature: number): TopContext[] {
    return this.#kept[feature]!.map(({ document, row, peak, activation, word, around }) => {
      const { from, to } = windowAround(peak, row.length, this.#window);
      const activations = new Float32Array(to - from);
      for (let i = 0; i < around.length; i += 2) activations[around[i]! - from] = around[i + 1]!;
      return { document, row, from, to, peak, activation, word, activations };
    });
  }
}

function windowAround(peak: number, length: number, window: number): { from: number; to: number } {
  const before = Math.floor((window * 2) / 3);
  const to = Math.min(length, Math.max(0, peak - before) + window);
  return { from: Math.max(0, to - window), to };
}

/** FNV-1a over the ids; two texts that share it by chance cost one context of twenty. */
function hashOf(row: Int32Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ row[i]!, 0x01000193);
  return hash;
}
