/** @file Sizes of Gemma 2 2B (google/gemma-2-2b, config.json and tensor names as Hugging Face has them), with as many layers as asked for. */

export const GEMMA_2_2B_LAYERS = 26;

export function gemma2Config(layers) {
  return {
    architectures: ['Gemma2ForCausalLM'],
    model_type: 'gemma2',
    attention_bias: false,
    attn_logit_softcapping: 50,
    bos_token_id: 2,
    eos_token_id: 1,
    final_logit_softcapping: 30,
    head_dim: 256,
    hidden_activation: 'gelu_pytorch_tanh',
    hidden_size: 2304,
    intermediate_size: 9216,
    max_position_embeddings: 8192,
    num_attention_heads: 8,
    num_hidden_layers: layers,
    num_key_value_heads: 4,
    pad_token_id: 0,
    query_pre_attn_scalar: 256,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    sliding_window: 4096,
    torch_dtype: 'bfloat16',
    vocab_size: 256000,
  };
}

/** Every tensor in the order of the file: its name and shape, the embedding first. */
export function gemma2Tensors(config) {
  const { head_dim, hidden_size: d, intermediate_size: wide, vocab_size } = config;
  const [q, kv] = [config.num_attention_heads * head_dim, config.num_key_value_heads * head_dim];
  const layer = {
    'input_layernorm.weight': [d],
    'self_attn.q_proj.weight': [q, d],
    'self_attn.k_proj.weight': [kv, d],
    'self_attn.v_proj.weight': [kv, d],
    'self_attn.o_proj.weight': [d, q],
    'post_attention_layernorm.weight': [d],
    'pre_feedforward_layernorm.weight': [d],
    'mlp.gate_proj.weight': [wide, d],
    'mlp.up_proj.weight': [wide, d],
    'mlp.down_proj.weight': [d, wide],
    'post_feedforward_layernorm.weight': [d],
  };
  const tensors = [{ name: 'model.embed_tokens.weight', shape: [vocab_size, d] }];
  for (let l = 0; l < config.num_hidden_layers; l++) {
    for (const [name, shape] of Object.entries(layer)) {
      tensors.push({ name: `model.layers.${l}.${name}`, shape });
    }
  }
  return [...tensors, { name: 'model.norm.weight', shape: [d] }];
}

export const sizeOf = ({ shape }) => shape.reduce((product, n) => product * n, 1);
