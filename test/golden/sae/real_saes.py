"""Cosines of the trained SAEs in ../shared/data (outside the repository), by numpy in float64: real_saes.json beside this.

Usage: python3 real_saes.py SHARED_DATA_FOLDER. Reads torch's zip checkpoints with zipfile and a pickle reader that knows tensors only.
"""

import json
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

DATA = Path(sys.argv[1])


class Reader(pickle.Unpickler):
    def __init__(self, archive, root):
        super().__init__(archive.open(f"{root}/data.pkl"))
        self.archive, self.root = archive, root

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self.rebuild
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name.endswith("Storage"):
            return name
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, pid):
        _, kind, key, _, _ = pid
        assert kind == "FloatStorage", kind
        return np.frombuffer(self.archive.read(f"{self.root}/data/{key}"), "<f4")

    @staticmethod
    def rebuild(storage, offset, shape, strides, *_):
        return np.lib.stride_tricks.as_strided(storage[offset:], shape, tuple(4 * s for s in strides)).copy()


def load(path):
    with zipfile.ZipFile(path) as archive:
        root = archive.namelist()[0].split("/")[0]
        return Reader(archive, root).load()


def unit(rows):
    rows = rows.astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def extremes(rows):
    cosines = unit(rows) @ unit(rows).T
    i, j = np.triu_indices(len(rows), 1)
    values = cosines[i, j]
    lo, hi = values.argmin(), values.argmax()
    return {
        "min": [int(i[lo]), int(j[lo]), float(values[lo])],
        "max": [int(i[hi]), int(j[hi]), float(values[hi])],
        "mean": float(values.mean()),
    }


def describe(W_enc, W_dec):
    """Feature-major [d_sae, d_in] both."""
    same = (unit(W_enc) * unit(W_dec)).sum(1)
    rng = np.random.default_rng(0)
    sample = rng.integers(0, len(W_dec), (12, 2))
    return {
        "d_in": W_dec.shape[1],
        "d_sae": W_dec.shape[0],
        "encoder": extremes(W_enc),
        "decoder": extremes(W_dec),
        "same_feature": {
            "mean": float(same.mean()),
            "min": [int(same.argmin()), float(same.min())],
            "max": [int(same.argmax()), float(same.max())],
        },
        "decoder_pairs": [[int(a), int(b), float((unit(W_dec)[a] * unit(W_dec)[b]).sum())] for a, b in sample],
    }


tiny = load(DATA / "sae-tinystories" / "sae_512_4.pt")
golden = {"sae-tinystories/sae_512_4.pt": describe(tiny["encoder_weights"].T, tiny["decoder_weights"])}
for name in ("ae1.pt", "ae2.pt"):
    state = load(DATA / "sae-dictionary-learning" / name)
    golden[f"sae-dictionary-learning/{name}"] = describe(state["encoder.weight"], state["decoder.weight"].T)
(Path(__file__).parent / "real_saes.json").write_text(json.dumps(golden, indent=1) + "\n")
