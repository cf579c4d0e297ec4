"""Golden numbers for the tests of antonyms and their power: numpy float64, every draw made again from the same seeded numbers (tensor/rng.py).

Reads ../fixtures/geometry/params.npz, writes antonym_tests.json. Run: python3 test/golden/antonym_tests.py   (numpy 2.4)
"""
import json, math, pathlib, sys

import numpy as np

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here / "tensor"))
from rng import integers  # noqa: E402

SEED, DRAWS, DENSE, LEVEL, POWER = 5, 499, 0.1, 0.2, 0.8
CONCEPTS = [
    ([0, 1, 2], [3, 4]), ([17], [4, 17, 31]), ([8, 44], [31, 45]), ([20], [21]), ([9, 10], [11]),
    ([12], [13, 14]), ([2], [55]), ([44], [56]),
]
params = np.load(here.parent / "fixtures" / "geometry" / "params.npz")
densities = np.full(60, 0.002)
densities[[0, 1, 9, 12, 13, 20, 6, 7, 15, 16, 18, 19, 24, 25, 26, 27, 28, 29, 30, 32, 35, 36, 37]] = 0.05
densities[[5, 17]] = 0.0
densities[[3, 33, 34]] = 0.4
densities[[40, 41]] = 0.0003
density = [None if f in (21, 22, 23) else float(densities[f]) for f in range(60)]


class Draws:
    def __init__(self, stream):
        self.source = integers(SEED, stream)
        next(self.source)

    def integer(self, bound):
        return self.source.send(bound)


def shuffle(order, source):
    for last in range(len(order) - 1, 0, -1):
        other = source.integer(last + 1)
        order[last], order[other] = order[other], order[last]


def matched(strata, source):
    decks = [list(candidates) for _, candidates in strata]
    while True:
        drawn = {}
        for (places, _), deck in zip(strata, decks):
            for k, place in enumerate(places):
                other = k + source.integer(len(deck) - k)
                deck[k], deck[other] = deck[other], deck[k]
                drawn[place] = deck[k]
        yield drawn


def summary(observed, drawn, enumerated=False):
    drawn = np.array(drawn)
    below, above = int((drawn <= observed + 1e-9).sum()), int((drawn >= observed - 1e-9).sum())
    spare = 0 if enumerated else 1
    return {"observed": float(observed), "null_mean": float(drawn.mean()), "null_sd": float(drawn.std()), "draws": len(drawn),
            "p": min(1.0, 2 * (spare + min(below, above)) / (spare + len(drawn)))}


def adjusted(p):
    order = np.argsort(p)[::-1]
    out, least = [None] * len(p), 1.0
    for place, index in enumerate(order):
        least = min(least, p[index] * len(p) / (len(p) - place))
        out[index] = least
    return out


def bins_of(pool, home):
    """Quarter decades, the neediest joined with its smaller neighbour; features that were never active lowest, unknown ones apart."""
    groups = {}
    key = lambda f: "?" if density[f] is None else -math.inf if density[f] == 0 else math.floor(math.log10(density[f]) * 4)
    for f in pool:
        groups.setdefault(key(f), ([], []))[1].append(f)
    for place, f in enumerate(home):
        groups[key(f)][0].append(place)
    unknown = groups.pop("?", None)
    bins = [groups[k] for k in sorted(groups)]
    lack = lambda b: 2 * len(b[0]) + 8 - len(b[1]) if b[0] else 0
    while len(bins) > 1 and max(map(lack, bins)) > 0:
        worst = max(range(len(bins)), key=lambda k: lack(bins[k]))
        size = lambda k: len(bins[k][1]) if 0 <= k < len(bins) else math.inf
        first = worst - 1 if size(worst - 1) <= size(worst + 1) else worst
        joined = tuple(a + b for a, b in zip(bins[first], bins[first + 1]))
        bins[first:first + 2] = [joined]
    return [b for b in bins + ([unknown] if unknown else []) if b[0]]


def analyse(cos, concepts, usable, pool=None):
    """`pool` in the order in which it is drawn from; where left out, the concepts' features before all others."""
    sides = [([f for f in a if usable(f)], [f for f in b if usable(f)]) for a, b in concepts]
    sides = [(a, b) if any(x != y for x in a for y in b) else ([], []) for a, b in sides]
    home = list(dict.fromkeys(f for a, b in sides for f in a + b))
    place = {f: k for k, f in enumerate(home)}
    pool = pool or home + [f for f in range(60) if usable(f) and f not in place]
    pairs = [[(place[x], place[y]) for x in a for y in b if x != y] for a, b in sides]
    used = [c for c, of in enumerate(pairs) if of]

    def measure(at):
        means = [np.mean([cos[at[x], at[y]] for x, y in of]) if of else math.nan for of in pairs]
        return np.array(means), float(np.mean([cos[at[x], at[y]] for of in pairs for x, y in of]))

    def compare(draw):
        own, own_pooled = measure(home)
        drawn = [measure(next(draw)) for _ in range(DRAWS)]
        means = np.array([m for m, _ in drawn])
        macro = lambda m, skip=None: np.mean([m[c] for c in used if c != skip])
        tests = {c: summary(own[c], means[:, c]) for c in used}
        for c, q in zip(used, adjusted(np.array([tests[c]["p"] for c in used]))):
            low, high = np.quantile(means[:, c], [0.025, 0.975])
            tests[c] |= {"q": float(q), "low": float(own[c] - high), "high": float(own[c] - low)}
        return {"macro": summary(macro(own), [macro(m) for m in means]), "pooled": summary(own_pooled, [p for _, p in drawn]),
                "concepts": [tests.get(c) for c in range(len(pairs))],
                "without": [summary(macro(own, c), [macro(m, c) for m in means]) for c in used]}

    def orders():
        n, source = len(used), Draws("antonym-permutation")
        table = [[[cos[x, y] for x in sides[c][0] for y in sides[o][1] if x != y] for o in used] for c in used]
        def of(order, keep):
            blocks = [table[k][order[k]] for k in keep]
            return float(np.mean([np.mean(b) for b in blocks if b])), float(np.mean([v for b in blocks for v in b]))
        order, drawn, rest = list(range(n)), [], [[] for _ in range(n)]
        own, own_rest = of(order, order), [of(order, [j for j in order if j != k])[0] for k in range(n)]
        for _ in range(DRAWS):
            shuffle(order, source)
            drawn.append(of(order, range(n)))
            for k in range(n):
                cut = list(order)
                cut[order.index(k)] = order[k]
                rest[k].append(of(cut, [j for j in range(n) if j != k])[0])
        return {"macro": summary(own[0], [m for m, _ in drawn]), "pooled": summary(own[1], [p for _, p in drawn]),
                "without": [summary(o, r) for o, r in zip(own_rest, rest)]}

    anyone, strata = [(range(len(home)), pool)], bins_of(pool, home)
    pair_sd = np.std([cos[i, j] for k, i in enumerate(pool) for j in pool[k + 1:]])
    power = {}
    for name, stream, decks in (("matched-random", "power-matched", anyone), ("matched-density", "power-density", strata)):
        draw = matched(decks, Draws(stream))
        macros = np.array([np.nanmean(measure(next(draw))[0]) for _ in range(DRAWS)])
        low, high = np.quantile(macros, [LEVEL / 2, 1 - LEVEL / 2])
        power[name] = {"null_mean": float(macros.mean()), "null_sd": float(macros.std()), "drop": float(np.quantile(macros, POWER) - low),
                       "at": [float(np.mean((macros + s <= low) | (macros + s >= high))) for s in (-0.05, -0.2)]}
    found = {"pairs": sum(map(len, pairs)), "pair_sd": float(pair_sd), "permutation": orders(),
             "matched_random": compare(matched(anyone, Draws("antonym-matched"))), "matched_density": compare(matched(strata, Draws("antonym-density"))),
             "bins": [{"places": len(places), "candidates": len(deck)} for places, deck in strata], "power": power}
    return found, pool


def space(matrix):
    rows = matrix.astype(np.float64)
    norms = np.sqrt((rows * rows).sum(1))
    usable = lambda f: bool(np.isfinite(norms[f]) and norms[f] > 0)
    ids = [f for f in range(60) if usable(f)]
    unit = np.full(rows.shape, np.nan)
    unit[ids] = rows[ids] / norms[ids, None]
    centred = unit - unit[ids].mean(0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    raw, pool = analyse(unit @ unit.T, CONCEPTS, usable)
    sparse = lambda f: usable(f) and (density[f] or 0) <= DENSE
    return {"raw": raw, "centred": analyse(centred @ centred.T, CONCEPTS, usable)[0],
            "without_dense": analyse(unit @ unit.T, CONCEPTS, sparse, [f for f in pool if sparse(f)])[0]}


golden = {"concepts": [{"concept": str(k), "a": {"label": "x", "features": a}, "b": {"label": "y", "features": b}} for k, (a, b) in enumerate(CONCEPTS)],
          "densities": density, "seed": SEED, "draws": DRAWS, "dense_above": DENSE, "level": LEVEL, "power": POWER,
          "encoder": space(params["W_enc"].T), "decoder": space(params["W_dec"])}
(here / "antonym_tests.json").write_text(json.dumps(golden) + "\n")
