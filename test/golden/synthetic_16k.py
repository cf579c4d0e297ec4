"""Golden numbers of the generated full-size dictionary, in numpy float64, every pair computed.

Run: python3 test/golden/synthetic_16k.py path/to/params.npz   (numpy 2.4; about two minutes)
The file is what `antipode geometry --sae synthetic-16k` makes in the cache folder. Writes synthetic_16k.json.
"""
import json, pathlib, sys
import numpy as np

here = pathlib.Path(__file__).parent
params = np.load(sys.argv[1])
rng = np.random.default_rng(0)
golden = {"sample": [], "spaces": {}}
TILE = 1024
for space, matrix in (("encoder", params["W_enc"].T), ("decoder", params["W_dec"])):
    rows = np.ascontiguousarray(matrix).astype(np.float64)
    n = len(rows)
    rows /= np.sqrt((rows * rows).sum(1))[:, None]
    for i, j in rng.integers(0, n, (500, 2)):
        if i != j:
            golden["sample"].append([space, int(i), int(j), float(rows[i] @ rows[j])])
    limits = np.array([-0.5, -0.08, -0.03, 0.0, 0.005, 0.0131, 0.03, 0.0625, 0.09, 0.5])
    below = np.zeros(len(limits), np.int64)
    total = squares = 0.0
    high, low = [], []
    for i0 in range(0, n, TILE):
        for j0 in range(i0, n, TILE):
            cos = rows[i0:i0 + TILE] @ rows[j0:j0 + TILE].T
            if i0 == j0:
                ii, jj = np.triu_indices(len(cos), 1)
                values = cos[ii, jj]
            else:
                ii, jj = np.divmod(np.arange(cos.size), cos.shape[1])
                values = cos.ravel()
            total += values.sum()
            squares += (values * values).sum()
            below += np.searchsorted(np.sort(values), limits, side="left")
            for keep, found in ((high, np.argpartition(-values, 12)[:12]), (low, np.argpartition(values, 12)[:12])):
                keep.extend((float(values[p]), int(i0 + ii[p]), int(j0 + jj[p])) for p in found)
    pairs = n * (n - 1) // 2
    mean = total / pairs
    golden["spaces"][space] = {
        "mean": mean, "sd": float(np.sqrt(squares / pairs - mean * mean)),
        "limits": limits.tolist(), "below": below.tolist(),
        "top": [[i, j, v] for v, i, j in sorted(high, key=lambda t: (-t[0], t[1], t[2]))[:10]],
        "bottom": [[i, j, v] for v, i, j in sorted(low)[:10]],
    }
(here / "synthetic_16k.json").write_text(json.dumps(golden) + "\n")
