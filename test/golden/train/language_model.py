"""Loss, gradients and a few steps of a tiny Gemma 2 by torch in float64, for src/train/lm.

Run: python3 language_model.py > language_model.json   (torch 1.13 or newer, numpy)
Weights and tokens come from formulas that the test has as well. Of each gradient: its norm, its product with a fixed direction (in which every entry
counts) and its first entries. Then the losses of AdamW (torch.optim, no decay) with clipping.
"""

import json

import numpy as np
import torch

from gemma2_torch import loss, shapes

CONFIG = {
    "vocab_size": 24,
    "hidden_size": 12,
    "intermediate_size": 20,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 6,
    "max_position_embeddings": 32,
    "sliding_window": 3,
    "query_pre_attn_scalar": 5,
    "attn_logit_softcapping": 3.0,
    "final_logit_softcapping": 4.0,
}
ROWS, COLUMNS = 4, 9
CLIP, RATE, STEPS = 0.5, 0.02, 5
# So small that it does not matter that torch adds it to the corrected root, and the other side to the plain one.
EPSILON = 1e-12

w = {}
for index, (name, shape) in enumerate(shapes(CONFIG).items()):
    i = np.arange(np.prod(shape))
    values = (0.8 if len(shape) == 2 else 0.4) * ((0.618 * i * i + 0.755 * i + 0.3 * index) % 1 - 0.5)
    w[name] = torch.tensor(values.reshape(shape), dtype=torch.float64, requires_grad=True)

r, c = np.arange(ROWS)[:, None], np.arange(COLUMNS + 1)[None]
tokens = torch.tensor((7 * r + 5 * c * c + 3) % CONFIG["vocab_size"])
# Row r ends r places early.
counted = torch.tensor((c[:, :COLUMNS] < COLUMNS - r).astype(np.float64))


def step_loss():
    return loss(CONFIG, w, tokens[:, :-1], tokens[:, 1:], counted)


first = step_loss()
first.backward()
gradients = {}
for name, parameter in w.items():
    g = parameter.grad.flatten().numpy()
    direction = np.cos(0.7 * np.arange(len(g)) + 1)
    gradients[name] = {"norm": float(np.linalg.norm(g)), "along": float(g @ direction), "first": g[:4].tolist()}

optimiser = torch.optim.AdamW(w.values(), lr=RATE, betas=(0.9, 0.99), eps=EPSILON, weight_decay=0.0)
losses = []
for _ in range(STEPS):
    optimiser.zero_grad()
    value = step_loss()
    value.backward()
    norm = torch.nn.utils.clip_grad_norm_(w.values(), CLIP)
    optimiser.step()
    losses.append({"loss": float(value), "gradient_norm": float(norm)})

print(json.dumps({"torch": torch.__version__, "loss": float(first), "gradients": gradients, "steps": losses}, indent=1))
