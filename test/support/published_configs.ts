/** @file `config.json` of published checkpoints, one per family and variant, for tests to read and to damage. */

export type Json = Record<string, unknown>;

/** As published, without the fields that no graph depends on. */
export const GEMMA_2_2B: Json = {
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

export const LLAMA_3_1_8B: Json = {
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

export const QWEN: Json = {
  ...LLAMA_3_1_8B,
  model_type: 'qwen2',
  rope_scaling: null,
  use_sliding_window: false,
  sliding_window: 32768,
  max_window_layers: 20,
};

export const MISTRAL: Json = {
  ...LLAMA_3_1_8B,
  model_type: 'mistral',
  rope_scaling: null,
  sliding_window: 4096,
};

export const GPT2: Json = {
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
export const GEMMA_3_1B: Json = {
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
export const GEMMA_3_4B: Json = {
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

export const PYTHIA_70M: Json = {
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

export const without = (config: Json, name: string): Json =>
  Object.fromEntries(Object.entries(config).filter(([key]) => key !== name));
