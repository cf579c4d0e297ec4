/**
 * @file The benchmark's checkpoint as llama.cpp reads it: architecture `gemma2`, every matrix in one block type (the token embedding too, which is also
 * the output matrix), norms in float32 with Gemma's 1 + w added up, as llama.cpp's converter does. The vocabulary is made up: the benchmark
 * feeds token ids.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../dist/formats/atomic.js';
import { openShardedSafetensors } from '../../dist/formats/safetensors/safetensors.js';
import { byteLengthOf, ENCODERS, ggufHeader, padding } from './gguf.mjs';

const NAMES = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'input_layernorm.weight': 'attn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
  'self_attn.o_proj.weight': 'attn_output.weight',
  'post_attention_layernorm.weight': 'post_attention_norm.weight',
  'pre_feedforward_layernorm.weight': 'ffn_norm.weight',
  'mlp.gate_proj.weight': 'ffn_gate.weight',
  'mlp.up_proj.weight': 'ffn_up.weight',
  'mlp.down_proj.weight': 'ffn_down.weight',
  'post_feedforward_layernorm.weight': 'post_ffw_norm.weight',
};
/** llama.cpp's `LLAMA_FTYPE_MOSTLY_*`. */
const FILE_TYPES = { q4_0: 2, q8_0: 7 };
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const BYTE = 6;

/** Makes `<folder>.<type>.gguf` unless it is there. @param type `q8_0` or `q4_0` @returns its path */
export async function ensureGguf({ folder, type, onProgress = () => {} }) {
  const path = `${folder}.${type}.gguf`;
  if (existsSync(path)) return path;
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const file = await openShardedSafetensors(folder);
  try {
    const tensors = [...file.tensors.values()].map((stored) => ({
      stored,
      name: ggufName(stored.name),
      shape: stored.shape,
      type: stored.shape.length === 1 ? 'f32' : type,
    }));
    await writeFileAtomic(path, piecesOf(config, tensors, type, onProgress));
  } finally {
    await file.close();
  }
  return path;
}

async function* piecesOf(config, tensors, type, onProgress) {
  yield ggufHeader([...hyperparameters(config, type), ...vocabulary(config.vocab_size)], tensors);
  const total = tensors.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0);
  let done = 0;
  for (const tensor of tensors) {
    const encode = ENCODERS[tensor.type];
    const plus = tensor.type === 'f32' ? 1 : 0;
    for await (const values of float32Of(tensor.stored)) {
      if (plus !== 0) for (let i = 0; i < values.length; i++) values[i] += plus;
      const bytes = encode(values);
      yield bytes;
      done += bytes.length;
      onProgress(done / total);
    }
    yield Buffer.alloc(padding(byteLengthOf(tensor)));
  }
}

/** Pieces of a bfloat16 tensor, whole blocks each. */
async function* float32Of(stored) {
  for await (const bytes of stored.stream()) {
    const words = new Uint32Array(bytes.byteLength / 2);
    for (let i = 0; i < words.length; i++) words[i] = (bytes[2 * i] << 16) | (bytes[2 * i + 1] << 24);
    if (words.length % 32 !== 0) throw new Error(`${stored.name}: a piece of ${words.length} values`);
    yield new Float32Array(words.buffer);
  }
}

function ggufName(name) {
  const [, layer, rest] = name.match(/^model\.layers\.(\d+)\.(.*)$/) ?? [];
  return layer === undefined ? NAMES[name] : `blk.${layer}.${NAMES[rest]}`;
}

function hyperparameters(config, type) {
  return [
    ['general.architecture', 'string', 'gemma2'],
    ['general.name', 'string', 'random weights in the shapes of Gemma 2 2B'],
    ['general.file_type', 'u32', FILE_TYPES[type]],
    ['general.quantization_version', 'u32', 2],
    ['gemma2.context_length', 'u32', config.max_position_embeddings],
    ['gemma2.embedding_length', 'u32', config.hidden_size],
    ['gemma2.block_count', 'u32', config.num_hidden_layers],
    ['gemma2.feed_forward_length', 'u32', config.intermediate_size],
    ['gemma2.attention.head_count', 'u32', config.num_attention_heads],
    ['gemma2.attention.head_count_kv', 'u32', config.num_key_value_heads],
    ['gemma2.attention.key_length', 'u32', config.head_dim],
    ['gemma2.attention.value_length', 'u32', config.head_dim],
    ['gemma2.attention.layer_norm_rms_epsilon', 'f32', config.rms_norm_eps],
    ['gemma2.attention.sliding_window', 'u32', config.sliding_window],
    ['gemma2.attn_logit_softcapping', 'f32', config.attn_logit_softcapping],
    ['gemma2.final_logit_softcapping', 'f32', config.final_logit_softcapping],
  ];
}

/** Entries in Gemma's order: four special ones, the bytes, then words that nothing uses. */
function vocabulary(size) {
  const special = ['<pad>', '<eos>', '<bos>', '<unk>'];
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const known = [...special, ...bytes];
  const words = Array.from({ length: size - known.length }, (_, i) => `▁${i.toString(36)}`);
  const types = [CONTROL, CONTROL, CONTROL, UNKNOWN, ...bytes.map(() => BYTE), ...words.map(() => NORMAL)];
  return [
    ['tokenizer.ggml.model', 'string', 'llama'],
    ['tokenizer.ggml.tokens', 'array', { of: 'string', values: [...known, ...words] }],
    [
      'tokenizer.ggml.scores',
      'array',
      { of: 'f32', values: Float32Array.from({ length: size }, (_, i) => -i) },
    ],
    ['tokenizer.ggml.token_type', 'array', { of: 'i32', values: types }],
    ['tokenizer.ggml.bos_token_id', 'u32', 2],
    ['tokenizer.ggml.eos_token_id', 'u32', 1],
    ['tokenizer.ggml.unknown_token_id', 'u32', 3],
    ['tokenizer.ggml.padding_token_id', 'u32', 0],
    ['tokenizer.ggml.add_bos_token', 'bool', false],
  ];
}
