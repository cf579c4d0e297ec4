/**
 * @file A Gemma 2 of 26 layers with tiny heads, MLP and vocabulary, in three shards as the real one is published. Its layers do next to nothing, but for the
 * last, which adds the same to every position; its happy and sad words have a part along axes of the residual stream, so that a push along these axes
 * changes what it says, and without one it says anything.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type WritableTensor, writeSafetensors } from '../../src/formats/safetensors/safetensors.ts';
import { createRng } from '../../src/tensor/rng.ts';
import { writeWordTokenizer } from './word_tokenizer.ts';

export const HAPPY_WORDS: readonly string[] = ['happy', 'glad', 'wonderful', 'love', 'joyful', 'great'];
export const SAD_WORDS: readonly string[] = ['sad', 'terrible', 'lonely', 'awful', 'miserable', 'crying'];
const OTHER_WORDS: readonly string[] =
  'how are you ? i am fine today and the weather is here to stay it was a day like any other in town we went home'
    .split(' ')
    .concat('How');

export interface MoodModel {
  readonly dModel: number;
  readonly layers: number;
  readonly happyAxis: number;
  readonly sadAxes: readonly number[];
}

const HEAD = 8;
const SHARDS = 3;

/** Part of a word's embedding along the axis of its mood; what is left is random. */
const MOOD = 0.5;
const RANDOM = 0.3;

/** Length of what the last layer adds to every position, in lengths of the residual stream's unit: words hardly follow from the one before them. */
const CONSTANT = 4;

/** Logit of a word whose embedding has length 1 and the direction of the residual stream. */
const LOUDNESS = 12;

export async function writeMoodModel(folder: string, model: MoodModel): Promise<void> {
  const { dModel, layers } = model;
  const words = [...OTHER_WORDS, ...HAPPY_WORDS, ...SAD_WORDS];
  const vocabulary = 2 + words.length;
  await writeWordTokenizer(folder, vocabulary, {
    words: Object.fromEntries(words.map((word, i) => [i + 2, word])),
  });
  await writeFile(
    join(folder, 'config.json'),
    JSON.stringify({
      model_type: 'gemma2',
      hidden_size: dModel,
      num_hidden_layers: layers,
      num_attention_heads: 1,
      num_key_value_heads: 1,
      intermediate_size: HEAD,
      vocab_size: vocabulary,
      rms_norm_eps: 1e-6,
      max_position_embeddings: 8192,
      head_dim: HEAD,
      rope_theta: 10_000,
      query_pre_attn_scalar: HEAD,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
      sliding_window: 4096,
      hidden_activation: 'gelu_pytorch_tanh',
      bos_token_id: 1,
      tie_word_embeddings: true,
    }),
  );
  await writeFile(
    join(folder, 'generation_config.json'),
    JSON.stringify({ bos_token_id: 1, do_sample: true }),
  );
  await writeFile(join(folder, 'special_tokens_map.json'), JSON.stringify({ bos_token: '<bos>' }));
  await writeShards(folder, tensorsOf(model, words));
}

function tensorsOf(
  { dModel, layers, happyAxis, sadAxes }: MoodModel,
  words: readonly string[],
): WritableTensor[] {
  const rng = createRng(0, 'mood-model');
  const f32 = (name: string, shape: readonly number[], value: (i: number) => number): WritableTensor => ({
    name: `model.${name}.weight`,
    dtype: 'F32',
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i)),
  });
  const spread = 1 / Math.sqrt(dModel);
  const moods = words.map((word) =>
    HAPPY_WORDS.includes(word) ? [happyAxis] : SAD_WORDS.includes(word) ? sadAxes : [],
  );
  const embedding = f32('embed_tokens', [2 + words.length, dModel], (i) => {
    const axis = i % dModel;
    const axes = moods[Math.floor(i / dModel) - 2] ?? [];
    // The last axis belongs to the last layer.
    if (axis === dModel - 1) return 0;
    return axes.includes(axis) ? MOOD / Math.sqrt(axes.length) : RANDOM * spread * rng.normal();
  });
  // Gemma adds 1 to the weights of its norms: what layers add is scaled to a hundredth.
  const faint = (name: string): WritableTensor => f32(name, [dModel], () => -0.99);
  const small = (name: string, shape: readonly number[]): WritableTensor =>
    f32(name, shape, () => spread * rng.normal());
  const mlp = (layer: number): WritableTensor[] => {
    const at = (name: string): string => `layers.${layer}.${name}`;
    if (layer < layers - 1) {
      return [
        faint(at('post_feedforward_layernorm')),
        ...['gate', 'up'].map((one) => small(at(`mlp.${one}_proj`), [HEAD, dModel])),
        small(at('mlp.down_proj'), [dModel, HEAD]),
      ];
    }
    // x gelu(x) is positive whatever x: always the same direction, and the norm behind it makes it always as long.
    const row = Float32Array.from({ length: dModel }, () => spread * rng.normal());
    const gate = (name: string): WritableTensor => f32(at(name), [HEAD, dModel], (i) => row[i] ?? 0);
    return [
      f32(at('post_feedforward_layernorm'), [dModel], () => CONSTANT - 1),
      gate('mlp.gate_proj'),
      gate('mlp.up_proj'),
      f32(at('mlp.down_proj'), [dModel, HEAD], (i) => (i === HEAD * (dModel - 1) ? 1 : 0)),
    ];
  };
  return [
    embedding,
    ...Array.from({ length: layers }, (_, layer) => {
      const at = (name: string): string => `layers.${layer}.${name}`;
      return [
        f32(at('input_layernorm'), [dModel], () => 0),
        faint(at('post_attention_layernorm')),
        f32(at('pre_feedforward_layernorm'), [dModel], () => 0),
        ...['q', 'k', 'v'].map((one) => small(at(`self_attn.${one}_proj`), [HEAD, dModel])),
        small(at('self_attn.o_proj'), [dModel, HEAD]),
        ...mlp(layer),
      ];
    }).flat(),
    f32('norm', [dModel], () => LOUDNESS * spread - 1),
  ];
}

async function writeShards(folder: string, tensors: readonly WritableTensor[]): Promise<void> {
  const weight_map: Record<string, string> = {};
  for (let shard = 0; shard < SHARDS; shard++) {
    const file = `model-0000${shard + 1}-of-0000${SHARDS}.safetensors`;
    const part = tensors.filter((_, i) => i % SHARDS === shard);
    await writeSafetensors(join(folder, file), part, { format: 'pt' });
    for (const { name } of part) weight_map[name] = file;
  }
  const total_size = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
  await writeFile(
    join(folder, 'model.safetensors.index.json'),
    JSON.stringify({ metadata: { total_size }, weight_map }),
  );
}
