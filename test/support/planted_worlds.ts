/**
 * @file Dictionaries whose answer is known because it was put there: opposites that lean apart, that are like any other features, that lean the same way; and one whose
 * opposites are like any other features while its dense features come in antipodal pairs.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeNpz } from '../../src/formats/numpy/npz_writer.ts';
import { createRng, type Rng } from '../../src/tensor/rng.ts';

export type World = 'apart' | 'unrelated' | 'same way' | 'dense antipodal';

export interface PlantedFiles {
  readonly sae: string;
  readonly concepts: string;
  /** An export that knows how often features are active. */
  readonly explanations: string;
}

export const D_SAE = 1600;
export const D_IN = 96;
const CONCEPTS = 24;
/** Cosine of opposites in the decoder. */
const PLANTED: Record<World, number> = { apart: -0.3, unrelated: 0, 'same way': 0.3, 'dense antipodal': 0 };
const DENSE_PAIRS = 12;
/** Of a feature's encoder direction with its decoder direction. */
const OWN_COSINE = 0.8;

/** Files of a world in a folder that is there. */
export async function plantWorld(folder: string, world: World, seed: number): Promise<PlantedFiles> {
  const rng = createRng(seed, `planted ${world}`);
  const W_dec = Array.from({ length: D_SAE }, () => direction(rng));
  const concepts = plantConcepts(W_dec, PLANTED[world], rng);
  const dense = world === 'dense antipodal' ? plantDense(W_dec, rng) : [];
  const W_enc = W_dec.map((row) => mixed(row, OWN_COSINE, rng));
  for (const [a, b] of dense) W_enc[b] = mixed(W_enc[a]!, -0.9, rng);
  const files = {
    sae: join(folder, 'params.npz'),
    concepts: join(folder, 'pairs.yaml'),
    explanations: join(folder, 'densities.jsonl'),
  };
  await writeSae(files.sae, W_enc, W_dec);
  await writeFile(files.concepts, stringify(concepts));
  const isDense = new Set(dense.flat());
  const lines = W_dec.map((_, feature) => {
    const density = isDense.has(feature) ? 0.15 + 0.4 * rng.uniform() : 10 ** (-3 + 1.5 * rng.uniform());
    return JSON.stringify({
      modelId: 'm',
      layer: 'planted-x',
      index: String(feature),
      frac_nonzero: density,
      maxActApprox: 1,
      explanations: [],
    });
  });
  await writeFile(files.explanations, `${lines.join('\n')}\n`);
  return files;
}

interface ConceptEntry {
  readonly concept: string;
  readonly a: { readonly label: string; readonly features: number[] };
  readonly b: { readonly label: string; readonly features: number[] };
}

/** Every third concept has two features on side A; those of side B lean on the last of them. */
function plantConcepts(W_dec: Float64Array[], cos: number, rng: Rng): ConceptEntry[] {
  let next = 0;
  return Array.from({ length: CONCEPTS }, (_, c) => {
    const a = c % 3 === 0 ? [next++, next++] : [next++];
    const b = [next++];
    for (const feature of a.slice(1)) W_dec[feature] = mixed(W_dec[a[0]!]!, 0.95, rng);
    if (cos !== 0) W_dec[b[0]!] = mixed(W_dec[a.at(-1)!]!, cos, rng);
    return {
      concept: `concept ${c}`,
      a: { label: `up ${c}`, features: a },
      b: { label: `down ${c}`, features: b },
    };
  });
}

/** At the end of the dictionary, where no concept is. */
function plantDense(W_dec: Float64Array[], rng: Rng): [number, number][] {
  return Array.from({ length: DENSE_PAIRS }, (_, pair) => {
    const [a, b] = [D_SAE - 1 - 2 * pair, D_SAE - 2 - 2 * pair];
    W_dec[b] = mixed(W_dec[a]!, -0.95, rng);
    return [a, b];
  });
}

function direction(rng: Rng): Float64Array {
  const values = Float64Array.from({ length: D_IN }, () => rng.normal());
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

/** A unit vector with this cosine to a unit vector. */
function mixed(axis: Float64Array, cos: number, rng: Rng): Float64Array {
  const other = direction(rng);
  const along = other.reduce((sum, value, c) => sum + value * axis[c]!, 0);
  const across = other.map((value, c) => value - along * axis[c]!);
  const length = Math.hypot(...across);
  return axis.map((value, c) => cos * value + (Math.sqrt(1 - cos * cos) * across[c]!) / length);
}

/** As Gemma Scope stores them: features are columns of the encoder and rows of the decoder. */
async function writeSae(
  path: string,
  W_enc: readonly Float64Array[],
  W_dec: readonly Float64Array[],
): Promise<void> {
  const columns = Float32Array.from(
    { length: D_IN * D_SAE },
    (_, at) => W_enc[at % D_SAE]![Math.floor(at / D_SAE)]!,
  );
  const rows = Float32Array.from(
    { length: D_IN * D_SAE },
    (_, at) => W_dec[Math.floor(at / D_IN)]![at % D_IN]!,
  );
  await writeNpz(path, [
    { name: 'W_enc', shape: [D_IN, D_SAE], data: columns },
    { name: 'W_dec', shape: [D_SAE, D_IN], data: rows },
    { name: 'b_enc', shape: [D_SAE], data: new Float32Array(D_SAE) },
    { name: 'b_dec', shape: [D_IN], data: new Float32Array(D_IN) },
    { name: 'threshold', shape: [D_SAE], data: new Float32Array(D_SAE).fill(1) },
  ]);
}
