/**
 * @file Turns a llama2.c checkpoint (version 0: seven int32, then float32 weights; karpathy/llama2.c, export.py) and its tokenizer into what the
 * tests need: a Hugging Face folder, and texts as ids. Leaves out checkpoints whose output matrix is not the embedding.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type WritableTensor, writeSafetensors } from '../../src/formats/safetensors/safetensors.ts';

/** Writes `config.json` and `model.safetensors` into `folder`, which is made. */
export async function convertLlama2c(checkpoint: string, folder: string): Promise<void> {
  const bytes = await readFile(checkpoint);
  const header = Array.from({ length: 7 }, (_, i) => bytes.readInt32LE(4 * i));
  const [d, dMlp, layers, heads, kvHeads, vocab, positions] = header as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (vocab < 0) throw new Error('the output matrix is stored apart');
  const headDim = d / heads;
  let at = 28;
  const take = (...shape: number[]): Float32Array => {
    const count = shape.reduce((a, b) => a * b);
    const values = Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(at + 4 * i));
    at += 4 * count;
    return values;
  };
  const tensors: WritableTensor[] = [];
  const put = (name: string, shape: number[], data: Float32Array): void => {
    tensors.push({ name, dtype: 'F32', shape, data });
  };
  /** One tensor per layer; all layers of one kind stand together in the file. */
  const perLayer = (name: string, shape: number[], change = (x: Float32Array): Float32Array => x): void => {
    for (let layer = 0; layer < layers; layer++)
      put(`model.layers.${layer}.${name}.weight`, shape, change(take(...shape)));
  };
  put('model.embed_tokens.weight', [vocab, d], take(vocab, d));
  perLayer('input_layernorm', [d]);
  perLayer('self_attn.q_proj', [d, d], (w) => halves(w, headDim, d));
  perLayer('self_attn.k_proj', [kvHeads * headDim, d], (w) => halves(w, headDim, d));
  perLayer('self_attn.v_proj', [kvHeads * headDim, d]);
  perLayer('self_attn.o_proj', [d, d]);
  perLayer('post_attention_layernorm', [d]);
  perLayer('mlp.gate_proj', [dMlp, d]);
  perLayer('mlp.down_proj', [d, dMlp]);
  perLayer('mlp.up_proj', [dMlp, d]);
  put('model.norm.weight', [d], take(d));
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  const config = {
    model_type: 'llama',
    hidden_size: d,
    intermediate_size: dMlp,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    vocab_size: vocab,
    max_position_embeddings: positions,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: 'silu',
    tie_word_embeddings: true,
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
}

/** Rotary pairs stand side by side in llama2.c, half a head apart in Hugging Face's layout. */
function halves(w: Float32Array, headDim: number, width: number): Float32Array {
  const out = new Float32Array(w.length);
  for (let row = 0; row < w.length / width; row++) {
    const lane = row % headDim;
    const target = row - lane + (lane % 2) * (headDim / 2) + Math.trunc(lane / 2);
    out.set(w.subarray(row * width, (row + 1) * width), target * width);
  }
  return out;
}

/** Ids with BOS in front, and back. */
export interface Pieces {
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
}

/** llama2.c's tokenizer.bin: the longest piece's length, then score, length and bytes of each; merges go by score. */
export async function readPieces(path: string, vocab: number): Promise<Pieces> {
  const bytes = await readFile(path);
  const pieces: string[] = [];
  const scores: number[] = [];
  for (let at = 4; pieces.length < vocab; ) {
    const length = bytes.readInt32LE(at + 4);
    scores.push(bytes.readFloatLE(at));
    pieces.push(bytes.toString('utf8', at + 8, at + 8 + length));
    at += 8 + length;
  }
  return {
    encode(text) {
      const ids = [...` ${text}`].map((character) => pieces.indexOf(character));
      for (;;) {
        let best: { at: number; id: number } | undefined;
        for (let at = 0; at + 1 < ids.length; at++) {
          const id = pieces.indexOf(pieces[ids[at]!]! + pieces[ids[at + 1]!]!);
          if (id >= 0 && (best === undefined || scores[id]! > scores[best.id]!)) best = { at, id };
        }
        if (!best) return [1, ...ids];
        ids.splice(best.at, 2, best.id);
      }
    },
    decode: (ids) =>
      ids
        .map((id) => pieces[id]!)
        .join('')
        .trimStart(),
  };
}
