/** @file A Llama-style model of a real one's size whose weights are all zero: a sparse file, which takes no room on the disk. */

import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const HIDDEN = 1024;
const MLP = 4096;
const VOCABULARY = 61;

/** 16.8 million weights per layer, in float32. */
export async function writeZeroLlama(folder: string, layers: number): Promise<void> {
  await mkdir(folder);
  const config = {
    model_type: 'llama',
    vocab_size: VOCABULARY,
    hidden_size: HIDDEN,
    intermediate_size: MLP,
    num_hidden_layers: layers,
    num_attention_heads: 8,
    num_key_value_heads: 8,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    hidden_act: 'silu',
    tie_word_embeddings: true,
  };
  const tensors: [name: string, shape: number[]][] = [
    ['embed_tokens', [VOCABULARY, HIDDEN]],
    ['norm', [HIDDEN]],
  ];
  for (let layer = 0; layer < layers; layer++) {
    const add = (name: string, shape: number[]): number => tensors.push([`layers.${layer}.${name}`, shape]);
    for (const one of ['q', 'k', 'v', 'o']) add(`self_attn.${one}_proj`, [HIDDEN, HIDDEN]);
    for (const one of ['gate', 'up']) add(`mlp.${one}_proj`, [MLP, HIDDEN]);
    add('mlp.down_proj', [HIDDEN, MLP]);
    for (const one of ['input', 'post_attention']) add(`${one}_layernorm`, [HIDDEN]);
  }
  let end = 0;
  const entries = tensors.map(([name, shape]) => {
    const start = end;
    end += 4 * shape.reduce((product, size) => product * size, 1);
    return [`model.${name}.weight`, { dtype: 'F32', shape, data_offsets: [start, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const path = join(folder, 'model.safetensors');
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(path, Buffer.concat([length, header]));
  await truncate(path, 8 + header.length + end);
}
