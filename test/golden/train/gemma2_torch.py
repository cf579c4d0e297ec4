"""Gemma 2 in plain torch, from the paper (arXiv 2408.00118) and the documentation of transformers' Gemma2ForCausalLM: for gradients by torch's own
differentiation, and as the peer of bench/train_lm. Parameters are a dict by Hugging Face's names; keys and values are repeated for their query heads, as
transformers does. Angles are float32, as there, whatever the type of the rest.
"""

import numpy as np
import torch
import torch.nn.functional as F


def shapes(c):
    """Name to shape, in the order of the layers."""
    d, heads, kv, dim = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
    out = {"model.embed_tokens.weight": (c["vocab_size"], d)}
    for layer in range(c["num_hidden_layers"]):
        for part, shape in {
            "input_layernorm": (d,),
            "self_attn.q_proj": (heads * dim, d),
            "self_attn.k_proj": (kv * dim, d),
            "self_attn.v_proj": (kv * dim, d),
            "self_attn.o_proj": (d, heads * dim),
            "post_attention_layernorm": (d,),
            "pre_feedforward_layernorm": (d,),
            "mlp.gate_proj": (c["intermediate_size"], d),
            "mlp.up_proj": (c["intermediate_size"], d),
            "mlp.down_proj": (d, c["intermediate_size"]),
            "post_feedforward_layernorm": (d,),
        }.items():
            out[f"model.layers.{layer}.{part}.weight"] = shape
    out["model.norm.weight"] = (d,)
    return out


def rotation(c, columns, dtype):
    """Cosines and sines, [columns, head_dim]; lane i and lane i + head_dim / 2 turn together."""
    dim = c["head_dim"]
    exponents = np.float32(np.arange(0, dim, 2) / dim)
    powers = np.float32(c.get("rope_theta", 10000.0) ** exponents.astype(np.float64))
    frequencies = np.float32(1 / powers.astype(np.float64))
    angles = np.float32(np.arange(columns)[:, None] * frequencies.astype(np.float64)[None]).astype(np.float64)
    twice = np.concatenate([angles, angles], 1)
    return [torch.tensor(np.float32(f(twice))).to(dtype) for f in (np.cos, np.sin)]


def logits(c, w, ids):
    rows, columns = ids.shape
    d, heads, kv, dim = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
    table = w["model.embed_tokens.weight"]
    cos, sin = rotation(c, columns, table.dtype)
    places = torch.arange(columns)
    distance = places[:, None] - places[None]
    causal = distance >= 0

    def norm(x, name):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + c.get("rms_norm_eps", 1e-6)) * (1 + w[name + ".weight"])

    def turned(x):
        low, high = x.chunk(2, -1)
        return x * cos + torch.cat([-high, low], -1) * sin

    x = F.embedding(ids, table) * d**0.5
    for layer in range(c["num_hidden_layers"]):
        name = f"model.layers.{layer}."
        h = norm(x, name + "input_layernorm")
        q, k, v = (
            F.linear(h, w[f"{name}self_attn.{part}_proj.weight"]).view(rows, columns, -1, dim).transpose(1, 2)
            for part in "qkv"
        )
        q, k = turned(q), turned(k)
        k, v = (t.repeat_interleave(heads // kv, 1) for t in (k, v))
        scores = q @ k.transpose(2, 3) * c["query_pre_attn_scalar"] ** -0.5
        cap = c["attn_logit_softcapping"]
        scores = torch.tanh(scores / cap) * cap
        seen = causal & (distance < c["sliding_window"]) if layer % 2 == 0 else causal
        pattern = scores.masked_fill(~seen, float("-inf")).softmax(-1)
        mixed = (pattern @ v).transpose(1, 2).reshape(rows, columns, heads * dim)
        x = x + norm(F.linear(mixed, w[name + "self_attn.o_proj.weight"]), name + "post_attention_layernorm")
        h = norm(x, name + "pre_feedforward_layernorm")
        gate = F.gelu(F.linear(h, w[name + "mlp.gate_proj.weight"]), approximate="tanh")
        wide = gate * F.linear(h, w[name + "mlp.up_proj.weight"])
        x = x + norm(F.linear(wide, w[name + "mlp.down_proj.weight"]), name + "post_feedforward_layernorm")
    cap = c["final_logit_softcapping"]
    return torch.tanh(F.linear(norm(x, "model.norm"), table) / cap) * cap


def loss(c, w, ids, targets, counted):
    """Mean over counted targets, in nats."""
    each = F.cross_entropy(logits(c, w, ids).flatten(0, 1), targets.flatten(), reduction="none")
    return (each * counted.flatten()).sum() / counted.sum()
