"""The peer of train_sae_antipode.mjs: the same training step of a sparse autoencoder in torch. Takes the task as JSON, prints one JSON line."""
import json, os, sys, time
import numpy as np
import torch

task = json.loads(sys.argv[1])
torch.set_num_threads(task["threads"])
d_in, d_sae, batch, steps = task["dIn"], task["dSae"], task["batch"], task["steps"]
architecture, k, sparsity = task["architecture"], task.get("k"), task.get("sparsity")
WARM_UP, BANDWIDTH = 5, 0.05


def read(name, *shape):
    return torch.from_numpy(np.fromfile(os.path.join(task["folder"], name + ".f32"), dtype=np.float32).reshape(shape))


class JumpReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, pre, threshold):
        mask = (pre > threshold).to(pre.dtype)
        ctx.save_for_backward(pre, threshold, mask)
        return pre * mask, mask

    @staticmethod
    def backward(ctx, by_acts, by_mask):
        pre, threshold, mask = ctx.saved_tensors
        near = ((pre - threshold).abs() < BANDWIDTH / 2).to(pre.dtype)
        by_threshold = -(near * (threshold * by_acts + by_mask)).sum(0) / BANDWIDTH
        return by_acts * mask, by_threshold


rows = read("rows", d_sae, d_in)
x = read("x", task["batches"], batch, d_in)
# Features in columns of the encoder, as in published programs: here the faster way round for torch.
W_enc = rows.t().contiguous().requires_grad_()
W_dec = rows.clone().requires_grad_()
b_enc = torch.zeros(d_sae, requires_grad=True)
b_dec = torch.zeros(d_in, requires_grad=True)
parameters = [W_enc, W_dec, b_enc, b_dec]
if architecture == "jumprelu":
    log_threshold = torch.full((d_sae,), float(np.log(0.05)), requires_grad=True)
    parameters.append(log_threshold)
optimiser = torch.optim.Adam(parameters, lr=1e-3, betas=(0.9, 0.999), eps=6.25e-10)


def loss_of(batch_x):
    pre = torch.addmm(b_enc, batch_x - b_dec, W_enc)
    penalty = 0.0
    if architecture == "topk":
        top = pre.topk(k, dim=-1, sorted=False)
        acts = torch.zeros_like(pre).scatter(-1, top.indices, top.values.relu())
    elif architecture == "batchtopk":
        top = pre.flatten().topk(k * batch, sorted=False)
        acts = torch.zeros(pre.numel()).scatter(-1, top.indices, top.values.relu()).reshape(pre.shape)
    elif architecture == "jumprelu":
        acts, mask = JumpReLU.apply(pre, log_threshold.exp())
        penalty = sparsity / d_in * mask.sum() / batch
    else:
        acts = pre.relu()
        penalty = sparsity / d_in * (acts * W_dec.norm(dim=-1)).sum() / batch
    error = torch.addmm(b_dec, acts, W_dec) - batch_x
    return (error * error).mean() + penalty


def step(batch_x):
    optimiser.zero_grad(set_to_none=True)
    loss = loss_of(batch_x)
    loss.backward()
    with torch.no_grad():
        if architecture != "relu":
            W_dec.grad.sub_((W_dec.grad * W_dec).sum(-1, keepdim=True) * W_dec)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        if architecture != "relu":
            W_dec.div_(W_dec.norm(dim=-1, keepdim=True))
    return loss.item()


losses, times = [], []
for i in range(steps + WARM_UP):
    start = time.perf_counter()
    loss = step(x[i % task["batches"]])
    seconds = time.perf_counter() - start
    if i < WARM_UP:
        losses.append(loss)
    else:
        times.append(1000 * seconds)
print(json.dumps({"losses": losses, "times": times}))
