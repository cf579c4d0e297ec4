/**
 * @file What a language model offers, whoever runs it: forward passes with interventions on the residual stream and captures. The keys and values of
 * earlier tokens stay with the model and are named by a handle, so that a model in another process can offer the same.
 */

import type { RunningDevice } from '../onnx/device.ts';
import type { ModelConfig } from './config.ts';
import type { Precision } from './precision_names.ts';

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
 * Changes the residual stream x by what it holds, lane by lane: v = x . read + offset; act = v where v > threshold, else 0;
 * x becomes x + the sum over lanes of (target + (keep - 1) * act) * write. All lanes look at the same x. `edits.ts` makes directional
 * ablation and SAE clamps out of it.
 *
 * Order at one site: the edit, then `steer`, then the capture `resid.L`, which includes both. A direction that is projected out and then
 * added is there with exactly the strength that was added, at every token: what setting a component means. At later sites the layers may
 * write it again: ablation in the sense of Arditi et al. 2024 (arXiv 2406.11717) edits every site.
 */
export interface Edit {
  readonly at: Site;
  /** r, at least 1. */
  readonly lanes: number;
  /** 1 (the default) for all rows of the batch, or one set of lanes per row; a lane with `keep` 1 and `target` 0 changes nothing. */
  readonly rows?: number;
  /** Of `keep` and `target`: 1 (the default) for all positions, or one entry per column of this call. */
  readonly columns?: number;
  /** `[rows, lanes, d_model]`, finite. */
  readonly read: Float32Array;
  /** `[rows, lanes, d_model]`, finite. */
  readonly write: Float32Array;
  /** `[rows, lanes]`; zeros where left out. */
  readonly offset?: Float32Array;
  /** `[rows, lanes]`; -Infinity, where left out, lets everything through. */
  readonly threshold?: Float32Array;
  /** `[rows, columns, lanes]`: how much of the activation stays; zeros (nothing) where left out. */
  readonly keep?: Float32Array;
  /** `[rows, columns, lanes]`: added to what stays; zeros where left out. */
  readonly target?: Float32Array;
}

/**
 * `resid.L`, `resid.emb`: the residual stream at a site. `attn_out.L`, `mlp_out.L`: what that sublayer adds to it (in Gemma behind the norm
 * that follows it). `pattern.L`: attention probabilities (TransformerLens's `hook_pattern`);
 * the first of a layer may take the time of opening the model (`patternLayers`).
 */
export type Capture = `resid.${Site}` | `attn_out.${number}` | `mlp_out.${number}` | `pattern.${number}`;

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
  /** At most one per site: `mergeEdits` makes one of several. The first at a site may take the time of opening the model once (`editSites`). */
  readonly edit?: readonly Edit[];
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
  /**
   * `[rows, columns, d_model]` each, zeros at pads. `pattern.L`: `[rows, heads, columns, keys]`, keys being the slots of the past, pads included,
   * and behind them the columns of this call; a token's probabilities sum to 1, a pad's are zeros, as is every key that a token does not see.
   */
  readonly captures: ReadonlyMap<Capture, DenseArray>;
}

export interface LanguageModel {
  readonly config: ModelConfig;
  readonly device: RunningDevice;
  /** In which form its matrices are kept and multiplied with. */
  readonly precision: Precision;
  /**
   * Calls are carried out one after the other. A row's numbers do not depend on the other rows beyond float32 rounding, and are the same bits
   * whether steering is absent or all zeros, and whether an edit is absent or changes nothing.
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
