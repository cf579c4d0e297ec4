import { describe, expect, test } from 'vitest';
import {
  GEMMA_2_2B,
  GEMMA_3_1B,
  GEMMA_3_4B,
  GPT2,
  type Json,
  LLAMA_3_1_8B,
  MISTRAL,
  PYTHIA_70M,
  QWEN,
  without,
} from '../../test/support/published_configs.ts';
import { parseModelConfig } from './config.ts';

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
