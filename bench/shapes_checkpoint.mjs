/**
 * @file A checkpoint of random weights in Gemma 2 2B's shapes, as Hugging Face lays it out: config.json, two safetensors shards of bfloat16, their
 * index. Weights are normal and rounded, norms too, which Gemma adds to 1. A seed gives the same bytes everywhere. No tokenizer.
 */
import { existsSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDirectoryAtomic } from '../dist/formats/atomic.js';
import { encodeSafetensorsHeader } from '../dist/formats/safetensors/safetensors_writer.js';
import { gemma2Config, gemma2Tensors, sizeOf } from './shapes.mjs';

const DEVIATION = 0.02;
/** Smaller, so that the layers outweigh the token itself; with a tied output matrix the model would only repeat it otherwise. */
const EMBEDDING_DEVIATION = 0.005;
const PIECE_VALUES = 2 ** 23;
const KIND = {
  schema: 'benchmark-model',
  filesOf: ({ files = [] }) => files.map((file) => ({ file })),
};

/** Makes it below `parent` unless it is there, with 5.2 GB of weights at 26 layers; the folder appears whole or not at all. @returns the folder */
export async function ensureCheckpoint({ parent, layers, seed = 1, onProgress = () => {} }) {
  const folder = join(parent, `gemma-2-2b-${layers}-layers-seed-${seed}`);
  if (existsSync(join(folder, 'config.json'))) return folder;
  const config = gemma2Config(layers);
  const tensors = gemma2Tensors(config);
  const total = tensors.reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  const shards = inTwo(tensors, total);
  let done = 0;
  await writeDirectoryAtomic(folder, KIND, async (temporary) => {
    const normals = bfloat16Normals(seed);
    const weight_map = {};
    for (const [file, members] of Object.entries(shards)) {
      for (const { name } of members) weight_map[name] = file;
      await writeShard(join(temporary, file), members, normals, (count) => {
        done += count;
        onProgress(done / total);
      });
    }
    const index = { metadata: { total_size: 2 * total }, weight_map };
    const files = [...Object.keys(shards), 'model.safetensors.index.json', 'config.json'];
    await writeFile(join(temporary, 'model.safetensors.index.json'), JSON.stringify(index));
    await writeFile(join(temporary, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
    await writeFile(
      join(temporary, 'manifest.json'),
      JSON.stringify({ tool: 'antipode', schema: KIND.schema, files }),
    );
  });
  return folder;
}

/** Tensors in order, the first shard with at least half of the weights. */
function inTwo(tensors, total) {
  let count = 0;
  for (let sum = 0; sum < total / 2; count++) sum += sizeOf(tensors[count]);
  return {
    'model-00001-of-00002.safetensors': tensors.slice(0, count),
    'model-00002-of-00002.safetensors': tensors.slice(count),
  };
}

async function writeShard(path, tensors, normals, onValues) {
  const places = tensors.map((tensor) => ({ ...tensor, dtype: 'BF16' }));
  const file = await open(path, 'wx');
  try {
    let written = file.writev([encodeSafetensorsHeader(places, { format: 'pt' })]);
    // One buffer is filled while the other is written.
    const buffers = [0, 1].map(() => new Uint16Array(PIECE_VALUES));
    let turn = 0;
    for (const tensor of tensors) {
      const fill = normals(tensor.name.includes('embed') ? EMBEDDING_DEVIATION : DEVIATION);
      for (let left = sizeOf(tensor); left > 0; left -= PIECE_VALUES, turn ^= 1) {
        const values = buffers[turn].subarray(0, Math.min(PIECE_VALUES, left));
        fill(values);
        await written;
        written = file.writev([values]);
        onValues(values.length);
      }
    }
    await written;
  } finally {
    await file.close();
  }
}

/**
 * Per deviation, what fills arrays with bfloat16 bits of normal numbers: 16 random bits choose among 65,536 quantiles, those in the middle of equal
 * shares. Bits come from one stream of sfc32 (Chris Doty-Humphrey, PractRand), two values per draw.
 */
function bfloat16Normals(seed) {
  const quantiles = Array.from({ length: 65536 }, (_, i) => normalQuantile((i + 0.5) / 65536));
  let [a, b, c, counter] = [0, seed | 0, (seed / 2 ** 32) | 0, 1];
  const fillFrom = (table) => (values) => {
    for (let i = 0; i < values.length; i += 2) {
      const t = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + t) | 0;
      values[i] = table[t & 0xffff];
      values[i + 1] = table[t >>> 16];
    }
  };
  const fillers = new Map(
    [DEVIATION, EMBEDDING_DEVIATION].map((deviation) => {
      const table = Uint16Array.from(quantiles, (quantile) => roundToBfloat16(deviation * quantile));
      return [deviation, fillFrom(table)];
    }),
  );
  // The first draws still show the seed.
  fillers.get(DEVIATION)(new Uint16Array(30));
  return (deviation) => fillers.get(deviation);
}

/** To the nearest, ties to even. */
function roundToBfloat16(value) {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** x with P(X < x) = p for a standard normal X, by bisection of the integral's series: 65,536 values are needed, once. */
function normalQuantile(p) {
  if (p > 0.5) return -normalQuantile(1 - p);
  let [low, high] = [-9, 0];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(X < x), for x <= 0: 1/2 + density * (x + x³/3 + x⁵/15 + …) (Abramowitz and Stegun 26.2.11). */
function normalBelow(x) {
  let [term, sum] = [x, x];
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return 0.5 + (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
