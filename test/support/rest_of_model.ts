/**
 * @file The layers of a model above a place, as a checkpoint of their own: token t of it is row t of a given residual stream, which stands in its
 * embedding table. So what follows from a residual can be computed without any hook. For Hugging Face's names of the tested families.
 */

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTensorSource } from '../../src/formats/detect.ts';
import { type WritableTensor, writeSafetensors } from '../../src/formats/safetensors/safetensors.ts';
import { openFileSource } from '../../src/formats/source.ts';
import { readFloat32 } from '../../src/formats/tensor_file.ts';
import type { Site } from '../../src/lm/language_model.ts';
import { readJson } from './lm_goldens.ts';

interface Stored {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface Checkpoint {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, Stored>;
}

/** All weights as float32, which holds the shorter types exactly. */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const tensors = new Map<string, Stored>();
  for (const name of await readdir(folder)) {
    if (!/^model.*\.safetensors$/.test(name)) continue;
    const file = await openTensorSource(await openFileSource(join(folder, name)));
    for (const [key, tensor] of file.tensors) {
      if (tensor.dtype === 'BOOL') continue;
      tensors.set(key, { shape: tensor.shape, values: await readFloat32(tensor) });
    }
    await file.close();
  }
  return { config: await readJson(join(folder, 'config.json')), tensors };
}

interface Names {
  readonly layers: string;
  /** In front of a layer's number. */
  readonly layer: string;
  readonly embedding: string;
  /** What writes into the residual stream, as the ends of names. */
  readonly outputs: readonly string[];
}

function namesOf({ config }: Checkpoint): Names {
  if (config['model_type'] === 'gpt2') {
    return {
      layers: 'n_layer',
      layer: 'h.',
      embedding: 'wte.weight',
      outputs: ['attn.c_proj.weight', 'attn.c_proj.bias', 'mlp.c_proj.weight', 'mlp.c_proj.bias'],
    };
  }
  return {
    layers: 'num_hidden_layers',
    layer: 'model.layers.',
    embedding: 'model.embed_tokens.weight',
    outputs: ['o_proj.weight', 'o_proj.bias', 'down_proj.weight', 'down_proj.bias'],
  };
}

export interface RestOptions {
  readonly checkpoint: Checkpoint;
  /** The residual stream behind this place is given. */
  readonly from: Site;
  /** `[positions, d_model]`, at most as many positions as the vocabulary has tokens. */
  readonly residual: Float32Array;
  /** Per layer of the whole model: whether it has a window. */
  readonly isSliding: readonly boolean[];
}

export async function writeRest(folder: string, options: RestOptions): Promise<void> {
  const { checkpoint, from, isSliding } = options;
  const names = namesOf(checkpoint);
  const count = Number(checkpoint.config[names.layers]);
  const above = Array.from({ length: count }, (_, layer) => layer).slice(from === 'emb' ? 0 : from + 1);
  // A model without layers cannot be said: one that adds nothing stands for none.
  const isEmpty = above.length === 0;
  const kept = isEmpty ? [count - 1] : above;
  const kinds = kept.map((layer) => (isSliding[layer] ? 'sliding_attention' : 'full_attention'));
  const config = {
    ...checkpoint.config,
    [names.layers]: kept.length,
    tie_word_embeddings: false,
    ...(isSliding.includes(true) && { layer_types: kinds }),
  };
  const tensors = [...checkpoint.tensors].flatMap(([name, stored]) => {
    const renamed = nameAbove(name, names, kept);
    if (renamed === undefined) return [];
    const isOutput = names.outputs.some((end) => name.endsWith(end));
    const isZero = name === 'wpe.weight' || (isEmpty && isOutput);
    return [
      tensorOf(renamed, {
        ...stored,
        values: isZero ? new Float32Array(stored.values.length) : stored.values,
      }),
    ];
  });
  const embedding = checkpoint.tensors.get(names.embedding)!;
  tensors.push(tensorOf(names.embedding, { ...embedding, values: embeddingOf(options, embedding) }));
  if (!checkpoint.tensors.has('lm_head.weight')) tensors.push(tensorOf('lm_head.weight', embedding));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
}

/** Undefined for layers below, and for the embedding, which is replaced. */
function nameAbove(name: string, { layer, embedding }: Names, kept: readonly number[]): string | undefined {
  if (name === embedding) return undefined;
  if (!name.startsWith(layer)) return name;
  const [number = '', ...rest] = name.slice(layer.length).split('.');
  const place = kept.indexOf(Number(number));
  return place < 0 ? undefined : `${layer}${place}.${rest.join('.')}`;
}

/** Gemma multiplies what it looks up by the root of its width. */
function embeddingOf({ checkpoint, residual }: RestOptions, { shape, values }: Stored): Float32Array {
  const scale = checkpoint.config['model_type'] === 'gemma2' ? Math.sqrt(shape[1]!) : 1;
  const table = new Float32Array(values.length);
  residual.forEach((value, i) => {
    table[i] = value / scale;
  });
  return table;
}

function tensorOf(name: string, { shape, values }: Stored): WritableTensor {
  return { name, dtype: 'F32', shape, data: values };
}
