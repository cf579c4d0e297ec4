"""Values of the trained SAEs in shared/data, read with zipfile and struct alone: no torch, no pickle.

Run: python3 torch_checkpoints.py ../../../shared/data > torch_checkpoints.json
Storages and shapes were read off the pickle with pickletools; all are contiguous float32 but encoder_weights, which is stored transposed.
"""

import json
import math
import struct
import sys
import zipfile

FILES = {
    "sae-tinystories/sae_512_4.pt": {
        "pre_bias": ("0", [64], "C"),
        "encoder_bias": ("1", [512], "C"),
        "decoder_weights": ("2", [512, 64], "C"),
        "encoder_weights": ("3", [64, 512], "F"),
    },
    "sae-dictionary-learning/ae1.pt": {
        "bias": ("0", [48], "C"),
        "encoder.weight": ("1", [192, 48], "C"),
        "encoder.bias": ("2", [192], "C"),
        "decoder.weight": ("3", [48, 192], "C"),
    },
    "sae-dictionary-learning/ae2.pt": {
        "bias": ("0", [120], "C"),
        "encoder.weight": ("1", [1920, 120], "C"),
        "encoder.bias": ("2", [1920], "C"),
        "decoder.weight": ("3", [120, 1920], "C"),
    },
}

golden = {}
for path, tensors in FILES.items():
    with zipfile.ZipFile(f"{sys.argv[1]}/{path}") as archive:
        root = archive.namelist()[0].split("/")[0]
        golden[path] = {}
        for name, (key, shape, order) in tensors.items():
            data = archive.read(f"{root}/data/{key}")
            values = struct.unpack(f"<{len(data) // 4}f", data)
            assert len(values) == math.prod(shape)
            golden[path][name] = {
                "shape": shape,
                "order": order,
                "first": values[:3],
                "last": values[-1],
                "sum": math.fsum(values),
            }
json.dump(golden, sys.stdout, indent=1)
