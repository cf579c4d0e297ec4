"""Quantiles of binned values by numpy's interpolation of the cumulative count. Writes histogram_quantiles.json beside this file."""

import json
from pathlib import Path

import numpy as np

rng = np.random.default_rng(5)
cases = []
for values, bins in [
    (np.tanh(rng.normal(0.05, 0.2, 4000)), 64),
    (np.concatenate([rng.uniform(-0.9, -0.5, 30), rng.uniform(0.2, 0.9, 500)]), 40),
    (np.full(7, 0.31), 16),
]:
    counts, edges = np.histogram(values, bins=bins, range=(-1, 1))
    # Empty bins make steps of the cumulative count that have no inverse: only the upper ends of bins that hold something are nodes.
    held = np.flatnonzero(counts)
    nodes = []
    for bin in held:
        nodes.append((counts[:bin].sum(), edges[bin]))
        nodes.append((counts[: bin + 1].sum(), edges[bin + 1]))
    at = np.array([n[0] for n in nodes], float)
    where = np.array([n[1] for n in nodes], float)
    quantiles = []
    for q in [0.0, 0.001, 0.05, 0.25, 0.5, 0.9, 0.999, 1.0]:
        wanted = q * counts.sum()
        # The first bin that reaches what is wanted: between its own two nodes.
        first = next(i for i in range(0, len(nodes), 2) if at[i + 1] >= wanted)
        quantiles.append([q, float(np.interp(wanted, at[first : first + 2], where[first : first + 2]))])
    cases.append({"counts": counts.tolist(), "quantiles": quantiles, "exact": [float(np.quantile(values, q)) for q, _ in quantiles]})
Path(__file__).with_suffix(".json").write_text(json.dumps(cases) + "\n")
