/** @file What is seen of one row while it is written: which positions were steered, and the residual stream at each. */

export interface RowTrace {
  /** @param position the next one @param residual `[d_in]`, copied; looked at only where residuals are kept */
  take(position: number, isSteered: boolean, residual: Float32Array | undefined): void;
  readonly positions: number;
  /** `[from, to)`, ascending, as few as there can be. */
  readonly steered: readonly (readonly [number, number])[];
  /** `[positions, d_in]`. Empties the trace of them. */
  residuals(): Float32Array;
}

/** @param dIn width of the residuals to keep; none are where it is left out */
export function createRowTrace(dIn: number | undefined): RowTrace {
  let positions = 0;
  let kept = new Float32Array(0);
  const ranges: [number, number][] = [];
  return {
    take(position, isSteered, residual) {
      if (position !== positions) throw new Error(`internal: position ${position} follows ${positions - 1}`);
      const last = ranges.at(-1);
      if (isSteered && last?.[1] === position) last[1] = position + 1;
      else if (isSteered) ranges.push([position, position + 1]);
      if (dIn !== undefined) {
        if (residual?.length !== dIn)
          throw new Error(`internal: a residual of ${residual?.length} values, not ${dIn}`);
        if (kept.length < (position + 1) * dIn) kept = grown(kept, (position + 1) * dIn);
        kept.set(residual, position * dIn);
      }
      positions += 1;
    },
    get positions() {
      return positions;
    },
    get steered() {
      return ranges;
    },
    residuals() {
      const all = kept.subarray(0, positions * (dIn ?? 0));
      kept = new Float32Array(0);
      return all;
    },
  };
}

function grown(values: Float32Array<ArrayBuffer>, length: number): Float32Array<ArrayBuffer> {
  const larger = new Float32Array(Math.max(length, 2 * values.length));
  larger.set(values);
  return larger;
}
