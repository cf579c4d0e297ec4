"""Small matrices, and their blocks of 8 and 4 bits worked out by numpy from the definition of MatMulNBits.

Run: python3 blocks.py (needs numpy). ONNX Runtime, com.microsoft.MatMulNBits: B is uint8 [N, ceil(K / 64), 64 * bits / 8], scales are [N, ceil(K / 64)],
K is padded to whole blocks, without zero_points a weight is (q - 2^(bits - 1)) * scale, 4-bit values stand low half first. Scales: largest
magnitude / 127 for 8 bits, value of largest magnitude / -8 for 4 bits (llama.cpp, q8_0 and q4_0). Here whole arrays are computed at once, in
float64, and no weight lies near a tie. Adding 0.0 makes the scale of a block of zeros plain 0 instead of 0 / -8 = -0.
"""

import json
from pathlib import Path

import numpy as np

N, K, SIZE = 3, 140, 64


def blocks(w, bits):
    padded = np.zeros((N, -(-K // SIZE) * SIZE))
    padded[:, :K] = w
    grouped = padded.reshape(N, -1, SIZE)
    largest = np.take_along_axis(grouped, np.abs(grouped).argmax(-1, keepdims=True), -1)
    scale = (np.abs(largest) / 127 if bits == 8 else largest / -8).astype(np.float32).astype(np.float64) + 0.0
    ratio = np.divide(grouped, scale, out=np.zeros_like(grouped), where=scale != 0)
    assert np.abs(np.abs(ratio - np.trunc(ratio)) - 0.5).min() > 1e-9
    q = np.minimum(np.rint(ratio) + 2 ** (bits - 1), 2**bits - 1).astype(np.uint8)
    if bits == 4:
        q = q[..., 0::2] | (q[..., 1::2] << 4)
    return {"quants": q.tobytes().hex(), "scales": scale.astype("<f4").tobytes().hex()}


rng = np.random.default_rng(5)
values = rng.standard_normal((N, K)) * 0.05
values[1, :SIZE] = 0
values[2, SIZE : 2 * SIZE] *= 1e-6
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
