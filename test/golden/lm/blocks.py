"""Small matrices, and their blocks of 8 and 4 bits worked out by numpy from the definition of MatMulNBits.

Run: python3 blocks.py (needs numpy). ONNX Runtime, com.microsoft.MatMulNBits: B is uint8 [N, ceil(K / size), size * bits / 8], scales are [N, ceil(K / size)],
K is padded to whole blocks, without zero_points a weight is (q - 2^(bits - 1)) * scale, 4-bit values stand low half first. Scales: largest
magnitude / 127 for 8 bits, value of largest magnitude / -8 for 4 bits (llama.cpp, q8_0 and q4_0),
or 0.9 of the latter where that has the smaller sum of squared errors. Here whole arrays are computed at once, in
float64, and no weight lies near a tie. Adding 0.0 makes the scale of a block of zeros plain 0 instead of 0 / -8 = -0.
"""

import json
from pathlib import Path

import numpy as np

N, K = 3, 268
SIZE = {8: 64, 4: 128}


taken = {"narrow": 0, "whole": 0}


def steps(grouped, scale, bits):
    ratio = np.divide(grouped, scale, out=np.zeros_like(grouped), where=scale != 0)
    assert np.abs(np.abs(ratio - np.trunc(ratio)) - 0.5).min() > 1e-9
    half = 2 ** (bits - 1)
    q = np.clip(np.rint(ratio), -half, half - 1)
    return (q + half).astype(np.uint8), ((grouped - q * scale) ** 2).sum(-1, keepdims=True)


def blocks(w, bits):
    size = SIZE[bits]
    padded = np.zeros((N, -(-K // size) * size))
    padded[:, :K] = w
    grouped = padded.reshape(N, -1, size)
    largest = np.take_along_axis(grouped, np.abs(grouped).argmax(-1, keepdims=True), -1)
    scale = (np.abs(largest) / 127 if bits == 8 else largest / -8).astype(np.float32).astype(np.float64) + 0.0
    q, error = steps(grouped, scale, bits)
    if bits == 4:
        narrow = (scale * 0.9).astype(np.float32).astype(np.float64)
        q_narrow, error_narrow = steps(grouped, narrow, bits)
        assert (np.abs(error - error_narrow) > 1e-9 * error).sum() == (scale != 0).sum()
        better = error_narrow < error
        taken["narrow"] += int(better.sum())
        taken["whole"] += int((~better).sum())
        scale, q = np.where(better, narrow, scale), np.where(better, q_narrow, q)
    if bits == 4:
        q = q[..., 0::2] | (q[..., 1::2] << 4)
    return {"quants": q.tobytes().hex(), "scales": scale.astype("<f4").tobytes().hex()}


rng = np.random.default_rng(10)
values = rng.standard_normal((N, K)) * 0.05
values[1, :128] = 0
values[2, 128:256] *= 1e-6
f32 = values.astype("<f4")
bits16 = ((f32.view("<u4") + 0x8000) >> 16).astype("<u2")
f16 = f32.astype("<f2")
stored = {
    "F32": (f32.tobytes(), f32),
    "F16": (f16.tobytes(), f16),
    "BF16": (bits16.tobytes(), (bits16.astype("<u4") << 16).view("<f4")),
}
out = {"outputs": N, "inputs": K}
for name, (data, w) in stored.items():
    wide = w.astype(np.float64)
    out[name] = {"stored": data.hex(), "q8": blocks(wide, 8), "q4": blocks(wide, 4)}
Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
assert min(taken.values()) > 3, taken
