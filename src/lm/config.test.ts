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

/** As published for the one of 1 billion parameters. */
const GEMMA_3_1B: Json = {
  model_type: 'gemma3_text',
  architectures: ['Gemma3ForCausalLM'],
  attention_bias: false,
  attn_logit_softcapping: null,
  cache_implementation: 'hybrid',
  final_logit_softcapping: null,
  head_dim: 256,
  hidden_activation: 'gelu_pytorch_tanh',
  hidden_size: 1152,
  intermediate_size: 6912,
  max_position_embeddings: 32768,
  num_attention_heads: 4,
  num_hidden_layers: 26,
  num_key_value_heads: 1,
  query_pre_attn_scalar: 256,
  rms_norm_eps: 1e-6,
  rope_local_base_freq: 10000,
  rope_scaling: null,
  rope_theta: 1000000,
  sliding_window: 512,
  sliding_window_pattern: 6,
  vocab_size: 262144,
};

/** As published for the one of 4 billion: all that it says of its text part. */
const GEMMA_3_4B: Json = {
  model_type: 'gemma3',
  architectures: ['Gemma3ForConditionalGeneration'],
  mm_tokens_per_image: 256,
  text_config: {
    hidden_size: 2560,
    intermediate_size: 10240,
    model_type: 'gemma3_text',
    num_hidden_layers: 34,
    rope_scaling: { factor: 8.0, rope_type: 'linear' },
    sliding_window: 1024,
  },
  vision_config: { hidden_size: 1152, model_type: 'siglip_vision_model' },
};

const PYTHIA_70M: Json = {
  model_type: 'gpt_neox',
  hidden_act: 'gelu',
  hidden_size: 512,
  intermediate_size: 2048,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 2048,
  num_attention_heads: 8,
  num_hidden_layers: 6,
  rotary_emb_base: 10000,
  rotary_pct: 0.25,
  tie_word_embeddings: false,
  use_parallel_residual: true,
  vocab_size: 50304,
};

const without = (config: Json, name: string): Json =>
  Object.fromEntries(Object.entries(config).filter(([key]) => key !== name));

describe('published configs', () => {
  test('Gemma 2: every other layer slides, beginning with the first; the head is tied unless said otherwise', () => {
    const config = parseModelConfig(GEMMA_2_2B);
    expect(config).toMatchObject({
      family: 'gemma',
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
      lanes: 128,
      theta: 500000,
      scaling: {
        type: 'llama3',
        factor: 8,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalMaxPositions: 8192,
      },
    };
    expect(parseModelConfig(LLAMA_3_1_8B)).toMatchObject({
      family: 'llama',
      headDim: 128,
      kvHeads: 8,
      ropes: [rope],
      ropeOfLayer: Array(32).fill(0),
    });
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
      ropes: [{ theta: 10000, scaling: { type: 'default' } }],
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

  test('Gemma 3: every sixth layer sees everything and rotates by the other base; in both spellings', () => {
    const config = parseModelConfig(GEMMA_3_1B);
    expect(config).toMatchObject({
      family: 'gemma',
      hasHeadNorms: true,
      attentionSoftcap: null,
      headDim: 256,
    });
    expect(config.windows.slice(3, 8)).toEqual([512, 512, null, 512, 512]);
    expect(config.ropeOfLayer.slice(3, 8)).toEqual([1, 1, 0, 1, 1]);
    const plain = { type: 'default' };
    expect(config.ropes).toEqual([
      { lanes: 256, theta: 1_000_000, scaling: plain },
      { lanes: 256, theta: 10_000, scaling: plain },
    ]);
    let recent = GEMMA_3_1B;
    for (const name of ['rope_local_base_freq', 'rope_scaling', 'rope_theta', 'sliding_window_pattern']) {
      recent = without(recent, name);
    }
    recent = {
      ...recent,
      layer_types: config.windows.map((window) => (window ? 'sliding_attention' : 'full_attention')),
      rope_parameters: {
        full_attention: { rope_theta: 1_000_000, rope_type: 'default' },
        sliding_attention: { rope_theta: 10_000, rope_type: 'default' },
      },
    };
    expect(parseModelConfig(recent)).toEqual(config);
    expect(parseModelConfig({ ...GEMMA_3_1B, sliding_window_pattern: 2 }).windows.slice(0, 3)).toEqual([
      512,
      null,
      512,
    ]);
    expect(parseModelConfig({ ...GEMMA_3_1B, final_logit_softcapping: 30 })).toMatchObject({
      logitSoftcap: 30,
    });
  });

  test('the text part of Gemma 3 for images: what the file leaves out is the class’s own', () => {
    const config = parseModelConfig(GEMMA_3_4B);
    expect(config).toMatchObject({
      modelType: 'gemma3',
      family: 'gemma',
      layers: 34,
      heads: 8,
      kvHeads: 4,
      headDim: 256,
      vocabSize: 262_208,
      maxPositions: 131_072,
      normEpsilon: 1e-6,
      queryScalar: 256,
      isHeadTied: true,
    });
    expect(config.ropes).toMatchObject([
      { theta: 1_000_000, scaling: { type: 'linear', factor: 8 } },
      { theta: 10_000, scaling: { type: 'default' } },
    ]);
    expect(config.windows.filter((window) => window === null)).toHaveLength(5);
    expect(parseModelConfig({ ...GEMMA_3_4B, tie_word_embeddings: false }).isHeadTied).toBe(false);
  });

  test('Pythia: a quarter of each head turns; transformers 5 spells it otherwise; what old files leave out', () => {
    const config = parseModelConfig(PYTHIA_70M);
    expect(config).toMatchObject({
      family: 'gpt_neox',
      headDim: 64,
      kvHeads: 8,
      isParallel: true,
      hasAttentionBias: true,
      isHeadTied: false,
      activation: 'gelu_erf',
    });
    expect(config.ropes).toEqual([{ lanes: 16, theta: 10_000, scaling: { type: 'default' } }]);
    let short = PYTHIA_70M;
    for (const name of ['rotary_emb_base', 'rotary_pct', 'use_parallel_residual', 'hidden_act']) {
      short = without(short, name);
    }
    expect(parseModelConfig(short)).toEqual(config);
    const rope_parameters = { rope_theta: 10000, partial_rotary_factor: 0.25, rope_type: 'default' };
    expect(parseModelConfig({ ...short, rope_parameters })).toEqual(config);
    const scaled = { ...PYTHIA_70M, rope_scaling: { type: 'linear', factor: 2 } };
    expect(parseModelConfig(scaled).ropes[0]!.scaling).toEqual({ type: 'linear', factor: 2 });
  });

  test.each([
    ['gelu', 'gelu_erf'],
    ['gelu_python', 'gelu_erf'],
    ['gelu_new', 'gelu_tanh'],
    ['gelu_fast', 'gelu_tanh'],
    ['gelu_pytorch_tanh', 'gelu_tanh'],
  ])('the activation %s is %s', (name, expected) => {
    expect(parseModelConfig({ ...PYTHIA_70M, hidden_act: name })).toMatchObject({ activation: expected });
    expect(parseModelConfig({ ...GPT2, activation_function: name })).toMatchObject({ activation: expected });
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
      'config.json: model_type "mamba" is not supported (expected gemma2, gemma3_text, gemma3, llama, mistral, qwen2, gpt2, gpt_neox)',
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
    [
      'a cap that Gemma 3 does not apply',
      { ...GEMMA_3_1B, attn_logit_softcapping: 50 },
      'attn_logit_softcapping is 50',
    ],
    [
      'text read both ways',
      { ...GEMMA_3_1B, use_bidirectional_attention: true },
      'use_bidirectional_attention is true',
    ],
    [
      'Gemma 3 without its window',
      { ...GEMMA_3_1B, sliding_window: null },
      'sliding_window is null and layer 0',
    ],
    [
      'one rotary embedding for Gemma 3',
      { ...GEMMA_3_1B, rope_parameters: { rope_theta: 10000 } },
      'rope_parameters has rope_theta itself (expected full_attention and sliding_attention)',
    ],
    [
      'two local bases',
      { ...GEMMA_3_1B, rope_parameters: { sliding_attention: { rope_theta: 5000 } } },
      'rope_local_base_freq is 10000 and 5000 in rope_parameters',
    ],
    [
      'Gemma 3 turning part of a head',
      { ...GEMMA_3_1B, rope_parameters: { full_attention: { partial_rotary_factor: 0.5 } } },
      'config.json: rope_parameters: full_attention: partial_rotary_factor is 0.5',
    ],
    [
      'Llama turning part of a head',
      { ...LLAMA_3_1_8B, partial_rotary_factor: 0.5 },
      'partial_rotary_factor is 0.5',
    ],
    ['no text part', without(GEMMA_3_4B, 'text_config'), 'text_config is missing (expected an object)'],
    [
      'a text part that is none',
      { ...GEMMA_3_4B, text_config: [1] },
      'text_config is not an object (got [1])',
    ],
    [
      'a text part of another family',
      { ...GEMMA_3_4B, text_config: { model_type: 'llama' } },
      'config.json: text_config: model_type is "llama"',
    ],
    [
      'a cap that the class for images leaves out',
      { ...GEMMA_3_4B, text_config: { final_logit_softcapping: 30 } },
      'text_config: final_logit_softcapping is 30, which is not supported (expected null)',
    ],
    [
      'two words on the head',
      { ...GEMMA_3_4B, tie_word_embeddings: false, text_config: { tie_word_embeddings: true } },
      'tie_word_embeddings is false and true in text_config',
    ],
    [
      'a size of the wrong type in the text part',
      { ...GEMMA_3_4B, text_config: { hidden_size: '2560' } },
      'config.json: text_config: hidden_size is not a whole number',
    ],
    [
      'NeoX heads that do not divide',
      { ...PYTHIA_70M, num_attention_heads: 7 },
      'num_attention_heads does not divide',
    ],
    [
      'an odd share of a head',
      { ...PYTHIA_70M, rotary_pct: 0.3 },
      "rotary_pct turns 19 of a head's 64 lanes",
    ],
    ['more than a head', { ...PYTHIA_70M, rotary_pct: 1.5 }, "rotary_pct turns 96 of a head's 64 lanes"],
    ['none of a head', { ...PYTHIA_70M, rotary_pct: 0.01 }, "rotary_pct turns 0 of a head's 64 lanes"],
    [
      'two shares',
      { ...PYTHIA_70M, rope_parameters: { partial_rotary_factor: 0.5 } },
      'rotary_pct is 0.25 and 0.5 in rope_parameters',
    ],
    ['two NeoX bases', { ...PYTHIA_70M, rope_theta: 500 }, 'rotary_emb_base is 10000 and 500 in rope_theta'],
    [
      'a rotary scaling by length',
      { ...PYTHIA_70M, rope_scaling: { type: 'dynamic', factor: 2 } },
      '"dynamic"',
    ],
    ['another NeoX activation', { ...PYTHIA_70M, hidden_act: 'relu' }, 'hidden_act "relu" is not supported'],
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
    [PYTHIA_70M, ['hidden_size', 'num_hidden_layers', 'intermediate_size', 'vocab_size']],
  ])('a missing field is named', (config, names) => {
    for (const name of names) {
      expect(() => parseModelConfig(without(config, name))).toThrow(`config.json: ${name} is missing`);
    }
  });
});

test('any value in any field: a config or an AntipodeError', () => {
  const all = [GEMMA_2_2B, GEMMA_3_1B, GEMMA_3_4B, LLAMA_3_1_8B, QWEN, MISTRAL, GPT2, PYTHIA_70M];
  const change = fc
    .constantFrom(...all)
    .chain((config) =>
      fc.tuple(fc.constant(config), fc.constantFrom(...Object.keys(config)), fc.jsonValue()),
    );
  fc.assert(
    fc.property(change, ([config, name, value]) => {
      try {
        const { layers, windows, ropes, ropeOfLayer } = parseModelConfig({ ...config, [name]: value });
        expect(windows).toHaveLength(layers);
        expect(ropeOfLayer).toHaveLength(ropes.length === 0 ? 0 : layers);
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
