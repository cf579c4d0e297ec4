/** @file The half of `bench:train` for language models: sizes, first weights and rows of tokens, and when two courses are the same. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRng } from '../dist/tensor/rng.js';
import { initialParameters } from '../dist/train/lm/parameters.js';
import { readTrainableConfig } from '../dist/train/lm/trainable_config.js';

export const programs = { antipode: 'train_lm_antipode.mjs', torch: 'train_lm_torch.py' };

const config = (more) => ({
  num_hidden_layers: 4,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  hidden_size: 128,
  intermediate_size: 384,
  vocab_size: 2048,
  max_position_embeddings: 256,
  sliding_window: 64,
  query_pre_attn_scalar: 32,
  attn_logit_softcapping: 50,
  final_logit_softcapping: 30,
  ...more,
});

/** The first is what the embedded default was tried out with; the others are wider, and with longer rows. */
export const cases = [
  { label: 'LM 1 M, 32 x 64', config: config(), rows: 32, columns: 64 },
  { label: 'LM 1 M, 8 x 256', config: config({ sliding_window: 128 }), rows: 8, columns: 256 },
  {
    label: 'LM 5 M, 32 x 64',
    config: config({ hidden_size: 256, intermediate_size: 1024, head_dim: 64, vocab_size: 4096 }),
    rows: 32,
    columns: 64,
  },
].map(({ columns, config, label, rows }) => ({
  label,
  task: { config, rows, columns, batches: 4, rate: 1e-3, maxGradientNorm: 1 },
}));

/** Of losses after the first steps: float32 on both sides, in another order of sums. */
export const tolerance = 1e-4;

/** The weights one after the other in the order of the layers, and rows in which small ids are frequent, as in text. */
export function write({ batches, columns, config, folder, rows }) {
  const { model } = readTrainableConfig(config);
  const parts = [...initialParameters(model, 1).values()].map((values) => Buffer.from(values.buffer));
  writeFileSync(join(folder, 'weights.f32'), Buffer.concat(parts));
  const rng = createRng(1, 'bench tokens');
  const tokens = Int32Array.from({ length: batches * rows * (columns + 1) }, () =>
    Math.floor(rng.uniform() ** 2 * config.vocab_size),
  );
  writeFileSync(join(folder, 'tokens.i32'), new Uint8Array(tokens.buffer));
}

/** Largest relative difference of the first losses. */
export function compare(ours, peer) {
  return Math.max(...ours.losses.map((loss, i) => Math.abs(loss - peer.losses[i]) / peer.losses[i]));
}
