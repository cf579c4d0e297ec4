/**
 * @file The article's world on this machine: its two SAEs under their published names, with geometry that is known in advance; a small Gemma 2 under its
 * model's name, gated, in three shards, whose words follow the SAE's Happy and Sad features; Neuronpedia's explanations; and a judge that reads.
 *
 * Cosines of concept pairs are exact by construction: the two features of a pair share one axis, and each has an axis of its own.
 */

import { createCipheriv } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { catalogue } from '../../src/concepts/catalogues.ts';
import { featuresOf } from '../../src/concepts/concept_set.ts';
import { writeNpz } from '../../src/formats/numpy/npz_writer.ts';
import type { FakeHub, HubFile } from './fake_hub.ts';
import { HAPPY_WORDS, SAD_WORDS, writeMoodModel } from './mood_model.ts';

export const SCOPE = 'google/gemma-scope-2b-pt-res';
export const MODEL = 'google/gemma-2-2b';
export const TOKEN = 'hf_aTokenOfSomebodyWhoAcceptedTheLicence';
export const D_SAE = 16_384;
export const HAPPY = 11_697;
export const SAD: readonly number[] = [15_682, 15_539];

export type Space = 'encoder' | 'decoder';

/** Of each layer: the file, and pairs outside the concepts, most opposed first, with their cosine in the decoder; in the encoder it is 0.9 times that. */
export const LAYERS = {
  10: {
    file: 'layer_10/width_16k/average_l0_77/params.npz',
    catalogue: 'article-10',
    planted: [
      [4043, 7357, -0.99],
      [3571, 16_200, -0.96],
      [2426, 2791, 0.9],
      [6802, 12_291, 0.925],
    ],
  },
  20: {
    file: 'layer_20/width_16k/average_l0_71/params.npz',
    catalogue: 'article-20',
    planted: [
      [6631, 8684, -0.985],
      [5052, 8366, -0.97],
      [8581, 14_537, 0.83],
      [11_763, 15_036, 0.91],
    ],
  },
} as const;

export type Layer = keyof typeof LAYERS;

/** Cosine of every pair of concept `index`: from -0.3 upwards in steps, with both signs. */
export function plantedCosine(index: number, layer: Layer, space: Space): number {
  const step = (layer === 10 ? 0.028 : 0.031) * (space === 'decoder' ? 1 : 0.8);
  return Number((-0.28 + step * index).toFixed(4));
}

/** Axes that a feature has parts on, in a space; unit length. Undefined for one that nobody planted. */
export type Parts = ReadonlyMap<number, ReadonlyMap<number, number>>;

/** All that is planted in one space, as sparse unit vectors by feature. */
export function plantedParts(layer: Layer, space: Space): Parts {
  const parts = new Map<number, Map<number, number>>();
  const { concepts } = catalogue(LAYERS[layer].catalogue)!;
  const add = (feature: number, axis: number, value: number): void => {
    const own = parts.get(feature) ?? new Map<number, number>();
    parts.set(feature, own.set(axis, value));
  };
  concepts.forEach(({ a, b }, index) => {
    const cosine = plantedCosine(index, layer, space);
    const share = Math.sqrt(Math.abs(cosine));
    for (const feature of a.features) add(feature, index, share);
    for (const feature of b.features) add(feature, index, Math.sign(cosine) * share);
  });
  let axis = concepts.length;
  // What is left of its length, on an axis of its own.
  for (const feature of [...parts.keys()]) {
    const used = [...parts.get(feature)!.values()].reduce((sum, value) => sum + value * value, 0);
    add(feature, axis++, Math.sqrt(1 - used));
  }
  for (const [a, b, decoder] of LAYERS[layer].planted) {
    const cosine = space === 'decoder' ? decoder : 0.9 * decoder;
    add(a, axis, 1);
    add(b, axis, cosine);
    add(b, axis + 1, Math.sqrt(1 - cosine * cosine));
    axis += 2;
  }
  return parts;
}

/** The axis that nobody shares with the feature. */
export function ownAxis(layer: Layer, feature: number): number {
  return [...plantedParts(layer, 'decoder').get(feature)!.keys()].at(-1)!;
}

/** Cosine of two planted features of one layer, in one space or across both. */
export function plantedDot(left: ReadonlyMap<number, number>, right: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [axis, value] of left) sum += value * (right.get(axis) ?? 0);
  return sum;
}

/** Seeded bytes from -128 to 127, as fast as the processor encrypts. */
function noise(length: number, seed: number): Int8Array {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return new Int8Array(cipher.update(Buffer.alloc(length)));
}

/** As Gemma Scope publishes it: W_enc [d_in, d_sae], W_dec [d_sae, d_in] of unit rows. */
export async function articleWeights(layer: Layer, dIn: number): Promise<Buffer> {
  const W_enc = new Float32Array(noise(dIn * D_SAE, layer));
  const W_dec = new Float32Array(noise(dIn * D_SAE, layer + 1));
  for (let row = 0; row < D_SAE; row++) unit(W_dec.subarray(row * dIn, (row + 1) * dIn));
  for (const [feature, own] of plantedParts(layer, 'decoder')) {
    W_dec.fill(0, feature * dIn, (feature + 1) * dIn);
    for (const [axis, value] of own) W_dec[feature * dIn + axis] = value;
  }
  for (const [feature, own] of plantedParts(layer, 'encoder')) {
    for (let axis = 0; axis < dIn; axis++) W_enc[axis * D_SAE + feature] = own.get(axis) ?? 0;
  }
  return bytesOfFile(async (path) => {
    await writeNpz(path, [
      { name: 'W_enc', shape: [dIn, D_SAE], data: W_enc },
      { name: 'W_dec', shape: [D_SAE, dIn], data: W_dec },
      { name: 'b_enc', shape: [D_SAE], data: new Float32Array(D_SAE) },
      { name: 'b_dec', shape: [dIn], data: new Float32Array(dIn) },
      { name: 'threshold', shape: [D_SAE], data: new Float32Array(D_SAE).fill(1) },
    ]);
  });
}

function unit(row: Float32Array): void {
  let sum = 0;
  for (const value of row) sum += value * value;
  const scale = 1 / Math.sqrt(sum);
  for (let i = 0; i < row.length; i++) row[i]! *= scale;
}

async function bytesOfFile(write: (path: string) => Promise<void>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'antipode-article-'));
  try {
    await write(join(folder, 'params.npz'));
    return await readFile(join(folder, 'params.npz'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Everything that `experiments/article.yaml` names. @param dIn 2304, or fewer for a quick run */
export async function publishArticle(hub: FakeHub, dIn: number): Promise<void> {
  const weights: Record<string, HubFile> = {};
  for (const layer of [10, 20] as const) {
    weights[LAYERS[layer].file] = { bytes: await articleWeights(layer, dIn), isLarge: true };
    publishWords(hub, layer);
  }
  hub.addRepo(SCOPE, { files: { ...weights, 'README.md': 'text' } });
  hub.addRepo(MODEL, { files: await modelFiles(dIn), gate: { token: TOKEN, accepted: true } });
}

async function modelFiles(dModel: number): Promise<Record<string, HubFile>> {
  const folder = await mkdtemp(join(tmpdir(), 'antipode-model-'));
  try {
    await writeMoodModel(folder, {
      dModel,
      layers: 26,
      happyAxis: ownAxis(20, HAPPY),
      sadAxes: SAD.map((feature) => ownAxis(20, feature)),
    });
    const files: Record<string, HubFile> = {};
    for (const name of await readdir(folder)) {
      files[name] = { bytes: await readFile(join(folder, name)), isLarge: name.endsWith('.safetensors') };
    }
    return files;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** One sentence for each feature of a concept, in batches as Neuronpedia writes them, and how often each is active. */
function publishWords(hub: FakeHub, layer: Layer): void {
  const [modelId, source] = ['gemma-2-2b', `${layer}-gemmascope-res-16k`];
  const put = (name: string, rows: readonly object[]): void => {
    const text = rows.map((row) => JSON.stringify({ modelId, layer: source, ...row })).join('\n');
    hub.addObject(`v1/${modelId}/${source}/${name}.jsonl.gz`, gzipSync(text), '2025-03-05T10:00:00Z');
  };
  const set = catalogue(LAYERS[layer].catalogue)!;
  const rows = featuresOf(set).map((feature) => {
    const sides = set.concepts.flatMap(({ a, b }) => [a, b]);
    const { label } = sides.find(({ features }) => features.includes(feature))!;
    return {
      index: String(feature),
      description: `words of ${label.toLowerCase()}`,
      explanationModelName: 'gpt-4o-mini',
    };
  });
  put('explanations/batch-0', rows.slice(0, 40));
  put('explanations/batch-1', rows.slice(40));
  put(
    'features/batch-0',
    rows.map(({ index }, i) => ({ index, frac_nonzero: 0.001 * (1 + (i % 9)), maxActApprox: 30 })),
  );
}

/** A mood is that of a half of a reply whose happy words, without the sad ones, are more than a third of it; and the reverse. */
const MAJORITY = 1 / 3;

/** The label of a reply by its words alone. */
export function moodLabel(reply: string): string {
  const words = reply.toLowerCase().match(/[a-z]+/g) ?? [];
  const mood = (part: readonly string[]): number => {
    const count = (known: readonly string[]): number => part.filter((word) => known.includes(word)).length;
    const more = count(HAPPY_WORDS) - count(SAD_WORDS);
    return Math.abs(more) > MAJORITY * part.length ? Math.sign(more) : 0;
  };
  const half = Math.ceil(words.length / 2);
  const [first, second] = [mood(words.slice(0, half)), mood(words.slice(half))];
  if (first * second < 0) return first > 0 ? 'Happy to Sad Steering' : 'Sad to Happy Steering';
  const sum = first + second;
  return sum > 0 ? 'Happy Steering' : sum < 0 ? 'Sad Steering' : 'No Steering';
}
