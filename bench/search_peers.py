"""The peers of search.mjs: one question, one way to answer it, one measured call in a process of its own. Takes the task as JSON, prints one JSON line.

Each gets unit rows in memory and may use what a careful user would: tiles of the upper triangle where the library allows it, buffers used again, all cores in the products.
The reference for each is its fastest form that was found on the machine of docs/performance.md; tiles are 1,024 rows unless the task says otherwise.
"""
import json, os, resource, sys, time
import numpy as np

task = json.loads(sys.argv[1])
threads, T = task["threads"], task.get("tile", 1024)


def tiles(n):
    return ((i0, j0) for i0 in range(0, n, T) for j0 in range(i0, n, T))


def merged(parts, k, sign):
    """The k best of [values, i, j] triples of arrays."""
    values, i, j = (np.concatenate(column) for column in zip(*parts))
    order = np.lexsort((j, i, -sign * values))[:k]
    return [[int(a), int(b), float(v)] for v, a, b in zip(values[order], i[order], j[order])]


class Running:
    """The k best so far, and the value that a newcomer has to reach."""

    def __init__(self, k, sign):
        self.k, self.sign, self.bar, self.parts = k, sign, None, []

    def offer(self, values, i0, j0, columns, triangle=None):
        if self.bar is None:
            k = min(self.k, len(values))
            at = np.argpartition(values, len(values) - k)[-k:] if self.sign > 0 else np.argpartition(values, k - 1)[:k]
        elif self.sign > 0:
            at = np.flatnonzero(values >= self.bar) if values.max() >= self.bar else ()
        else:
            at = np.flatnonzero(values <= self.bar) if values.min() <= self.bar else ()
        if len(at) == 0:
            return
        i, j = np.divmod(at, columns) if triangle is None else (triangle[0][at], triangle[1][at])
        self.parts.append((values[at], i + i0, j + j0))
        kept = np.concatenate([part[0] for part in self.parts])
        if len(kept) >= self.k:
            best = np.argpartition(-self.sign * kept, self.k - 1)[:self.k]
            self.parts = [tuple(np.concatenate(column)[best] for column in zip(*self.parts))]
            self.bar = kept[best].min() if self.sign > 0 else kept[best].max()


def expert(rows, k, count=None):
    """Tiles of the upper triangle and a running threshold: after the first tiles hardly a value is looked at twice. `count` sees all values of a tile."""
    n = len(rows)
    top, bottom = Running(k, 1), Running(k, -1)
    buffer = np.empty(T * T, np.float32)
    for i0, j0 in tiles(n):
        first, second = rows[i0:i0 + T], rows[j0:j0 + T]
        cos = np.matmul(first, second.T, out=buffer[:len(first) * len(second)].reshape(len(first), len(second)))
        triangle = np.triu_indices(len(first), 1) if i0 == j0 else None
        values = cos.ravel() if triangle is None else cos[triangle]
        if len(values) == 0:
            continue
        for end in (top, bottom):
            end.offer(values, i0, j0, len(second), triangle)
        if count:
            count(values)
    return {"top": merged(top.parts, k, 1), "bottom": merged(bottom.parts, k, -1)}


def full(rows, k):
    """What one writes first when the whole matrix of cosines does not fit: bands of rows against all rows, argpartition per band."""
    n = len(rows)
    tops, bottoms = [], []
    for i0 in range(0, n, T):
        cos = rows[i0:i0 + T] @ rows.T
        cos[np.arange(n)[None, :] <= np.arange(i0, i0 + len(cos))[:, None]] = 0
        values = cos.ravel()
        few = min(k, len(values) - 1)
        order = np.argpartition(values, (few, len(values) - few - 1))
        for parts, at in ((tops, order[-few:]), (bottoms, order[:few])):
            i, j = np.divmod(at, n)
            parts.append((values[at], i + i0, j))
    return {"top": merged(tops, k, 1), "bottom": merged(bottoms, k, -1)}


def torch_tiles(rows, k):
    """Tiles of the upper triangle, topk of each."""
    import torch
    n = len(rows)
    rows = torch.from_numpy(rows)
    parts = {True: [], False: []}
    with torch.inference_mode():
        for i0, j0 in tiles(n):
            cos = rows[i0:i0 + T] @ rows[j0:j0 + T].T
            if i0 == j0:
                cos = cos.triu(1)
            values, columns = cos.reshape(-1), cos.shape[1]
            for largest, found in parts.items():
                value, at = torch.topk(values, min(k, len(values)), largest=largest, sorted=False)
                found.append((value.numpy(), at.numpy() // columns + i0, at.numpy() % columns + j0))
    return {"top": merged(parts[True], k, 1), "bottom": merged(parts[False], k, -1)}


def faiss_index(rows):
    import faiss
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return index


def faiss_pairs(rows, k):
    """The k + 1 nearest of every row and of its opposite; the best pairs of those."""
    n, found = len(rows), {}
    index = faiss_index(rows)
    for end, sign in (("top", 1), ("bottom", -1)):
        values, others = index.search(rows if sign > 0 else -rows, min(k + 1, n))
        own = np.repeat(np.arange(n), others.shape[1])
        values, others = sign * values.ravel(), others.ravel()
        once = others > own
        found[end] = merged([(values[once], own[once], others[once])], k, sign)
    return found


def faiss_rows(rows, k):
    """Each row's nearest other row (of two found, the one that is not itself) and its most opposed one."""
    index = faiss_index(rows)
    two = index.search(rows, 2)[1]
    nearest = np.where(two[:, 0] == np.arange(len(rows)), two[:, 1], two[:, 0])
    return {"nearest": nearest.tolist(), "opposed": index.search(-rows, 1)[1].ravel().tolist()}


def histogram(rows, k):
    """The expert's tiles, and each tile's values counted by bincount."""
    bins = task["bins"]
    counts = np.zeros(bins, np.int64)

    def count(values):
        scaled = values * np.float32(bins / 2)
        scaled += np.float32(bins / 2)
        counts[:] += np.bincount(scaled.astype(np.int32), minlength=bins + 1)[:bins]

    return {**expert(rows, k, count), "histogram": counts.tolist()}


METHODS = {"expert": expert, "full": full, "torch": torch_tiles, "faiss": faiss_pairs, "faissRows": faiss_rows, "histogram": histogram}


def busy():
    """Seconds that all cores of the machine were busy since it started; nothing outside Linux."""
    if not os.path.exists("/proc/stat"):
        return None
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, softirq, steal = (int(field) for field in stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


method = task["method"]
if method == "torch":
    import torch
    torch.set_num_threads(threads)
rows = np.fromfile(task["rows"], np.float32).reshape(task["n"], task["d"])
METHODS[method](rows[:task["warmUp"]], min(task["k"], 10))
start, busy_before, own_before = time.perf_counter(), busy(), own()
found = METHODS[method](rows, task["k"])
seconds, cpu = time.perf_counter() - start, own() - own_before
others = busy_before if busy_before is None else max(0, busy() - busy_before - cpu)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
print(json.dumps({"seconds": seconds, "cpu": cpu, "others": others, "peak": peak, **found}))
