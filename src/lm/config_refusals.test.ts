import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
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
import { AntipodeError } from '../errors.ts';
import { MODEL_TYPES, parseModelConfig } from './config.ts';

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
