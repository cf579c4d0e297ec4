"""The peer of load.mjs: one params.npz to two normalised feature-major matrices, as a notebook does it. Prints one JSON line."""
import json, resource, sys, time
import numpy as np

start = time.perf_counter()
with np.load(sys.argv[1]) as params:
    encoder = np.ascontiguousarray(params["W_enc"].T)
    decoder = params["W_dec"]
encoder /= np.linalg.norm(encoder, axis=1, keepdims=True)
decoder /= np.linalg.norm(decoder, axis=1, keepdims=True)
seconds = time.perf_counter() - start

sample = [int(i) for i in sys.argv[2].split(",")]
values = [float(m.reshape(-1)[i]) for m in (encoder, decoder) for i in sample]
print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, "values": values}))
