"""Golden extremes for src/search/extremes.test.ts, computed apart from it: numpy float64, every pair.

Writes struct.json, gauss.json, aniso.json, between.json and ties.json beside it. Run: python3 test/golden/search/make.py   (numpy 2.4)
The rows themselves are not stored: test/support/search_rows.ts makes the same ones. They come from whole numbers by steps that IEEE 754 rounds in one way only (no sums of more
than two terms, no logarithm), and a hash of their bytes stands beside the indices.
"""
import hashlib, json, pathlib
import numpy as np

here = pathlib.Path(__file__).parent
K = 1000
WORD = np.uint32


def scrambled(words):
    """The final mix of MurmurHash3, 32 bits."""
    words = words ^ (words >> WORD(16))
    words = words * WORD(0x85EBCA6B)
    words = words ^ (words >> WORD(13))
    words = words * WORD(0xC2B2AE35)
    return words ^ (words >> WORD(16))


def words(seed, first, count):
    start = scrambled(np.array([seed], WORD))
    return scrambled(np.arange(first, first + count, dtype=np.uint64).astype(WORD) + start)


def uniforms(seed, count):
    """In [0, 1)."""
    return words(seed, 0, count) / 2.0**32


def bells(seed, *shape):
    """Sums of four centred uniform numbers: exact in float64, bell-shaped, variance 1/3."""
    four = words(seed, 0, 4 * int(np.prod(shape))).reshape(-1, 4) / 2.0**32 - 0.5
    return (((four[:, 0] + four[:, 1]) + four[:, 2]) + four[:, 3]).reshape(shape)


def made(kind, n, d, seed):
    """float32 [n, d]: `gauss` has no structure; `struct` a common mean, clusters of every third row, and planted near-duplicates and near-antipodes; `aniso` the same with spreads that
    fall from coordinate to coordinate, in mixed order. Rows have different lengths."""
    rows = bells(seed, n, d)
    if kind == "aniso":
        rows = rows * (1 / np.sqrt(np.arange(d) * 37 % d + 3.0))
    if kind != "gauss":
        mean = bells(seed + 1, d)
        centres = bells(seed + 2, n // 30 + 1, d)
        weights = 0.25 + 0.5 * uniforms(seed + 3, n // 30 + 1)
        if kind == "aniso":
            mean, centres = mean * 0.125, centres * 0.125
        rows = rows + 0.25 * mean
        member = np.arange(0, n, 3)
        rows[member] = rows[member] + weights[member // 30, None] * centres[member // 30]
        shares = 0.5 + 0.5 * uniforms(seed + 4, n // 16)
        for pair, share in enumerate(shares):
            kept, moved = 3 * pair + 1, 3 * pair + 2
            near = -share if pair % 3 == 2 else share
            rows[moved] = near * rows[kept] + (1 - share) * rows[moved]
    return (rows * (0.5 + uniforms(seed + 5, n))[:, None]).astype(np.float32)


def whole_numbers(n, d, seed):
    """float32 [n, d] of -2, -1, 0, 1, 2: cosines are exact but for one root a row, one product and one division, and thousands of them are equal."""
    rows = (words(seed, 0, n * d) % WORD(5)).astype(np.float32).reshape(n, d) - 2
    for copy in range(30):
        rows[23 * copy + 5] = rows[3]
    rows[100], rows[101] = -rows[3], -2 * rows[3]
    rows[200] = rows[433] = 0
    return rows


def cosines(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    norms = [np.sqrt((rows * rows).sum(1)) for rows in (a, b)]
    scale = norms[0][:, None] * norms[1][None, :]
    with np.errstate(invalid="ignore"):
        cos = np.clip((a @ b.T) / scale, -1, 1)
    return np.where(np.isfinite(scale) & (scale > 0), cos, np.nan)


def neighbors(cos, least_gap):
    """Each row's nearest and most opposed other row, the first of equals; -1 for rows without a direction."""
    found = {}
    for name, sign in (("nearest", 1), ("opposed", -1)):
        values = np.where(np.isnan(cos), -np.inf, sign * cos)
        np.fill_diagonal(values, -np.inf)
        if least_gap:
            two = np.partition(values, -2)[:, -2:]
            assert (two[:, 1] - two[:, 0]).min() > least_gap
        found[name] = np.where(values.max(1) > -np.inf, values.argmax(1), -1).tolist()
    return found


def write(name, about, rows, cos, pairs, least_gap):
    """All pairs in order; without ties, no two that stand beside each other may be closer than float64 sums in another order could move them."""
    i, j = pairs
    values = cos[i, j]
    known = ~np.isnan(values)
    i, j, values = i[known], j[known], values[known]
    golden = {**about, "sha256": [hashlib.sha256(matrix.tobytes()).hexdigest() for matrix in rows], "pairs": len(values)}
    for end, sign in (("top", -1), ("bottom", 1)):
        order = np.lexsort((j, i, sign * values))[:K + 1]
        if least_gap:
            assert np.diff(sign * values[order]).min() > least_gap
        order = order[:K]
        golden[end] = np.column_stack([i[order], j[order]]).ravel().tolist()
        golden[f"{end}_cosines"] = {rank: float(values[order[rank - 1]]) for rank in (1, 10, 100, 1000)}
    if len(rows) == 1:
        golden |= neighbors(cos, least_gap)
    (here / f"{name}.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    for kind, n, d in (("struct", 1300, 576), ("gauss", 1100, 200), ("aniso", 1500, 640)):
        rows = made(kind, n, d, 10)
        write(kind, {"kind": kind, "n": n, "d": d, "seed": 10}, [rows], cosines(rows, rows), np.triu_indices(n, 1), 1e-13)
    a, b = made("struct", 700, 640, 20), made("aniso", 900, 640, 30)
    signs = np.resize(np.array([[1], [-1]], np.float32), (20, 1))
    b[5:900:45] = signs * a[7:7 + 140:7] + b[5:900:45] * np.float32(0.25)
    write("between", {"n": [700, 900], "d": 640}, [a, b], cosines(a, b), np.divmod(np.arange(700 * 900), 900), 1e-13)
    rows = whole_numbers(700, 7, 40)
    write("ties", {"n": 700, "d": 7, "seed": 40}, [rows], cosines(rows, rows), np.triu_indices(700, 1), 0)
