"""Golden extremes and neighbours, computed apart from src/: numpy float64, every cosine written out and sorted.

Writes ../fixtures/extremes/{first,second}/params.npz (two small SAEs of one model, Gemma Scope layout), ../fixtures/extremes/{first,second}.jsonl
(rows of a Neuronpedia export: how often each feature is active, and what some mean) and extremes.json.
Run: python3 test/golden/extremes.py   (numpy 2.4)
"""
import json, pathlib
import numpy as np

here = pathlib.Path(__file__).parent
fixtures = here.parent / "fixtures" / "extremes"
rng = np.random.default_rng(20)
D = 12
K = 9
RANGE = (0.01, 0.2)                     # of densities, for the filtered searches


def dictionary(n):
    enc = rng.normal(size=(n, D)).astype(np.float32)
    dec = (0.6 * enc + rng.normal(size=(n, D)) + 0.2).astype(np.float32)
    density = 10.0 ** rng.uniform(-4, 0, size=n)
    return {"enc": enc, "dec": dec, "density": density}


first, second = dictionary(40), dictionary(31)
first["dec"][8] = 2 * first["dec"][31]                       # ties: the same direction, another length
first["enc"][17], first["dec"][17] = -first["enc"][4], -0.5 * first["dec"][4]     # antipodal in both
first["dec"][22] = 0                                         # no direction in the decoder
first["enc"][30, 5] = np.nan                                 # none in the encoder
second["dec"][6] = first["dec"][9]                           # a feature that both have
second["enc"][6] = 3 * first["enc"][9]
second["dec"][14] = -first["dec"][12]
second["enc"][1] = 0
first["density"][[4, 17]] = 0.5                              # the antipodal pair is dense

for name, sae in {"first": first, "second": second}.items():
    folder = fixtures / name
    folder.mkdir(parents=True, exist_ok=True)
    n = len(sae["enc"])
    np.savez(folder / "params.npz", W_enc=sae["enc"].T.copy(), W_dec=sae["dec"], b_enc=np.zeros(n, np.float32),
             b_dec=np.zeros(D, np.float32), threshold=np.full(n, 0.1, np.float32))
    with open(fixtures / f"{name}.jsonl", "w") as out:
        for i, density in enumerate(sae["density"]):
            if i == 3:                                       # of this one nothing is known
                continue
            row = {"modelId": "m", "layer": f"{name}-x", "index": str(i), "frac_nonzero": density, "maxActApprox": 2.0 * i,
                   "explanations": [{"description": f"{name} {i}"}] if i % 2 == 0 else []}
            out.write(json.dumps(row) + "\n")


def cosines(a, b):
    rows = [m.astype(np.float64) for m in (a, b)]
    with np.errstate(all="ignore"):
        unit = [r / np.sqrt((r * r).sum(1))[:, None] for r in rows]
    cos = np.einsum("id,jd->ij", *unit)
    return np.clip(cos, -1, 1)                               # NaN where a row has no direction


def kept(sae):
    density = sae["density"].copy()
    density[3] = np.nan
    return (density >= RANGE[0]) & (density <= RANGE[1])


def ends(cos, other, pairs, k=K):
    known = [(i, j) for i, j in pairs if not np.isnan(cos[i, j])]
    # Rounded, because sums in another order differ by 1e-16 where the truth is a tie.
    top = sorted(known, key=lambda p: (-round(cos[p], 12), *p))[:k]
    bottom = sorted(known, key=lambda p: (round(cos[p], 12), *p))[:k]
    shown = lambda found: [[int(i), int(j), cos[i, j], None if np.isnan(other[i, j]) else other[i, j]] for i, j in found]
    values = np.array([cos[p] for p in known])
    counts = np.histogram(values, bins=32, range=(-1, 1))[0].tolist()
    census = {"mean": values.mean(), "sd": values.std(), "counts": counts} if known else {}
    return {"pairs": len(known), "top": shown(top), "bottom": shown(bottom), **census}


within = {s: cosines(first[s], first[s]) for s in ("enc", "dec")}
between = {s: cosines(first[s], second[s]) for s in ("enc", "dec")}
n, m = len(first["enc"]), len(second["enc"])
upper = [(i, j) for i in range(n) for j in range(i + 1, n)]
table = [(i, j) for i in range(n) for j in range(m)]
keep_a, keep_b = kept(first), kept(second)
other = {"enc": "dec", "dec": "enc"}
names = {"enc": "encoder", "dec": "decoder"}
golden = {"k": K, "density": RANGE, "kept": [int(keep_a.sum()), int(keep_b.sum())]}
for title, cos, pairs, keep in (
    ("within", within, upper, lambda i, j: keep_a[i] and keep_a[j]),
    ("between", between, table, lambda i, j: keep_a[i] and keep_b[j]),
):
    golden[title] = {names[s]: ends(cos[s], cos[other[s]], pairs) for s in cos}
    golden[f"{title}_filtered"] = {
        names[s]: ends(cos[s], cos[other[s]], [p for p in pairs if keep(*p)]) for s in cos
    }
golden["neighbors"] = [
    {
        "feature": f,
        "among": among,
        "space": names[s],
        **ends(cos[s], cos[other[s]], [(f, j) for j in range(cos[s].shape[1]) if cos is between or j != f]),
    }
    for f in (31, 4, 22)
    for s in ("enc", "dec")
    for among, cos in ((0, within), (1, between))
]
(here / "extremes.json").write_text(json.dumps(golden, indent=1) + "\n")
