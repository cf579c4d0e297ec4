import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { MODEL_TYPES, parseModelConfig } from './config.ts';

type Json = Record<string, unknown>;

/** As published, without the fields that no graph depends on. */
const GEMMA_2_2B: Json = {
  model_type: 'gemma2',
  attention_bias: false,
  attn_logit_softcapping: 50.0,
  final_logit_softcapping: 30.0,
  head_dim: 256,
  hidden_act: 'gelu_pytorch_tanh',
  hidden_activation: 'gelu_pytorch_tanh',
  hidden_size: 2304,
  intermediate_size: 9216,
  max_position_embeddings: 8192,
  num_attention_heads: 8,
  num_hidden_layers: 26,
  num_key_value_heads: 4,
  query_pre_attn_scalar: 256,
  rms_norm_eps: 1e-6,
  rope_theta: 10000.0,
  sliding_window: 4096,
  vocab_size: 256000,
};

const LLAMA_3_1_8B: Json = {
  model_type: 'llama',
  attention_bias: false,
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 14336,
  max_position_embeddings: 131072,
  mlp_bias: false,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 8.0,
    low_freq_factor: 1.0,
    high_freq_factor: 4.0,
    original_max_position_embeddings: 8192,
    rope_type: 'llama3',
  },
  rope_theta: 500000.0,
  tie_word_embeddings: false,
  vocab_size: 128256,
};

const QWEN: Json = {
  ...LLAMA_3_1_8B,
  model_type: 'qwen2',
  rope_scaling: null,
  use_sliding_window: false,
  sliding_window: 32768,
  max_window_layers: 20,
};

const MISTRAL: Json = { ...LLAMA_3_1_8B, model_type: 'mistral', rope_scaling: null, sliding_window: 4096 };

const GPT2: Json = {
  model_type: 'gpt2',
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  n_ctx: 1024,
  n_embd: 768,
  n_head: 12,
  n_layer: 12,
  n_positions: 1024,
  vocab_size: 50257,
};

const without = (config: Json, name: string): Json =>
  Object.fromEntries(Object.entries(config).filter(([key]) => key !== name));

describe('published configs', () => {
  test('Gemma 2: every other layer slides, beginning with the first; the head is tied unless said otherwise', () => {
    const config = parseModelConfig(GEMMA_2_2B);
    expect(config).toMatchObject({
      family: 'gemma2',
      dModel: 2304,
      dMlp: 9216,
      heads: 8,
      kvHeads: 4,
      headDim: 256,
    });
    expect(config).toMatchObject({
      queryScalar: 256,
      attentionSoftcap: 50,
      logitSoftcap: 30,
      isHeadTied: true,
    });
    expect(config.windows.slice(0, 4)).toEqual([4096, null, 4096, null]);
    expect(config.windows).toHaveLength(26);
  });

  test('Gemma 2 with soft caps switched off and its layer types spelled out', () => {
    const types = Array.from({ length: 26 }, (_, i) => (i < 25 ? 'sliding_attention' : 'full_attention'));
    const config = parseModelConfig({ ...GEMMA_2_2B, attn_logit_softcapping: null, layer_types: types });
    expect(config).toMatchObject({ attentionSoftcap: null, logitSoftcap: 30 });
    expect(config.windows.slice(23)).toEqual([4096, 4096, null]);
  });

  test('Llama 3.1: scaled rotary embedding in either spelling; Llama 1: what old files leave out', () => {
    const rope = {
      theta: 500000,
      scaling: {
        type: 'llama3',
        factor: 8,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalMaxPositions: 8192,
      },
    };
    expect(parseModelConfig(LLAMA_3_1_8B)).toMatchObject({ family: 'llama', headDim: 128, kvHeads: 8, rope });
    const recent = {
      ...without(without(LLAMA_3_1_8B, 'rope_scaling'), 'rope_theta'),
      rope_parameters: { ...(LLAMA_3_1_8B['rope_scaling'] as Json), rope_theta: 500000.0 },
    };
    expect(parseModelConfig(recent)).toEqual(parseModelConfig(LLAMA_3_1_8B));
    let old = LLAMA_3_1_8B;
    for (const name of ['num_key_value_heads', 'rope_scaling', 'rope_theta', 'attention_bias', 'mlp_bias']) {
      old = without(old, name);
    }
    expect(parseModelConfig(old)).toMatchObject({
      kvHeads: 32,
      rope: { theta: 10000, scaling: { type: 'default' } },
      hasQkvBias: false,
      hasMlpBias: false,
    });
  });

  test('Mistral slides everywhere or nowhere; Qwen2 above a layer, if at all, and has biases', () => {
    expect(new Set(parseModelConfig(MISTRAL).windows)).toEqual(new Set([4096]));
    expect(new Set(parseModelConfig({ ...MISTRAL, sliding_window: null }).windows)).toEqual(new Set([null]));
    const plain = parseModelConfig(QWEN);
    expect(plain).toMatchObject({ hasQkvBias: true, hasOutBias: false });
    expect(new Set(plain.windows)).toEqual(new Set([null]));
    const { windows } = parseModelConfig({ ...QWEN, use_sliding_window: true });
    expect([windows[19], windows[20]]).toEqual([null, 32768]);
  });

  test('GPT-2: width of the MLP and scales of the scores where they are not stated, and where they are', () => {
    const config = parseModelConfig(GPT2);
    expect(config).toMatchObject({ family: 'gpt2', dMlp: 3072, kvHeads: 12, headDim: 64, isHeadTied: true });
    expect(config).toMatchObject({ attentionScales: Array(12).fill(0.125), activation: 'gelu_tanh' });
    const other = parseModelConfig({ ...GPT2, n_inner: 100, scale_attn_by_inverse_layer_idx: true });
    expect(other).toMatchObject({ dMlp: 100 });
    expect(other.family === 'gpt2' && other.attentionScales.slice(0, 2)).toEqual([0.125, 0.0625]);
  });
});

describe('refused with a sentence', () => {
  const cases: [string, unknown, string][] = [
    ['not an object', [1], 'config.json: not a JSON object'],
    ['no family', {}, 'config.json: model_type is missing (expected a text)'],
    [
      'an unknown family',
      { model_type: 'mamba' },
      'config.json: model_type "mamba" is not supported (expected gemma2, llama, mistral, qwen2, gpt2)',
    ],
    [
      'a size of the wrong type',
      { ...GEMMA_2_2B, hidden_size: '2304' },
      'hidden_size is not a whole number from 1 to 16777216 (got "2304")',
    ],
    ['a size of zero', { ...GEMMA_2_2B, vocab_size: 0 }, 'vocab_size is not a whole number'],
    ['a size without end', { ...GEMMA_2_2B, vocab_size: 1e300 }, 'vocab_size is not a whole number'],
    ['too many layers', { ...GPT2, n_layer: 1e6 }, 'n_layer is not a whole number from 1 to 1024'],
    [
      'heads that do not divide',
      { ...GEMMA_2_2B, num_key_value_heads: 3 },
      'num_key_value_heads does not divide',
    ],
    [
      'a width that no heads divide',
      { ...LLAMA_3_1_8B, hidden_size: 4097 },
      'head_dim is missing and hidden_size',
    ],
    ['an odd head', { ...GEMMA_2_2B, head_dim: 255 }, 'head_dim is odd (255)'],
    ['GPT-2 heads that do not divide', { ...GPT2, n_head: 7 }, 'n_head does not divide n_embd (7, 768)'],
    ['another activation', { ...GEMMA_2_2B, hidden_activation: 'relu' }, 'hidden_activation is "relu"'],
    ['another GPT-2 activation', { ...GPT2, activation_function: 'tanh' }, 'activation_function "tanh"'],
    ['biases that Gemma 2 has not', { ...GEMMA_2_2B, attention_bias: true }, 'attention_bias is true'],
    [
      'another rotary scaling',
      { ...LLAMA_3_1_8B, rope_scaling: { type: 'yarn', factor: 4 } },
      'config.json: rope_scaling: rope_type "yarn" is not supported (expected default, linear or llama3)',
    ],
    [
      'two thetas',
      { ...LLAMA_3_1_8B, rope_parameters: { rope_theta: 10000, rope_type: 'default' } },
      'rope_theta is 500000 and 10000 in rope_parameters',
    ],
    [
      'two scalings',
      { ...LLAMA_3_1_8B, rope_parameters: { rope_type: 'linear', factor: 2 } },
      'rope_scaling contradicts rope_parameters',
    ],
    [
      'scaling bounds the wrong way round',
      { ...LLAMA_3_1_8B, rope_scaling: { ...(LLAMA_3_1_8B['rope_scaling'] as Json), high_freq_factor: 0.5 } },
      'high_freq_factor is not above low_freq_factor',
    ],
    ['a window that may be forgotten', without(MISTRAL, 'sliding_window'), 'sliding_window is missing'],
    [
      'too few layer types',
      { ...GEMMA_2_2B, layer_types: ['full_attention'] },
      'layer_types is not a list of 26',
    ],
    [
      'a layer type that is not built',
      { ...GEMMA_2_2B, layer_types: Array(26).fill('linear_attention') },
      'layer_types holds "linear_attention"',
    ],
    ['cross attention', { ...GPT2, add_cross_attention: true }, 'add_cross_attention is true'],
    ['quantised weights', { ...LLAMA_3_1_8B, quantization_config: { bits: 4 } }, 'quantised checkpoints'],
  ];
  test.each(cases)('%s', (_, value, message) => {
    expect(() => parseModelConfig(value)).toThrow(message);
    expect(() => parseModelConfig(value)).toThrow(AntipodeError);
  });

  test.each([
    [
      GEMMA_2_2B,
      ['num_hidden_layers', 'query_pre_attn_scalar', 'sliding_window', 'rms_norm_eps', 'vocab_size'],
    ],
    [LLAMA_3_1_8B, ['hidden_size', 'intermediate_size', 'max_position_embeddings', 'num_attention_heads']],
    [GPT2, ['n_embd', 'n_layer', 'n_head', 'layer_norm_epsilon', 'vocab_size']],
  ])('a missing field is named', (config, names) => {
    for (const name of names) {
      expect(() => parseModelConfig(without(config, name))).toThrow(`config.json: ${name} is missing`);
    }
  });
});

test('any value in any field: a config or an AntipodeError', () => {
  const all = [GEMMA_2_2B, LLAMA_3_1_8B, QWEN, MISTRAL, GPT2];
  const change = fc
    .constantFrom(...all)
    .chain((config) =>
      fc.tuple(fc.constant(config), fc.constantFrom(...Object.keys(config)), fc.jsonValue()),
    );
  fc.assert(
    fc.property(change, ([config, name, value]) => {
      try {
        const { layers, windows } = parseModelConfig({ ...config, [name]: value });
        expect(windows).toHaveLength(layers);
      } catch (error) {
        expect(error).toBeInstanceOf(AntipodeError);
      }
    }),
    { numRuns: 2000 },
  );
});

test('the families listed are those that have a fixture', async () => {
  for (const name of MODEL_TYPES) {
    const path = fileURLToPath(new URL(`../../test/fixtures/lm/${name}/config.json`, import.meta.url));
    expect(parseModelConfig(JSON.parse(await readFile(path, 'utf8'))).modelType).toBe(name);
  }
});
