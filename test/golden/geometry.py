"""Golden numbers for src/geometry, computed apart from it: numpy float64, every pair enumerated.

Writes ../fixtures/geometry/params.npz (a small SAE in the Gemma Scope layout) and geometry.json.
Run: python3 test/golden/geometry.py   (numpy 2.4)
"""
import itertools, json, pathlib
import numpy as np

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)
d_in, d_sae = 12, 60
W_enc = rng.normal(size=(d_in, d_sae)).astype(np.float32)
W_dec = (W_enc.T + 0.8 * rng.normal(size=(d_sae, d_in)) + 0.3).astype(np.float32)
W_dec[17] = -W_dec[4] + 0.05 * rng.normal(size=d_in)      # antipodal in the decoder
W_enc[:, 17] = -W_enc[:, 4]                                # and in the encoder
W_dec[31] = W_dec[8]                                       # exact duplicate
W_dec[44] = 0                                              # no direction
W_enc[3, 45] = np.nan
fixtures = here.parent / "fixtures" / "geometry"
fixtures.mkdir(parents=True, exist_ok=True)
np.savez(fixtures / "params.npz", W_enc=W_enc, W_dec=W_dec, b_enc=np.zeros(d_sae, np.float32),
         b_dec=np.zeros(d_in, np.float32), threshold=np.full(d_sae, 0.1, np.float32))

concepts = [
    {"concept": "One", "a": {"label": "x", "features": [0, 1, 2]}, "b": {"label": "y", "features": [3, 4]}},
    {"concept": "Two", "a": {"label": "x", "features": [17]}, "b": {"label": "y", "features": [4, 17, 31]}},
    {"concept": "Three", "a": {"label": "x", "features": [8, 44]}, "b": {"label": "y", "features": [31, 45]}},
]


def space(matrix):
    rows = matrix.astype(np.float64)
    norms = np.sqrt((rows * rows).sum(1))
    usable = np.isfinite(norms) & (norms > 0)
    with np.errstate(all="ignore"):
        unit = rows / norms[:, None]
    ids = np.flatnonzero(usable)
    cos = np.full((d_sae, d_sae), np.nan)
    cos[np.ix_(ids, ids)] = np.clip(unit[ids] @ unit[ids].T, -1, 1)
    population = np.array([cos[i, j] for i, j in itertools.combinations(ids, 2)])
    centre = unit[ids].mean(0)
    centred = unit - centre
    mean, sd = population.mean(), population.std()
    pairs, means = [], []
    for c in concepts:
        of_concept = []
        for a in c["a"]["features"]:
            for b in c["b"]["features"]:
                if a == b:
                    continue
                v = cos[a, b]
                if np.isnan(v):
                    pairs.append({"concept": c["concept"], "a": a, "b": b, "cos": None})
                    continue
                of_concept.append(v)
                others_a = [j for j in ids if j != a]
                others_b = [j for j in ids if j != b]
                # Ties and the pair itself: only clearly smaller or larger values count (float64 noise here is below 1e-12).
                pairs.append({
                    "concept": c["concept"], "a": a, "b": b, "cos": v,
                    "below": int((population < v - 1e-12).sum()), "z": (v - mean) / sd,
                    "rank_of_b": 1 + int((cos[a, others_a] > v + 1e-12).sum()),
                    "rank_of_a": 1 + int((cos[b, others_b] > v + 1e-12).sum()),
                    "centred": float(centred[a] @ centred[b] / np.linalg.norm(centred[a]) / np.linalg.norm(centred[b])),
                })
        means.append(float(np.mean(of_concept)))
    known = [p["cos"] for p in pairs if p["cos"] is not None]
    ordered = sorted(((cos[i, j], i, j) for i, j in itertools.combinations(ids, 2)), key=lambda t: (-round(t[0], 12), t[1], t[2]))
    return {
        "pairs": pairs, "concept_means": means, "pooled": float(np.mean(known)), "macro": float(np.mean(means)),
        "population": {"pairs": len(population), "mean": float(mean), "sd": float(sd)},
        "top": [[int(i), int(j), float(v)] for v, i, j in ordered[:5]],
        "bottom": [[int(i), int(j), float(v)] for v, i, j in sorted(((cos[i, j], i, j) for i, j in itertools.combinations(ids, 2)))[:5]],
        "mean_direction_length": float(np.linalg.norm(centre)),
    }


enc64, dec64 = W_enc.T.astype(np.float64), W_dec.astype(np.float64)
with np.errstate(all="ignore"):
    same = (enc64 * dec64).sum(1) / np.linalg.norm(enc64, axis=1) / np.linalg.norm(dec64, axis=1)
features = sorted({f for c in concepts for f in c["a"]["features"] + c["b"]["features"]})
same_concepts = [same[f] for f in features if np.isfinite(same[f])]
golden = {
    "concepts": concepts, "encoder": space(W_enc.T), "decoder": space(W_dec),
    "same_feature": {
        "concepts": {"n": len(same_concepts), "mean": float(np.mean(same_concepts)), "max": float(np.max(same_concepts)), "min": float(np.min(same_concepts))},
        "dictionary": {"n": int(np.isfinite(same).sum()), "mean": float(np.nanmean(same)), "argmax": int(np.nanargmax(same)), "argmin": int(np.nanargmin(same))},
    },
}
(here / "geometry.json").write_text(json.dumps(golden, indent=1) + "\n")
