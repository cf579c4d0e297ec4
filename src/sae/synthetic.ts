/**
 * @file A seeded dictionary without a language model, for trying the program where no weights are: random directions, with a few
 * antipodal, near-duplicate and decoder-only pairs planted among them. It has the sizes and the layout of a Gemma Scope file and says in
 * its identity that it is synthetic. What it cannot show: anything about meaning.
 */

import { throwIfInterrupted } from '../errors.ts';
import { dotRange, type Matrix } from '../tensor/matrix.ts';
import { createRng, type Rng } from '../tensor/rng.ts';

/** Bumped whenever the same seed gives other bytes. */
export const SYNTHETIC_VERSION = 1;

export type PlantedKind = 'antipodal' | 'duplicate' | 'decoder-only';

export interface PlantedPair {
  readonly kind: PlantedKind;
  readonly featureA: number;
  readonly featureB: number;
  /** The cosines aimed at; the realised ones differ by about 1/sqrt(d_in). */
  readonly cosDecoder: number;
  readonly cosEncoder: number;
}

export interface SyntheticOptions {
  readonly dSae: number;
  readonly dIn: number;
  readonly seed: number;
  /** Features that no pair is planted on, such as those of the concept catalogues. */
  readonly avoid?: ReadonlySet<number>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface SyntheticSae {
  /** `[d_sae, d_in]`, rows of lengths around 1. */
  readonly W_enc: Matrix;
  /** `[d_sae, d_in]`, unit rows. */
  readonly W_dec: Matrix;
  readonly b_enc: Float32Array;
  readonly b_dec: Float32Array;
  readonly threshold: Float32Array;
  readonly planted: readonly PlantedPair[];
}

/** Share of every direction that is common to all: random cosines then average about 0.013, as the article's did. */
const COMMON_SHARE = 0.115;
/** Mean and spread of the cosine of a feature's own encoder and decoder direction; the article found means of 0.72 to 0.76. */
const OWN_COSINE = 0.73;
const OWN_COSINE_SPREAD = 0.06;
const ROWS_PER_TURN = 256;

const PLAN: readonly Omit<PlantedPair, 'featureA' | 'featureB'>[] = [
  ...range(8).map(
    (i) => ({ kind: 'antipodal', cosDecoder: -0.99 + 0.012 * i, cosEncoder: -0.95 + 0.03 * i }) as const,
  ),
  ...range(8).map(
    (i) => ({ kind: 'duplicate', cosDecoder: 0.93 - 0.02 * i, cosEncoder: 0.9 - 0.03 * i }) as const,
  ),
  ...range(4).map((i) => ({ kind: 'decoder-only', cosDecoder: 0.7 - 0.03 * i, cosEncoder: 0.2 }) as const),
];

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/** Same options, same bytes. Yields to the event loop, so that Ctrl-C works. @throws {AntipodeError} `interrupted` */
export async function generateSynthetic(options: SyntheticOptions): Promise<SyntheticSae> {
  const { dSae, dIn, seed, signal } = options;
  const rng = createRng(seed, 'synthetic-sae');
  const planted = plant(dSae, createRng(seed, 'synthetic-pairs'), options.avoid ?? new Set());
  const partnerOf = new Map(planted.map((pair) => [pair.featureB, pair]));
  const W_dec: Matrix = { data: new Float32Array(dSae * dIn), rows: dSae, cols: dIn };
  const W_enc: Matrix = { data: new Float32Array(dSae * dIn), rows: dSae, cols: dIn };
  const common = randomDirection(createRng(seed, 'synthetic-common'), dIn);

  // The second of a planted pair leans on the first, which has the smaller index and is therefore done.
  for (let feature = 0; feature < dSae; feature++) {
    if (feature % ROWS_PER_TURN === 0) {
      await new Promise(setImmediate);
      throwIfInterrupted(signal);
      options.onProgress?.(feature, dSae);
    }
    const pair = partnerOf.get(feature);
    const dec = W_dec.data.subarray(feature * dIn, (feature + 1) * dIn);
    const enc = W_enc.data.subarray(feature * dIn, (feature + 1) * dIn);
    const length = Math.exp(0.15 * rng.normal());
    const own = Math.min(0.95, Math.max(0.4, OWN_COSINE + OWN_COSINE_SPREAD * rng.normal()));
    if (pair) {
      writeRotated(dec, rowAt(W_dec, pair.featureA), pair.cosDecoder, rng, 1);
      if (pair.kind === 'decoder-only') writeRotated(enc, dec, own, rng, length);
      else writeRotated(enc, rowAt(W_enc, pair.featureA), pair.cosEncoder, rng, length);
    } else {
      writeRotated(dec, common, COMMON_SHARE, rng, 1);
      writeRotated(enc, dec, own, rng, length);
    }
  }
  return {
    W_enc,
    W_dec,
    b_enc: Float32Array.from({ length: dSae }, () => -0.5 * Math.abs(rng.normal())),
    b_dec: Float32Array.from({ length: dIn }, () => 0.1 * rng.normal()),
    threshold: Float32Array.from({ length: dSae }, () => 1 + Math.abs(rng.normal())),
    planted,
  };
}

function plant(dSae: number, rng: Rng, avoid: ReadonlySet<number>): PlantedPair[] {
  const taken = new Set(avoid);
  const draw = (): number => {
    let feature = rng.integer(dSae);
    while (taken.has(feature)) feature = rng.integer(dSae);
    taken.add(feature);
    return feature;
  };
  const affordable = Math.floor((dSae - taken.size) / 4);
  return PLAN.slice(0, Math.max(0, affordable)).map((plan) => {
    const [x, y] = [draw(), draw()];
    return { ...plan, featureA: Math.min(x, y), featureB: Math.max(x, y) };
  });
}

function rowAt(matrix: Matrix, row: number): Float32Array {
  return matrix.data.subarray(row * matrix.cols, (row + 1) * matrix.cols);
}

function randomDirection(rng: Rng, d: number): Float32Array {
  const direction = Float32Array.from({ length: d }, () => rng.normal());
  const scale = 1 / Math.sqrt(dotRange(direction, 0, direction, 0, d));
  return direction.map((value) => value * scale);
}

/** Writes a vector of the given length whose cosine to `axis` is `cos`, in a random direction otherwise. */
function writeRotated(target: Float32Array, axis: Float32Array, cos: number, rng: Rng, length: number): void {
  const d = target.length;
  for (let c = 0; c < d; c++) target[c] = rng.normal();
  const axisSquared = dotRange(axis, 0, axis, 0, d);
  const along = dotRange(target, 0, axis, 0, d) / axisSquared;
  for (let c = 0; c < d; c++) target[c]! -= along * axis[c]!;
  const across = Math.sqrt(dotRange(target, 0, target, 0, d));
  const axisScale = (length * cos) / Math.sqrt(axisSquared);
  const acrossScale = across > 0 ? (length * Math.sqrt(1 - cos * cos)) / across : 0;
  for (let c = 0; c < d; c++) target[c] = axisScale * axis[c]! + acrossScale * target[c]!;
}
