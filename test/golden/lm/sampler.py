"""Distributions of the next token by numpy, written apart from src/lm/sampler.ts. Run: python3 sampler.py

The order of transformers: repetition penalty, temperature, top-k, top-p, softmax; float64; ties to the lower id. Each case is worked out by
sorting everything, and lists the kept ids with their probabilities, descending.
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(11)


def distribution(logits, temperature, top_k, top_p, penalty, seen):
    scores = np.asarray(logits, dtype=np.float64).copy()
    for token in sorted(set(seen)):
        scores[token] = scores[token] * penalty if scores[token] < 0 else scores[token] / penalty
    scores /= temperature
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    if top_k is not None:
        order = order[:top_k]
    p = np.exp(scores[order] - scores[order].max())
    p /= p.sum()
    if top_p is not None and top_p < 1:  # 1 is off; a cumulative sum would lose the smallest by rounding
        above = np.cumsum(p) - p
        kept = above < top_p
        order = [i for i, k in zip(order, kept) if k]
        p = p[kept] / p[kept].sum()
    return order, p.tolist()


ROWS = {
    "normal": rng.normal(0, 3, 40),
    "flat": np.zeros(12),
    "ties": np.array([1, 2, 2, 0, 2, -1, -1, 1], dtype=float),
    "peaked": np.concatenate([[30.0], rng.normal(0, 1, 15)]),
    "negative": rng.normal(-50, 5, 20),
}

cases = []
for name, row in ROWS.items():
    row = row.astype(np.float32)
    for temperature in (0.5, 1.0, 1.7):
        for top_k in (None, 1, 3, 1000):
            for top_p in (None, 0.3, 0.9, 1.0):
                penalty = 1.3 if top_k != 1 else 1.0
                seen = [0, 2, 2, 5]
                ids, p = distribution(row, temperature, top_k, top_p, penalty, seen)
                options = {"temperature": temperature, "topK": top_k, "topP": top_p, "repetitionPenalty": penalty}
                cases.append({"row": name, "options": {k: v for k, v in options.items() if v is not None}, "seen": seen, "ids": ids, "probabilities": p})

log_probabilities = {}
for name, row in ROWS.items():
    row = row.astype(np.float32).astype(np.float64)
    log_probabilities[name] = (row - row.max() - np.log(np.exp(row - row.max()).sum())).tolist()

result = {"rows": {k: v.astype(np.float32).tolist() for k, v in ROWS.items()}, "cases": cases, "log_probabilities": log_probabilities}
path = pathlib.Path(__file__).with_name("sampler.json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
