"""Training steps of sparse autoencoders in torch, float64: losses, gradients by autograd, and parameters after three steps of Adam.

Run: python3 sae_steps.py > sae_steps.json
Written from the papers: BatchTopK (arXiv 2412.06410), TopK with AuxK (2406.04093), JumpReLU with the rectangle kernel (2407.14435), ReLU with an L1
penalty weighted by the lengths of decoder rows. The loss is the mean squared error per element, plus sparsity times mean L0 or L1, plus the
weighted auxiliary loss. Shares no code with the package.
"""

import json
import sys

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

BATCH, D_IN, D_SAE, K, AUX_K = 12, 6, 10, 3, 2
SCALE, SPARSITY, BANDWIDTH, AUXILIARY = 1.25, 0.05, 0.4, 0.3
RATE, BETA1, BETA2, EPSILON, MAX_NORM = 0.01, 0.9, 0.99, 1e-15, 0.05
DEAD = [1, 4, 5, 8]


class Rectangle:
    @staticmethod
    def of(pre, threshold):
        return (((pre - threshold) / BANDWIDTH).abs() < 0.5).to(pre.dtype)


class JumpReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, pre, threshold):
        ctx.save_for_backward(pre, threshold)
        return pre * (pre > threshold)

    @staticmethod
    def backward(ctx, g):
        pre, threshold = ctx.saved_tensors
        by_threshold = -(threshold / BANDWIDTH) * Rectangle.of(pre, threshold) * g
        return g * (pre > threshold), by_threshold.sum(0)


class Step(torch.autograd.Function):
    @staticmethod
    def forward(ctx, pre, threshold):
        ctx.save_for_backward(pre, threshold)
        return (pre > threshold).to(pre.dtype)

    @staticmethod
    def backward(ctx, g):
        pre, threshold = ctx.saved_tensors
        return None, (-(1 / BANDWIDTH) * Rectangle.of(pre, threshold) * g).sum(0)


def top(values, k):
    """Everything but the k largest of the last axis set to 0."""
    found = values.topk(k, dim=-1)
    return torch.zeros_like(values).scatter(-1, found.indices, found.values.relu())


def forward(architecture, p, x):
    pre = (x - p["b_dec"]) @ p["W_enc"].T + p["b_enc"]
    sparse = 0.0
    smallest = None
    if architecture == "topk":
        acts = top(pre, K)
    elif architecture == "batchtopk":
        acts = top(pre.flatten(), K * BATCH).reshape(pre.shape)
        smallest = acts[acts > 0].min().item()
    elif architecture == "jumprelu":
        threshold = p["log_threshold"].exp()
        acts = JumpReLU.apply(pre, threshold)
        sparse = SPARSITY * Step.apply(pre, threshold).sum(-1).mean()
    else:
        acts = pre.relu()
        sparse = SPARSITY * (acts * p["W_dec"].norm(dim=-1)).sum(-1).mean()
    reconstruction = acts @ p["W_dec"] + p["b_dec"]
    mse = ((reconstruction - x) ** 2).mean()
    return pre, acts, reconstruction, mse, mse + sparse, smallest


def auxiliary(p, x, pre, reconstruction):
    """Dead latents reconstruct the residual, which is a constant; error over the residual's variance about its mean."""
    residual = (x - reconstruction).detach()
    acts = torch.zeros_like(pre)
    acts[:, DEAD] = top(pre[:, DEAD], AUX_K)
    error = ((acts @ p["W_dec"] - residual) ** 2).mean()
    return AUXILIARY * error / ((residual - residual.mean(0)) ** 2).mean()


def gradients(architecture, p, x, revives):
    pre, acts, reconstruction, mse, loss, smallest = forward(architecture, p, x)
    if revives:
        loss = loss + auxiliary(p, x, pre, reconstruction)
    found = torch.autograd.grad(loss, list(p.values()))
    grads = dict(zip(p, found))
    if architecture != "relu":
        rows = p["W_dec"].detach()
        g = grads["W_dec"]
        grads["W_dec"] = g - rows * (g * rows).sum(-1, keepdim=True)
    fired = (acts > 0).sum(0).tolist()
    return loss.item(), mse.item(), fired, smallest, grads


def steps(architecture, start, batches, revives):
    p = {name: value.clone().requires_grad_() for name, value in start.items()}
    m = {name: torch.zeros_like(value) for name, value in start.items()}
    v = {name: torch.zeros_like(value) for name, value in start.items()}
    losses = []
    for t, x in enumerate(batches, 1):
        loss, _, _, _, grads = gradients(architecture, p, x, revives)
        losses.append(loss)
        norm = sum((g**2).sum() for g in grads.values()).sqrt()
        clip = min(1.0, MAX_NORM / norm.item())
        with torch.no_grad():
            for name, g in grads.items():
                m[name] = BETA1 * m[name] + (1 - BETA1) * clip * g
                v[name] = BETA2 * v[name] + (1 - BETA2) * (clip * g) ** 2
                move = (m[name] / (1 - BETA1**t)) / ((v[name] / (1 - BETA2**t)).sqrt() + EPSILON)
                p[name] -= RATE * move
            if architecture != "relu":
                p["W_dec"] /= p["W_dec"].norm(dim=-1, keepdim=True)
    return losses, p


def rounded(shape, generator, scale=1.0):
    """Values that a few digits of JSON hold exactly enough to be the same on both sides."""
    return (torch.randn(shape, generator=generator) * scale * 1e4).round() / 1e4


def listed(values):
    return {name: value.detach().flatten().tolist() for name, value in values.items()}


def main():
    generator = torch.Generator().manual_seed(5)
    rows = rounded((D_SAE, D_IN), generator)
    start = {
        "W_enc": rounded((D_SAE, D_IN), generator, 0.5),
        "W_dec": rows / rows.norm(dim=-1, keepdim=True),
        "b_enc": rounded((D_SAE,), generator, 0.1),
        "b_dec": rounded((D_IN,), generator, 0.3),
    }
    log_threshold = rounded((D_SAE,), generator, 0.3) - 1
    raw = [rounded((BATCH, D_IN), generator) for _ in range(3)]
    cases = []
    for architecture in ("batchtopk", "topk", "jumprelu", "relu"):
        for revives in (False, True):
            p = dict(start)
            if architecture == "relu":
                # Rows of other lengths than 1.
                p["W_dec"] = rows
            if architecture == "jumprelu":
                p["log_threshold"] = log_threshold
            batches = [SCALE * x for x in raw]
            tracked = {name: value.clone().requires_grad_() for name, value in p.items()}
            loss, mse, fired, smallest, grads = gradients(architecture, tracked, batches[0], revives)
            losses, after = steps(architecture, p, batches, revives)
            cases.append(
                {
                    "architecture": architecture,
                    "revives": revives,
                    "start": listed(p),
                    "loss": loss,
                    "reconstruction": mse,
                    "fired": fired,
                    "smallest": smallest,
                    "gradients": listed(grads),
                    "losses": losses,
                    "after": listed(after),
                }
            )
    settings = {
        "batch": BATCH, "d_in": D_IN, "d_sae": D_SAE, "k": K, "aux_k": AUX_K, "scale": SCALE, "sparsity": SPARSITY,
        "bandwidth": BANDWIDTH, "auxiliary": AUXILIARY, "rate": RATE, "beta1": BETA1, "beta2": BETA2, "epsilon": EPSILON,
        "max_norm": MAX_NORM, "dead": DEAD,
    }
    json.dump({"settings": settings, "batches": [x.flatten().tolist() for x in raw], "cases": cases}, sys.stdout)
    print()


main()
