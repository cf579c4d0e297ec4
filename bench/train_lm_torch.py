"""The peer of train_lm_antipode.mjs: the same training step of a Gemma 2 in torch. Takes the task as JSON, prints one JSON line."""
import json, os, pathlib, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "test" / "golden" / "train"))
import numpy as np
import torch
import torch.nn.functional as F
from gemma2_torch import logits, shapes

task = json.loads(sys.argv[1])
torch.set_num_threads(task["threads"])
config, rows, columns, batches = task["config"], task["rows"], task["columns"], task["batches"]
WARM_UP = 5


def read(name, dtype):
    return torch.from_numpy(np.fromfile(os.path.join(task["folder"], name), dtype=dtype))


flat, at, w = read("weights.f32", np.float32), 0, {}
for name, shape in shapes(config).items():
    size = int(np.prod(shape))
    w[name] = flat[at : at + size].reshape(shape).clone().requires_grad_()
    at += size
tokens = read("tokens.i32", np.int32).long().reshape(batches, rows, columns + 1)
optimiser = torch.optim.AdamW(w.values(), lr=task["rate"], betas=(0.9, 0.99), eps=1e-12, weight_decay=0.0)

losses, times = [], []
for step in range(task["steps"] + WARM_UP):
    start = time.perf_counter()
    batch = tokens[step % batches]
    loss = F.cross_entropy(logits(config, w, batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(w.values(), task["maxGradientNorm"])
    optimiser.step()
    value = loss.item()
    seconds = time.perf_counter() - start
    if step < WARM_UP:
        losses.append(value)
    else:
        times.append(1000 * seconds)
print(json.dumps({"losses": losses, "times": times}))
