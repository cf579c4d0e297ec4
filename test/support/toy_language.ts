/** @file A language of a few words that a tiny model learns in seconds, and such a model's configuration: what the tests of training share. */

import { createRng } from '../../src/tensor/rng.ts';
import type { TrainingRows } from '../../src/train/lm/training_rows.ts';

/** Every feature of the architecture with a size of its own: heads that share keys, a window shorter than the rows, a scale that is not the head's width. */
export const TOY_CONFIG = {
  vocab_size: 24,
  hidden_size: 12,
  intermediate_size: 20,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  max_position_embeddings: 32,
  sliding_window: 3,
  query_pre_attn_scalar: 5,
  attn_logit_softcapping: 3,
  final_logit_softcapping: 4,
  bos_token_id: 2,
  eos_token_id: 1,
  pad_token_id: 0,
};

/** Ids 3 to 9 name things, 10 to 16 what is said of them, 17 is the full stop: each thing has one thing said of it, three sentences per row. */
export function toyRows(seed: number): TrainingRows {
  return {
    identity: `toy language, seed ${seed}`,
    row(index) {
      const rng = createRng(seed, `row ${index}`);
      const row = [2];
      for (let sentence = 0; sentence < 1 + rng.integer(3); sentence++) {
        const thing = rng.integer(7);
        row.push(3 + thing, 10 + thing, 17);
      }
      return row;
    },
  };
}

export function rowsOf(rows: TrainingRows, from: number, count: number): ArrayLike<number>[] {
  return Array.from({ length: count }, (_, i) => {
    const row = rows.row(from + i);
    if (row instanceof Promise) throw new Error('the toy language answers at once');
    return row as ArrayLike<number>;
  });
}
