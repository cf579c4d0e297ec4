"""What arms do to a residual stream, from METHOD's formulas, in float64 with numpy alone: the embedded default's SAE of layer 2.

x is one made-up residual vector. For `add`: the vector that is added. For the others: what becomes of x. P is numpy's least-squares projection onto the
decoder rows; a clamp is decode(f') - decode(f) with every feature encoded.

    python3 arms.py > arms.json
"""

import json
import os

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
sae = np.load(os.path.join(here, "..", "..", "..", "organism", "sae", "2-res-2k", "params.npz"))
W_enc, W_dec = sae["W_enc"].astype(np.float64), sae["W_dec"].astype(np.float64)
b_enc, b_dec, threshold = (sae[name].astype(np.float64) for name in ("b_enc", "b_dec", "threshold"))

A, B = [642], [229, 1124, 1514]
MEAN_NORM = 28.0
x = np.sin(1.7 * np.arange(W_dec.shape[1]) + 0.3) * 20 + b_dec
# So that some of the features are active in it, as they are in texts.
x = x + 9 * W_dec[642] + 14 * W_dec[1124]

SIGNS = {
    "+Happy+Sad": (1, 1),
    "-Happy+Sad": (-1, 1),
    "-Sad+Happy": (1, -1),
    "+Happy": (1, 0),
    "+Sad": (0, 1),
    "-Happy": (-1, 0),
    "-Sad": (0, -1),
}


def encode(h):
    pre = h @ W_enc + b_enc
    return np.where(pre > threshold, np.maximum(pre, 0), 0)


def decode(f):
    return f @ W_dec + b_dec


def coefficients(unit, strength, features):
    if unit == "absolute":
        return {f: strength for f in features}
    if unit == "max-activation":
        return {f: strength * (3 + f / 1000) for f in features}
    return {f: strength * MEAN_NORM / np.linalg.norm(W_dec[features].sum(axis=0)) for f in features}


def terms(unit, strength, signs):
    found = {}
    for features, sign in ((A, signs[0]), (B, signs[1])):
        if sign:
            found.update({f: sign * c for f, c in coefficients(unit, strength, features).items()})
    return found


def total(found):
    return sum(c * W_dec[f] for f, c in found.items())


def coordinates(features):
    """Least squares: x is nearest to coordinates @ rows."""
    rows = W_dec[features]
    return rows, np.linalg.lstsq(rows.T, x, rcond=None)[0]


def scaled(found):
    rows, at = coordinates(list(found))
    return x - at @ rows + (at * np.array(list(found.values()))) @ rows


def clamped(found):
    before = encode(x)
    after = before.copy()
    for f, c in found.items():
        after[f] = c
    return x + decode(after) - decode(before)


golden = {"x": x.tolist(), "mean_norm": MEAN_NORM, "add": {}, "clamp": {}, "project-out": {}, "orthogonal": {}}
for unit, strength in (("absolute", 12.5), ("max-activation", 1.5), ("mean-norm", 0.6)):
    golden["add"][unit] = {name: total(terms(unit, strength, signs)).tolist() for name, signs in SIGNS.items()}
for unit, strength in (("absolute", 12.5), ("mean-norm", 0.6)):
    golden["clamp"][unit] = {name: clamped(terms(unit, strength, signs)).tolist() for name, signs in SIGNS.items()}
for name, signs in SIGNS.items():
    golden["project-out"][name] = scaled({f: 0 for f in terms("absolute", 1, signs)}).tolist()
    golden["orthogonal"][name] = scaled(terms("absolute", 2.5, signs)).tolist()
both = total(terms("mean-norm", 0.6, (1, 1)))
golden["matched"] = (both * 0.6 * MEAN_NORM / np.linalg.norm(both)).tolist()
golden["active"] = [float(encode(x)[f]) for f in A + B]


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.8g}")


print(json.dumps(rounded(golden)))
