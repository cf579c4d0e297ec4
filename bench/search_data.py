"""Rows to search and the truth about them, for search.mjs: `search_data.py make TASK` writes rows, `search_data.py truth TASK` computes every cosine in float64.

Three kinds, from a seed:
- gauss: normal rows, nothing to find. The extremes of the bulk itself.
- struct: what dictionaries look like from afar: a mild common mean, a third of the rows in clusters, and planted pairs in proportion to n: for 16,384 rows 1,000 near-duplicates
  (cosines 0.70 to 0.92, most of them low) and 500 near-antipodes (-0.70 to -0.99).
- aniso: the same on coordinates whose spread falls by a power law, in mixed order; `aniso0.7` with another exponent than 0.35.
Rows have length 1 to float32's rounding: the peers, which take inner products, need that; antipode does not use it.
"""
import json, sys
import numpy as np


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def plant(rng, rows):
    n, d = rows.shape
    rows[:] = unit(rows) + 0.12 * unit(rng.standard_normal(d, dtype=np.float32))
    order = rng.permutation(n)
    taken = 0
    for _ in range(n // 160):
        members = order[taken:taken + int(rng.integers(20, 61))]
        taken += len(members)
        if taken > n // 3:
            break
        rows[members] += rng.uniform(0.3, 0.9) * unit(rng.standard_normal(d, dtype=np.float32))
    rows[:] = unit(rows)
    free = order[n // 3 + 60:]
    duplicates, antipodes = 1000 * n // 16384, 500 * n // 16384
    for pair in range(min(duplicates + antipodes, len(free) // 2)):
        kept, moved = free[2 * pair], free[2 * pair + 1]
        cos = 0.70 + 0.22 * rng.beta(1, 3) if pair < duplicates else -0.70 - 0.29 * rng.beta(1, 2.2)
        across = unit(rows[moved] - (rows[moved] @ rows[kept]) * rows[kept])
        rows[moved] = cos * rows[kept] + np.sqrt(1 - cos * cos) * across


def make(kind, n, d, seed):
    rng = np.random.default_rng([seed, n, d, len(kind), *kind.encode()])
    rows = rng.standard_normal((n, d), dtype=np.float32)
    if kind.startswith("aniso"):
        spread = (np.arange(d, dtype=np.float32) + 30) ** -float(kind[5:] or 0.35)
        rows *= rng.permutation(spread / np.sqrt(np.mean(spread * spread)))
    if kind != "gauss":
        plant(rng, rows)
    return unit(rows).astype(np.float32)


class Extreme:
    """The k pairs furthest to one end, by (cosine, i, j), in float64."""

    def __init__(self, k, sign):
        self.k, self.sign, self.bar = k, sign, -np.inf if k else np.inf
        self.kept = np.empty((0, 3))

    def offer(self, tile, i0, j0):
        at = np.flatnonzero(self.sign * tile.ravel() >= self.bar)
        if len(at) == 0:
            return
        i, j = np.divmod(at, tile.shape[1])
        new = np.column_stack([self.sign * tile.ravel()[at], i + i0, j + j0])
        new = new[~np.isnan(new[:, 0])]
        kept = np.concatenate([self.kept, new])
        self.kept = kept[np.lexsort((kept[:, 2], kept[:, 1], -kept[:, 0]))][:self.k]
        if len(self.kept) == self.k:
            self.bar = self.kept[-1, 0]

    def pairs(self):
        return [[int(i), int(j), self.sign * v] for v, i, j in self.kept.tolist()]


class Neighbors:
    """Of each row, the one furthest to one end, over all pairs."""

    def __init__(self, n, sign):
        self.sign, self.best, self.row = sign, np.full(n, -np.inf), np.full(n, -1)

    def offer(self, tile, i0, j0):
        values = np.where(np.isnan(tile), -np.inf, self.sign * tile)
        for axis, first, other in ((1, i0, j0), (0, j0, i0)):
            at = values.argmax(axis)
            value = np.take_along_axis(values, np.expand_dims(at, axis), axis).ravel()
            part = slice(first, first + len(at))
            better = (value > self.best[part]) | ((value == self.best[part]) & (at + other < self.row[part]))
            self.best[part][better], self.row[part][better] = value[better], (at + other)[better]


def truth(rows, k, with_rows, bins, tile=2048):
    n = len(rows)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    ends = [Extreme(k, 1), Extreme(k, -1)]
    neighbors = [Neighbors(n, 1), Neighbors(n, -1)] if with_rows else []
    histogram = np.zeros(bins, np.int64)
    for i0 in range(0, n, tile):
        first = rows[i0:i0 + tile].astype(np.float64) / norms[i0:i0 + tile, None]
        for j0 in range(i0, n, tile):
            cos = first @ (rows[j0:j0 + tile].astype(np.float64) / norms[j0:j0 + tile, None]).T
            if bins:
                values = cos[np.triu_indices(len(cos), 1)] if i0 == j0 else cos.ravel()
                histogram += np.bincount(np.clip((values + 1) * (bins / 2), 0, bins - 1).astype(np.int64), minlength=bins)
            if i0 == j0:
                cos[np.tri(len(cos), dtype=bool)] = np.nan
            for one in ends + neighbors:
                one.offer(cos, i0, j0)
    top, bottom = (end.pairs() for end in ends)
    nearest, opposed = (one.row.tolist() for one in neighbors) if with_rows else ([], [])
    return {"top": top, "bottom": bottom, "nearest": nearest, "opposed": opposed, "histogram": histogram.tolist()}


if __name__ == "__main__":
    task = json.loads(sys.argv[2])
    if sys.argv[1] == "make":
        make(task["kind"], task["n"], task["d"], task["seed"]).tofile(task["rows"])
    else:
        rows = np.fromfile(task["rows"], np.float32).reshape(task["n"], task["d"])
        print(json.dumps(truth(rows, task["k"], task["withRows"], task["bins"])))
