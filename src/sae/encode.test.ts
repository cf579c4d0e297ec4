import { describe, expect, it } from 'vitest';
import { type Matrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { decode, encode } from './encode.ts';
import type { Architecture, Sae } from './sae.ts';

/** The identity on two dimensions and their negatives: feature 0 = x, 1 = y, 2 = -x, 3 = -y. */
function crossSae(architecture: Architecture, more: Partial<Sae> = {}): Sae {
  const rows = toFeatureMatrix({ data: Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1), rows: 4, cols: 2 });
  return {
    identity: { label: 'cross', isSynthetic: true },
    format: 'test',
    architecture,
    dIn: 2,
    dSae: 4,
    dtype: 'F32',
    files: [],
    facts: [],
    W_enc: rows,
    W_dec: rows,
    b_enc: new Float32Array(4),
    b_dec: new Float32Array(2),
    applyBDecToInput: false,
    inputNormalisation: 'none',
    inputScale: 1,
    rescaleActsByDecoderNorm: false,
    ...more,
  };
}

function matrix(rows: readonly (readonly number[])[]): Matrix {
  return { data: Float32Array.from(rows.flat()), rows: rows.length, cols: rows[0]?.length ?? 0 };
}

describe('encode', () => {
  it('jumprelu: a value equal to its threshold is off, and a threshold below 0 acts as 0', async () => {
    const sae = crossSae('jumprelu', { threshold: Float32Array.of(1, 0.5, -1, -1) });
    expect(Array.from((await encode(sae, matrix([[1, 1]]))).data)).toEqual([0, 1, 0, 0]);
  });

  it('topk: ties go to the lower index, and what is kept but negative is 0', async () => {
    const sae = crossSae('topk', { k: 1 });
    expect(Array.from((await encode(sae, matrix([[2, 2]]))).data)).toEqual([2, 0, 0, 0]);
    const wide = crossSae('topk', { k: 3 });
    expect(Array.from((await encode(wide, matrix([[2, 1]]))).data)).toEqual([2, 1, 0, 0]);
  });

  it('gives NaN for a row that is not finite, and leaves the others alone', async () => {
    for (const architecture of ['standard', 'topk', 'jumprelu'] as const) {
      const sae = crossSae(architecture, { k: 2, threshold: new Float32Array(4) });
      const acts = await encode(
        sae,
        matrix([
          [Number.NaN, 1],
          [1, 2],
          [Number.POSITIVE_INFINITY, 0],
        ]),
      );
      expect(Array.from(acts.data)).toEqual([
        ...Array(4).fill(Number.NaN),
        1,
        2,
        0,
        0,
        ...Array(4).fill(Number.NaN),
      ]);
    }
  });

  it('accumulates in float64', async () => {
    const row = Float32Array.of(1e8, 1, -1e8);
    const W = toFeatureMatrix({ data: row, rows: 1, cols: 3 });
    const sae = { ...crossSae('standard'), dIn: 3, dSae: 1, W_enc: W, W_dec: W, b_enc: new Float32Array(1) };
    expect((await encode(sae, matrix([[1, 1, 1]]))).data[0]).toBe(1);
  });

  it('refuses another width, and takes no rows', async () => {
    const sae = crossSae('standard');
    await expect(encode(sae, matrix([[1, 2, 3]]))).rejects.toMatchObject({ kind: 'usage' });
    expect((await encode(sae, { data: new Float32Array(0), rows: 0, cols: 2 })).rows).toBe(0);
  });
});

describe('decode', () => {
  it('adds b_dec, and undoes the input factor', async () => {
    const sae = crossSae('standard', {
      b_dec: Float32Array.of(1, -1),
      inputNormalisation: 'factor',
      inputScale: 4,
    });
    expect(Array.from((await decode(sae, matrix([[3, 0, 0, 7]]))).data)).toEqual([1, -2]);
  });

  it('needs the input where each row was normalised by its own statistics', async () => {
    for (const inputNormalisation of ['layer_norm', 'constant_norm'] as const) {
      const sae = crossSae('standard', { inputNormalisation });
      const x = matrix([[3, 1]]);
      const acts = await encode(sae, x);
      await expect(decode(sae, acts)).rejects.toMatchObject({ kind: 'usage' });
      const recon = await decode(sae, acts, { input: x });
      expect(recon.data[0]).toBeCloseTo(3, 4);
      expect(recon.data[1]).toBeCloseTo(1, 4);
    }
  });

  it('is unharmed by decoder rows of zeros whose activations are given in their norms', async () => {
    const W_dec = toFeatureMatrix({ data: Float32Array.of(2, 0, 0, 0, 0, 0, 0, -1), rows: 4, cols: 2 });
    const sae = crossSae('gated', {
      W_dec,
      rescaleActsByDecoderNorm: true,
      b_gate: new Float32Array(4),
      r_mag: new Float32Array(4),
    });
    const acts = await encode(sae, matrix([[1, 1]]));
    expect(Array.from(acts.data)).toEqual([2, 0, 0, 0]);
    expect(Array.from((await decode(sae, acts)).data)).toEqual([2, 0]);
  });

  it('refuses other widths and another number of rows', async () => {
    const sae = crossSae('standard');
    await expect(decode(sae, matrix([[1]]))).rejects.toMatchObject({ kind: 'usage' });
    await expect(decode(sae, matrix([[1, 0, 0, 0]]), { input: matrix([[1, 2, 3]]) })).rejects.toThrow(
      /rows have 3/,
    );
    await expect(
      decode(sae, matrix([[1, 0, 0, 0]]), {
        input: matrix([
          [1, 2],
          [3, 4],
        ]),
      }),
    ).rejects.toThrow(/2 rows/);
  });
});
