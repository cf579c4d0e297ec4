/** @file The half of `bench:train` for sparse autoencoders: shapes, weights and activations, and when two courses are the same. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRng } from '../dist/tensor/rng.js';

const BATCH = 512;
/** Batches that are gone round. */
const BATCHES = 4;
const SHAPES = [
  [128, 1024],
  [128, 4096],
  [512, 4096],
  [2304, 4096],
];

export const programs = { antipode: 'train_sae_antipode.mjs', torch: 'train_sae_torch.py' };

const ARCHITECTURES = {
  topk: { k: 32 },
  batchtopk: { k: 32 },
  jumprelu: { sparsity: 1 },
  relu: { sparsity: 1 },
};

export const cases = SHAPES.flatMap(([dIn, dSae]) =>
  Object.entries(ARCHITECTURES).map(([architecture, more]) => ({
    label: `SAE ${dIn}x${dSae} ${architecture}`,
    task: { dIn, dSae, architecture, batch: BATCH, batches: BATCHES, ...more },
  })),
);

/** Of losses after the first steps: float32 on both sides, in another order of sums. */
export const tolerance = 1e-3;

/** Unit rows, which decoder and encoder both begin with, and activations of norm sqrt(d_in) made of a few directions. */
export function write({ dIn, dSae, folder, batch, batches }) {
  const rng = createRng(1, `bench ${dIn} ${dSae}`);
  const rows = new Float32Array(dSae * dIn).map(() => rng.normal());
  for (let from = 0; from < rows.length; from += dIn) {
    const row = rows.subarray(from, from + dIn);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let c = 0; c < dIn; c++) row[c] /= length;
  }
  const x = new Float32Array(batches * batch * dIn).map(() => 0.5 * rng.normal());
  for (let from = 0; from < x.length; from += dIn) {
    for (let i = 0; i < 16; i++) {
      const direction = rng.integer(dSae) * dIn;
      const size = (1 + rng.uniform()) * Math.sqrt(dIn / 48);
      for (let c = 0; c < dIn; c++) x[from + c] += size * rows[direction + c];
    }
  }
  for (const [name, values] of Object.entries({ rows, x })) {
    writeFileSync(join(folder, `${name}.f32`), new Uint8Array(values.buffer));
  }
}

/** Largest relative difference of the first losses. */
export function compare(ours, peer) {
  return Math.max(
    ...ours.losses.map((loss, i) => Math.abs(loss - peer.losses[i]) / Math.abs(peer.losses[i])),
  );
}
