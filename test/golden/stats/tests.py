"""Golden numbers for the statistics behind the tests of antonyms: numpy, scipy, and mpmath where tails are smaller than doubles like.

Resampling draws from the same seeded numbers through a second implementation of the generator (../tensor/rng.py).
Writes tests.json. Run: python3 test/golden/stats/tests.py   (numpy 2.4, scipy 1.17, mpmath 1.3)
"""
import json, math, pathlib, sys

import mpmath as mp
import numpy as np
from scipy import integrate, stats

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent / "tensor"))
from rng import integers  # noqa: E402

mp.mp.dps = 40
rng = np.random.default_rng(11)


class Draws:
    def __init__(self, seed, stream):
        self.source = integers(seed, stream)
        next(self.source)

    def integer(self, bound):
        return self.source.send(bound)


# Samples.
samples = [rng.normal(size=50).tolist(), (1e6 + rng.exponential(size=40)).tolist(), [3.0], [2.0, 2.0, 2.0], [1.0, -4.0]]
moments = [{"values": v, "mean": float(np.mean(v)), "sd": float(np.std(v)),
            "skewness": None if np.std(v) == 0 else float(stats.skew(v))} for v in samples]
shares = [0, 0.025, 0.1, 0.5, 0.8, 0.975, 1]
quantiles = [{"values": v, "shares": shares, "quantiles": np.quantile(v, shares).tolist()} for v in samples]

# Tails. scipy agrees to its own precision; what is written is mpmath's.
log = lambda x: float(mp.log(x))
def normal_tail(z):
    return mp.erfc(mp.mpf(z) / mp.sqrt(2)) / 2
normal_tails = []
for z in (-6, -1.5, 0, 0.3, 1.959963984540054, 5.5, 12, 30):
    value = normal_tail(z)
    assert math.isclose(float(value), stats.norm.sf(z), rel_tol=1e-12)
    normal_tails.append({"z": z, "tail": float(value)})
normal_quantiles = [{"tail": t, "z": float(stats.norm.isf(t))} for t in (0.975, 0.6, 0.5, 0.2, 0.025, 1e-6, 3.7e-9, 1e-20, 1e-200)]

incomplete_betas = []
for a, b, x in ((0.5, 0.5, 0.3), (2, 3, 0.9), (1151.5, 0.5, 0.5), (1151.5, 0.5, 0.999), (1151.5, 0.5, 0.9999), (0.5, 1151.5, 0.0001), (5.5, 0.5, 1e-6), (31.5, 31.5, 0.2)):
    value = log(mp.betainc(mp.mpf(a), mp.mpf(b), 0, mp.mpf(x), regularized=True))
    with np.errstate(divide="ignore"):
        other = stats.beta.logcdf(x, a, b)
    assert math.isclose(value, other, rel_tol=1e-9) or not np.isfinite(other), (a, b, x, value, other)
    incomplete_betas.append({"a": a, "b": b, "x": x, "log": value})

def log_cosine_tail(x, d):
    upper = mp.betainc(mp.mpf(d - 1) / 2, mp.mpf(1) / 2, 0, 1 - mp.mpf(x) ** 2, regularized=True) / 2
    return upper if x >= 0 else 1 - upper
cosine_tails = [{"d": d, "x": x, "log": log(log_cosine_tail(x, d))}
                for d in (2, 3, 12, 64, 2304) for x in (-0.5, 0, 0.01, 0.12, 0.3, 0.9)]
cosine_quantiles = [{"d": d, "tail": t, "x": float(2 * stats.beta((d - 1) / 2, (d - 1) / 2).isf(t) - 1)}
                    for d in (2, 3, 12, 64, 2304) for t in (0.9, 0.5, 0.3, 0.025, 1e-5, 1e-9)]

# Extremes of n independent draws: E max = integral of x n f(x) F(x)^(n-1).
def expected_max(n, dist, low, high):
    g = lambda x: x * n * math.exp(dist.logpdf(x) + (n - 1) * math.log1p(-dist.sf(x))) if dist.sf(x) < 1 else 0.0
    middle = dist.isf(1 - 0.5 ** (1 / n)) if n < 1e6 else dist.isf(-math.expm1(math.log(0.5) / n))
    points = sorted({min(max(p, low), high) for p in (middle, dist.isf(-math.expm1(-20 / n)), dist.isf(-math.expm1(math.log1p(-1e-4) / n)))})
    edges = [low, *points, high]
    return sum(integrate.quad(g, a, b, epsabs=1e-13, epsrel=1e-12, limit=400)[0] for a, b in zip(edges, edges[1:]) if b > a)

def largest(n, dist, low, high):
    at = lambda q: float(dist.isf(-math.expm1(math.log(q) / n)))
    return {"mean": expected_max(n, dist, low, high), "median": at(0.5), "low": at(0.025), "high": at(0.975)}

extremes = []
for n in (1, 10, 1000, 134_209_536):
    for mean, sd in ((0, 1), (0.01, 0.0208)):
        extremes.append({"law": "normal", "mean": mean, "sd": sd, "draws": n, "largest": largest(n, stats.norm(mean, sd), mean - 10 * sd, mean + 12 * sd)})
for n in (1, 10, 1000, 134_209_536):
    for d in (12, 64, 2304):
        dist = stats.beta((d - 1) / 2, (d - 1) / 2, loc=-1, scale=2)
        extremes.append({"law": "cosine", "d": d, "draws": n, "largest": largest(n, dist, -1, 1)})

# Power.
null = np.sort(rng.normal(0.003, 0.004, 2000))
power = {"draws": null.tolist(), "level": 0.05, "power": 0.8, "drop": float(np.quantile(null, 0.8) - np.quantile(null, 0.025)),
         "shifts": [{"shift": s, "power": float(np.mean((null + s <= np.quantile(null, 0.025)) | (null + s >= np.quantile(null, 0.975))))} for s in (-0.02, -0.01, -0.004, 0, 0.006, 0.03)],
         "normal": [{"sd": sd, "shift": s, "level": level,
                     "power": float(stats.norm.cdf(-stats.norm.isf(level / 2) - s / sd) + stats.norm.sf(stats.norm.isf(level / 2) - s / sd)),
                     "drop": float(sd * (stats.norm.isf(level / 2) + stats.norm.isf(0.2)))}
                    for sd, s, level in ((1, -2.8, 0.05), (0.004, 0.01, 0.01), (0.02, 0, 0.1))]}

# Uniformity.
uniform = [{"values": v, "statistic": float(k.statistic), "p": float(k.pvalue)}
           for v in (rng.uniform(size=200).tolist(), (rng.uniform(size=150) ** 1.3).tolist(), [0.1, 0.2, 0.9])
           for k in [stats.kstest(v, "uniform", method="asymp")]]

# All orders: scipy enumerates the pairings of two samples, here of rows and columns of a table.
def pairings(table):
    n = len(table)
    statistic = lambda order: np.mean([table[k][int(order[k])] for k in range(n)])
    result = stats.permutation_test((np.arange(n),), statistic, permutation_type="pairings", n_resamples=np.inf, alternative="two-sided", vectorized=False)
    return {"table": np.asarray(table).tolist(), "statistic": float(result.statistic), "p": float(result.pvalue), "mean": float(np.mean(result.null_distribution)), "sd": float(np.std(result.null_distribution))}
orders = [pairings(rng.normal(size=(n, n))) for n in (2, 4, 6)]
orders.append(pairings(rng.normal(size=(6, 6)) - 1.5 * np.eye(6)))

# Seeded: the first orders, stand-ins and resamples.
def shuffles(n, count, seed, stream):
    source, order, out = Draws(seed, stream), list(range(n)), []
    for _ in range(count):
        for last in range(n - 1, 0, -1):
            other = source.integer(last + 1)
            order[last], order[other] = order[other], order[last]
        out.append(list(order))
    return out

def stand_ins(strata, count, seed, stream):
    source, out = Draws(seed, stream), []
    decks = [list(s["candidates"]) for s in strata]
    for _ in range(count):
        drawn = {}
        for stratum, deck in zip(strata, decks):
            for k, place in enumerate(stratum["places"]):
                other = k + source.integer(len(deck) - k)
                deck[k], deck[other] = deck[other], deck[k]
                drawn[place] = deck[k]
        out.append([drawn[p] for p in sorted(drawn)])
    return out
strata = [{"places": [0, 3], "candidates": [10, 11, 12, 13, 14]}, {"places": [1, 2], "candidates": [20, 21]}]

def bootstrap(sums, weights, draws, seed, level):
    s, w, n = np.array(sums), np.array(weights), len(sums)
    def ratio(index):
        r = s[index].sum() / w[index].sum()
        e = np.sqrt(n / (n - 1) * ((s[index] - r * w[index]) ** 2).sum()) / w[index].sum()
        return r, e
    estimate, error = ratio(np.arange(n))
    source, t = Draws(seed, "bootstrap"), []
    for _ in range(draws):
        r, e = ratio([source.integer(n) for _ in range(n)])
        t.append(0.0 if abs(r - estimate) < 1e-15 else (r - estimate) / e if e > 1e-14 else math.copysign(math.inf, r - estimate))
    t.sort()
    tail = max(1, math.floor((draws + 1) * (1 - level) / 2))
    return {"sums": sums, "weights": weights, "draws": draws, "seed": seed, "level": level, "estimate": float(estimate), "standard_error": float(error),
            "low": float(estimate - t[draws - tail] * error), "high": float(estimate - t[tail - 1] * error)}

means = rng.normal(-0.1, 0.2, 12)
counts = rng.integers(1, 30, 12)
bootstraps = [bootstrap(means.tolist(), [1] * 12, 999, 3, 0.95), bootstrap((means * counts).tolist(), counts.tolist(), 999, 3, 0.95), bootstrap(rng.exponential(size=20).tolist(), [1] * 20, 500, 8, 0.9)]
assert math.isclose(bootstraps[0]["standard_error"], stats.sem(means), rel_tol=1e-12)

golden = {"moments": moments, "quantiles": quantiles, "normal_tails": normal_tails, "normal_quantiles": normal_quantiles, "incomplete_betas": incomplete_betas,
          "cosine_tails": cosine_tails, "cosine_quantiles": cosine_quantiles, "extremes": extremes, "power": power, "uniform": uniform, "orders": orders,
          "shuffles": {"n": 6, "seed": 4, "stream": "orders", "orders": shuffles(6, 5, 4, "orders")},
          "stand_ins": {"strata": strata, "seed": 4, "stream": "stand-ins", "draws": stand_ins(strata, 6, 4, "stand-ins")}, "bootstraps": bootstraps}
(here / "tests.json").write_text(json.dumps(golden) + "\n")
