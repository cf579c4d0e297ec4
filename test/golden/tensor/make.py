"""Golden values for src/tensor, from numpy. Run: python3 make.py

halves.sha256   SHA-256 of the float32 bytes of all 65,536 binary16 values in order, NaNs written as 0x7fc00000
matrix.json     two float32 matrices with float64 norms and cosines
"""

import hashlib
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def main():
    halves = np.arange(65536, dtype="<u2").view("<f2").astype("<f4")
    bits = halves.view("<u4").copy()
    bits[np.isnan(halves)] = 0x7FC00000
    (HERE / "halves.sha256").write_text(hashlib.sha256(bits.astype("<u4").tobytes()).hexdigest() + "\n")

    rng = np.random.default_rng(7)
    a = rng.standard_normal((5, 37)).astype("<f4")
    b = (rng.standard_normal((4, 37)) * 1e-3).astype("<f4")
    wide_a, wide_b = a.astype("f8"), b.astype("f8")
    norms_a, norms_b = np.linalg.norm(wide_a, axis=1), np.linalg.norm(wide_b, axis=1)
    cosines = wide_a @ wide_b.T / np.outer(norms_a, norms_b)
    golden = {
        "a": [[float(v) for v in row] for row in a],
        "b": [[float(v) for v in row] for row in b],
        "normsA": norms_a.tolist(),
        "cosines": cosines.tolist(),
    }
    (HERE / "matrix.json").write_text(json.dumps(golden) + "\n")


main()
