"""Golden numbers for src/stats, from scipy and statsmodels; the exact test of 2 x k tables in whole numbers, every table enumerated.

Writes stats.json. Run: python3 test/golden/stats/make.py   (scipy 1.17, statsmodels 0.15)
"""
import json, pathlib
from fractions import Fraction
from itertools import product
from math import comb, prod

import numpy as np
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(5)


def freeman_halton(first, second):
    columns = [a + b for a, b in zip(first, second)]
    top = sum(first)
    weight = lambda row: prod(comb(n, k) for n, k in zip(columns, row))
    observed = weight(first)
    rows = product(*(range(n + 1) for n in columns[:-1]))
    full = ((*row, top - sum(row)) for row in rows if 0 <= top - sum(row) <= columns[-1])
    extreme = sum(w for w in map(weight, full) if w <= observed)
    return float(Fraction(extreme, comb(sum(columns), top)))


def table(first, second):
    used = np.array([[a, b] for a, b in zip(first, second) if a + b > 0]).T
    chi = stats.chi2_contingency(used, correction=False)
    result = {"first": first, "second": second, "exact": freeman_halton(first, second),
              "statistic": chi.statistic, "freedom": int(chi.dof), "p": chi.pvalue}
    if used.shape[1] == 2:
        # Two programs for the same number.
        assert abs(stats.fisher_exact(used)[1] - result["exact"]) < 1e-12
    return result


# The article's arms beside its own +Happy+Sad, whose column stands for a control here; then random ones.
article = [[5, 2, 11, 1, 1], [0, 12, 6, 2, 0], [11, 1, 6, 1, 0], [7, 0, 10, 2, 1], [2, 8, 5, 1, 4], [3, 2, 15, 0, 0], [3, 0, 14, 0, 3]]
tables = [table(arm, [5, 2, 11, 1, 1]) for arm in article]
tables += [table([1, 9], [11, 3]), table([3, 1], [1, 3]), table([0, 5], [5, 0]), table([10, 0, 0], [7, 0, 3]), table([20, 0, 0, 0, 0], [0, 0, 20, 0, 0])]
for _ in range(12):
    k = int(rng.integers(2, 6))
    tables.append(table(rng.multinomial(int(rng.integers(1, 25)), rng.dirichlet(np.ones(k))).tolist(),
                        rng.multinomial(int(rng.integers(1, 25)), rng.dirichlet(np.ones(k))).tolist()))

confusions = [[[20, 5], [10, 15]], [[9, 1, 0], [2, 7, 1], [0, 3, 12]], [[4, 0], [0, 6]], [[0, 5], [5, 0]], [[3, 2, 0], [0, 0, 0], [1, 1, 8]]]
confusions += [rng.multinomial(60, rng.dirichlet(np.ones(25))).reshape(5, 5).tolist() for _ in range(4)]


def kappa(confusion):
    result = cohens_kappa(np.array(confusion))
    return {"table": confusion, "kappa": result.kappa, "low": max(-1, result.kappa_low), "high": min(1, result.kappa_upp)}


p_values = [[0.01, 0.02, 0.03, 0.04], [0.9, 0.001, 0.04, 0.03, 0.2, 0.04], [0.5], [1, 1, 0.99], rng.random(20).tolist()]
golden = {
    "tables": tables,
    "chi_squared_tails": [{"statistic": x, "freedom": k, "p": stats.chi2.sf(x, k)}
                          for k in (1, 2, 4, 30, 400) for x in (1e-9, 0.3, 1, 4.2, 30, 400, 900)],
    "wilson": [{"successes": k, "trials": n, "interval": [float(v) for v in proportion_confint(k, n, method="wilson")]}
               for k, n in [(14, 20), (0, 20), (20, 20), (1, 1), (0, 1), (8, 19), (500, 1000)]],
    "benjamini_hochberg": [{"p": p, "adjusted": stats.false_discovery_control(p).tolist()} for p in p_values],
    "kappa": [kappa(c) for c in confusions],
}
pathlib.Path(__file__).with_name("stats.json").write_text(json.dumps(golden, indent=1) + "\n")
