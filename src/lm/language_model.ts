/**
 * @file What a language model offers, whoever runs it: forward passes with interventions on the residual stream and captures. The keys and values of
 * earlier tokens stay with the model and are named by a handle, so that a model in another process can offer the same.
 */

import type { ModelConfig } from './config.ts';
import type { RunningDevice } from './device.ts';
import type { Precision } from './precision.ts';

/** `emb`: behind the embedding. A number: behind that layer (`resid_post`; Hugging Face's `hidden_states[layer + 1]`). */
export type Site = 'emb' | number;

/** Added to the residual stream. The stream that is captured at the same site includes it. */
export interface Steering {
  readonly at: Site;
  /** `[rows, columns, d_model]`, finite. */
  readonly values: Float32Array;
  /** 1 (the default) for all rows of the batch, or one entry per row. */
  readonly rows?: number;
  /** 1 (the default) for all positions, or one entry per column of this call. */
  readonly columns?: number;
}

/**
 * `resid.L`, `resid.emb`: the residual stream at a site. `attn_out.L`, `mlp_out.L`: what that sublayer adds to it (in Gemma 2 behind the norm
 * that follows it).
 */
export type Capture = `resid.${Site}` | `attn_out.${number}` | `mlp_out.${number}`;

/** Names the kept keys and values of some rows. */
export interface Past {
  readonly id: number;
  readonly rows: number;
}

export interface ForwardRequest {
  /** Token ids, one list per row, at least one token each; positions go on from the row's past. */
  readonly tokens: readonly ArrayLike<number>[];
  /** Where rows that are shorter than the longest get their pads. Steering by column and results are laid out with them. Default `right`. */
  readonly padding?: 'left' | 'right';
  /** Read, and extended by these tokens. Without one nothing is kept. */
  readonly past?: Past;
  readonly steer?: readonly Steering[];
  readonly capture?: readonly Capture[];
  /** `last` (the default): of each row's last token. */
  readonly logits?: 'all' | 'last' | 'none';
}

export interface DenseArray {
  readonly shape: readonly number[];
  /** C order. */
  readonly values: Float32Array;
}

export interface ForwardResult {
  /** `[rows, vocab]`, or `[rows, columns, vocab]` for `all` with zeros at pads; undefined for `none`. */
  readonly logits: DenseArray | undefined;
  /** `[rows, columns, d_model]` each, zeros at pads. */
  readonly captures: ReadonlyMap<Capture, DenseArray>;
}

export interface LanguageModel {
  readonly config: ModelConfig;
  readonly device: RunningDevice;
  /** In which form its matrices are kept and multiplied with. */
  readonly precision: Precision;
  /**
   * Calls are carried out one after the other. A row's numbers do not depend on the other rows beyond float32 rounding, and are the same bits
   * whether steering is absent or all zeros.
   * @throws {AntipodeError} `usage` for a request that does not fit the model; `format` where the weights hold NaN; `resource` out of memory
   */
  forward(request: ForwardRequest): Promise<ForwardResult>;
  /** @param capacity tokens per row to make room for at once, 0 where left out; it grows when more come */
  createPast(rows: number, capacity?: number): Promise<Past>;
  /** Frees it; releasing twice does nothing. */
  releasePast(past: Past): Promise<void>;
  /** Waits for calls under way, then frees everything. */
  close(): Promise<void>;
}
