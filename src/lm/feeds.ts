/** @file The inputs of one run under the names that `graph/decoder.ts` lists. Arrays are used in place, not copied. */

import type { Tensor } from 'onnxruntime-node';
import type { OnnxRuntime } from '../onnx/runtime.ts';
import { attentionMask, type Batch } from './batch.ts';
import type { ModelConfig } from './config.ts';
import type { Site, Steering } from './language_model.ts';
import type { PastStore } from './past_store.ts';
import { ropeFrequencies, ropeTables } from './rope_tables.ts';

export interface Feeds {
  /** @param logitRows places in rows * columns that get logits */
  of(
    batch: Batch,
    past: PastStore,
    steer: readonly Steering[],
    logitRows: readonly number[],
  ): Record<string, Tensor>;
}

/** @param isEmptyAllowed whether inputs may have no elements, which ends the process on some devices */
export function createFeeds(runtime: OnnxRuntime, config: ModelConfig, isEmptyAllowed: boolean): Feeds {
  const { dModel, headDim, kvHeads, layers } = config;
  const sites: readonly Site[] = ['emb', ...Array(layers).keys()];
  const frequencies = config.ropes.map(ropeFrequencies);
  const float = (values: Float32Array, dims: number[]): Tensor => new runtime.Tensor('float32', values, dims);
  const integer = (values: ArrayLike<number>, dims: number[]): Tensor =>
    new runtime.Tensor('int64', BigInt64Array.from(Array.from(values), BigInt), dims);
  const nothing = float(new Float32Array(dModel), [1, 1, dModel]);

  const positionFeeds = (batch: Batch): Record<string, Tensor> => {
    const dims = [batch.rows, batch.columns];
    if (frequencies.length === 0)
      return {
        positions: integer(
          batch.positions.map((p) => Math.max(p, 0)),
          dims,
        ),
      };
    const real = batch.positions.filter((position) => position >= 0);
    const first = real.reduce((least, position) => Math.min(least, position));
    const last = real.reduce((most, position) => Math.max(most, position));
    // RotaryEmbedding wants at least as many table rows as there are columns.
    const rows = Math.max(last - first + 1, batch.columns);
    const tables = frequencies.flatMap((ofKind, kind) => {
      const { cos, sin } = ropeTables(ofKind, first, rows);
      const dims = [rows, ofKind.length];
      return [
        [`rope.cos.${kind}`, float(cos, dims)],
        [`rope.sin.${kind}`, float(sin, dims)],
      ];
    });
    return {
      ...Object.fromEntries(tables),
      positions: integer(
        batch.positions.map((p) => Math.max(p - first, 0)),
        dims,
      ),
    };
  };

  const maskFeeds = (batch: Batch, past: PastStore): Record<string, Tensor> => {
    const dims = [batch.rows, 1, batch.columns, past.capacity + batch.columns];
    const window = config.windows.find((size) => size !== null);
    return {
      ...(config.windows.includes(null) && { 'mask.full': float(attentionMask(batch, past, null), dims) }),
      ...(window && { 'mask.sliding': float(attentionMask(batch, past, window), dims) }),
    };
  };

  return {
    of(batch, past, steer, wanted) {
      const logitRows = wanted.length === 0 && !isEmptyAllowed ? [0] : wanted;
      const feeds: Record<string, Tensor> = {
        tokens: integer(batch.tokens, [batch.rows, batch.columns]),
        logit_rows: integer(logitRows, [logitRows.length]),
        ...positionFeeds(batch),
        ...maskFeeds(batch, past),
      };
      for (const site of sites) {
        const given = steer.find(({ at }) => at === site);
        feeds[`steer.${site}`] = given
          ? float(given.values, [given.rows ?? 1, given.columns ?? 1, dModel])
          : nothing;
      }
      const pastDims = [batch.rows, kvHeads, past.capacity, headDim];
      for (let layer = 0; layer < layers; layer++) {
        feeds[`past.k.${layer}`] = float(past.keys(layer), pastDims);
        feeds[`past.v.${layer}`] = float(past.values(layer), pastDims);
      }
      return feeds;
    },
  };
}
