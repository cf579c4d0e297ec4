"""Golden census for src/search/census.test.ts, computed apart from it: numpy float64, every pair. Writes census.json beside it: pairs, moments, histogram (1,024 bins, as
[bin, count] of those that are not empty), counts below cosines, ranks, per set of rows of make.py. Run: python3 test/golden/search/census.py   (numpy 2.4)
"""
import json, pathlib
import numpy as np
from make import cosines, made, whole_numbers

BINS = 1024
#: Distance from every edge and asked cosine that float64 sums in another order cannot cover; where rows are whole numbers both sides round alike.
GAP = 1e-13
here = pathlib.Path(__file__).parent


def census(rows, others, is_exact):
    cos = cosines(rows, rows if others is None else others)
    values = cos[np.triu_indices(len(rows), 1)] if others is None else cos.ravel()
    values = values[~np.isnan(values)]
    asked = [-1.0, -0.25, -0.05, 0.0, 0.0123, 0.05, 0.3, 0.7, 1.0]
    if is_exact:
        asked += [float(v) for v in np.unique(values)[[3, 500, 2000]]]
    else:
        scaled = values * (BINS / 2)
        assert np.abs(scaled - np.rint(scaled)).min() > GAP * BINS and all(np.abs(values - limit).min() > GAP for limit in asked[1:-1])
    bins = np.clip(np.floor(values * (BINS / 2)).astype(int) + BINS // 2, 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    mean, sd = values.mean(), values.std()
    queries = [(q * 37 % len(rows), (q * 91 + 5) % cos.shape[1]) for q in range(60)]
    ranks = []
    for start, end in queries:
        seen = cos[start].copy()
        if others is None:
            seen[start] = np.nan
        ranks.append(None if np.isnan(seen[end]) else int(1 + (seen > seen[end]).sum()))
        assert is_exact or np.isnan(seen[end]) or np.partition(np.abs(np.nan_to_num(seen, nan=9) - seen[end]), 1)[1] > GAP
    return {
        "pairs": len(values), "mean": mean, "sd": sd, "skewness": ((values - mean) ** 3).mean() / sd**3,
        "histogram": [[int(bin), int(counts[bin])] for bin in np.flatnonzero(counts)],
        "asked": asked, "below": [int((values < limit).sum()) for limit in asked],
        "queries": queries, "ranks": ranks,
    }


golden = {}
for kind, n, d in (("struct", 1300, 576), ("gauss", 1100, 200), ("aniso", 1500, 640)):
    golden[kind] = {"n": n, "d": d, "seed": 10} | census(made(kind, n, d, 10), None, False)
golden["between"] = {"n": [1100, 700], "d": 200, "seed": [10, 20]} | census(made("gauss", 1100, 200, 10), made("struct", 700, 200, 20), False)
golden["ties"] = {"n": 700, "d": 7, "seed": 40} | census(whole_numbers(700, 7, 40), None, True)
(here / "census.json").write_text(json.dumps(golden) + "\n")
