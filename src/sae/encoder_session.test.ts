import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { randomSae } from '../../test/support/random_sae.ts';
import { golden, openFixture, UNKNOWN_MAP } from '../../test/support/sae_fixtures.ts';
import { allocateMatrix, type Matrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { decode, encode } from './encode.ts';
import { openSaeEncoder } from './encoder_session.ts';
import { normalizeInput } from './input_scale.ts';
import { openSae } from './open.ts';
import type { Architecture, Sae } from './sae.ts';

const ARCHITECTURES: readonly Architecture[] = ['standard', 'jumprelu', 'topk', 'gated'];
function randomRows(rows: number, cols: number, seed = 1): Matrix {
  const rng = createRng(seed, 'x');
  return { data: Float32Array.from({ length: rows * cols }, () => 3 * rng.normal() + 0.5), rows, cols };
}

/** What decides whether a feature is on, its distance from there, and how far float32 may move it: every product and sum rounds by 2^-24 at most. */
function marginsOf(sae: Sae, x: Matrix, row: number): { margin: number; rounding: number }[] {
  const input = normalizeInput(sae, x, row).values;
  if (sae.applyBDecToInput) for (let k = 0; k < sae.dIn; k++) input[k]! -= sae.b_dec[k]!;
  const found = Array.from({ length: sae.dSae }, (_, feature) => {
    let [pre, size] = [0, 0];
    for (let k = 0; k < sae.dIn; k++) {
      const term = sae.W_enc.data[feature * sae.dIn + k]! * input[k]!;
      pre += term;
      size += Math.abs(term);
    }
    const norm = sae.rescaleActsByDecoderNorm ? sae.W_dec.norms[feature]! : 1;
    const bias = sae.architecture === 'gated' ? sae.b_gate![feature]! : sae.b_enc[feature]!;
    const rounding = (sae.dIn + 8) * 2 ** -24 * (size + Math.abs(bias));
    const unit = sae.architecture === 'topk' ? norm : 1;
    const start = sae.architecture === 'jumprelu' ? Math.max(0, sae.threshold![feature]!) : 0;
    return { margin: (pre + bias) * unit - start, rounding: rounding * unit };
  });
  if (sae.architecture !== 'topk') return found;
  const last = found.map(({ margin }) => margin).sort((a, b) => b - a)[sae.k! - 1]!;
  const rounding = 2 * Math.max(...found.map((one) => one.rounding));
  return found.map(({ margin }) => ({
    // What is kept and below 0 is off as well.
    margin: Math.abs(margin - last) < Math.abs(margin) ? margin - last : margin,
    rounding,
  }));
}

/** @returns features on in one and off in the other */
async function compare(sae: Sae, x: Matrix): Promise<number> {
  const encoder = await openSaeEncoder(sae, { blockRows: 5 });
  const [exact, fast] = [await encode(sae, x), await encoder.encode(x)];
  expect([fast.rows, fast.cols]).toEqual([x.rows, sae.dSae]);
  let flips = 0;
  for (let row = 0; row < x.rows; row++) {
    const margins = marginsOf(sae, x, row);
    for (let feature = 0; feature < sae.dSae; feature++) {
      const [a, b] = [exact.data[row * sae.dSae + feature]!, fast.data[row * sae.dSae + feature]!];
      const { margin, rounding } = margins[feature]!;
      const scale = Math.exp(Math.abs(sae.r_mag?.[feature] ?? 0)) * (sae.W_dec.norms[feature]! + 1);
      if (a > 0 === b > 0) expect(Math.abs(a - b)).toBeLessThanOrEqual(2 * rounding * scale);
      else {
        flips += 1;
        expect(Math.abs(margin)).toBeLessThanOrEqual(2 * rounding);
      }
    }
  }
  const recon = await decode(sae, exact, { input: x });
  const own = await encoder.decode(exact, { input: x });
  const whole = await encoder.reconstruct(x);
  await encoder.close();
  const size = Math.max(...recon.data.map(Math.abs));
  // A reconstruction adds up fewer than d_sae products, each within 2^-24 of its size; the sizes are near 1.
  recon.data.forEach((value, i) => {
    expect(Math.abs(own.data[i]! - value)).toBeLessThan(1e-5 * size);
    if (flips === 0) expect(Math.abs(whole.data[i]! - value)).toBeLessThan(1e-5 * size);
  });
  return flips;
}

describe.each(ARCHITECTURES)('a random %s SAE equals the float64 loops', (architecture) => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed))('options of seed %i', async (seed) => {
    const sae = randomSae(architecture, seed, { dIn: 19, dSae: 67 });
    expect(await compare(sae, randomRows(13, 19))).toBeLessThanOrEqual(1);
  });
});

describe.each(Object.entries(golden))('fixture %s', (name, expected) => {
  it('equals the float64 loops', async () => {
    const file = await openFixture(name, name === 'unknown' ? { map: UNKNOWN_MAP } : {});
    const sae = await file.load();
    await file.close();
    const data = Float32Array.from(expected.x);
    expect(await compare(sae, { data, rows: data.length / sae.dIn, cols: sae.dIn })).toBe(0);
    expect(await compare(sae, randomRows(11, sae.dIn))).toBe(0);
  });
});

describe.each([
  ['sae-dictionary-learning/ae1.pt', {}],
  [
    'sae-tinystories/sae_512_4.pt',
    {
      map: ['W_enc=encoder_weights', 'W_dec=decoder_weights', 'b_enc=encoder_bias', 'b_dec=pre_bias', 'k=4'],
    },
  ],
])('trained SAE %s', (name, options) => {
  const path = fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
  it.skipIf(!existsSync(path))(`equals the float64 loops (needs ../shared/data/${name})`, async () => {
    const file = await openSae(path, { env: {}, cwd: '/', ...options });
    const sae = await file.load();
    await file.close();
    expect(await compare(sae, randomRows(6, sae.dIn))).toBeLessThanOrEqual(2);
  });
});

describe('special cases', () => {
  /** Feature 0 = x, 1 = y, 2 = -x, 3 = -y. */
  const cross = (architecture: Architecture, more: Partial<Sae> = {}): Sae => {
    const rows = toFeatureMatrix({ data: Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1), rows: 4, cols: 2 });
    const base = randomSae(architecture, 0, { dIn: 2, dSae: 4 });
    const zeros = { b_enc: new Float32Array(4), b_dec: new Float32Array(2), applyBDecToInput: false };
    return { ...base, W_enc: rows, W_dec: rows, ...zeros, ...more };
  };
  const matrix = (rows: readonly (readonly number[])[]): Matrix => ({
    data: Float32Array.from(rows.flat()),
    rows: rows.length,
    cols: rows[0]!.length,
  });
  const encoded = async (sae: Sae, x: Matrix): Promise<number[]> => {
    const encoder = await openSaeEncoder(sae);
    const acts = await encoder.encode(x);
    await encoder.close();
    expect(acts.data).toEqual((await encode(sae, x)).data);
    return Array.from(acts.data);
  };

  it('topk gives ties to the lower index; a k beyond d_sae keeps all', async () => {
    expect(await encoded(cross('topk', { k: 1 }), matrix([[2, 2]]))).toEqual([2, 0, 0, 0]);
    expect(await encoded(cross('topk', { k: 3 }), matrix([[2, 1]]))).toEqual([2, 1, 0, 0]);
    expect(await encoded(cross('topk', { k: 9 }), matrix([[-2, 1]]))).toEqual([0, 1, 2, 0]);
  });

  it('jumprelu is off at its threshold, and a threshold below 0 acts as 0', async () => {
    const sae = cross('jumprelu', { threshold: Float32Array.of(1, 0.5, -1, -1) });
    expect(await encoded(sae, matrix([[1, 1]]))).toEqual([0, 1, 0, 0]);
  });

  it.each(ARCHITECTURES)('%s: rows that are not finite give NaN and leave the others alone', async (one) => {
    const vectors = {
      k: 2,
      threshold: new Float32Array(4),
      b_gate: new Float32Array(4),
      r_mag: new Float32Array(4),
    };
    const x = matrix([
      [Number.NaN, 1],
      [1, 2],
      [Number.POSITIVE_INFINITY, 0],
    ]);
    const nan = Array(4).fill(Number.NaN);
    expect(await encoded(cross(one, vectors), x)).toEqual([...nan, 1, 2, 0, 0, ...nan]);
    const encoder = await openSaeEncoder(cross(one, vectors));
    const recon = Array.from((await encoder.reconstruct(x)).data);
    await encoder.close();
    expect(recon).toEqual([Number.NaN, Number.NaN, 1, 2, Number.NaN, Number.NaN]);
  });

  it.each(ARCHITECTURES)('%s: NaN in weights of one feature stays with it', async (architecture) => {
    const data = Float32Array.of(1, 0, 0, 1, -1, 0, Number.NaN, -1);
    const broken = toFeatureMatrix({ data, rows: 4, cols: 2 });
    const more = { threshold: new Float32Array(4), b_gate: new Float32Array(4), r_mag: new Float32Array(4) };
    const x = matrix([
      [1, 2],
      [-3, 1],
    ]);
    await encoded(cross(architecture, { ...more, k: 3, W_enc: broken }), x);
    const sae = cross(architecture, { ...more, k: 3, W_dec: broken });
    const encoder = await openSaeEncoder(sae);
    for (const acts of [matrix([[1, 2, 0, 0]]), matrix([[1, 2, 0, 5]])]) {
      expect((await encoder.decode(acts)).data).toEqual((await decode(sae, acts)).data);
    }
    await encoder.close();
  });

  it('decoder rows of zeros do no harm where activations are in units of their norms', async () => {
    const W_dec = toFeatureMatrix({ data: Float32Array.of(2, 0, 0, 0, 0, 0, 0, -1), rows: 4, cols: 2 });
    const sae = cross('standard', { W_dec, rescaleActsByDecoderNorm: true });
    expect(await encoded(sae, matrix([[1, 1]]))).toEqual([2, 0, 0, 0]);
    const encoder = await openSaeEncoder(sae);
    expect(Array.from((await encoder.reconstruct(matrix([[1, 1]]))).data)).toEqual([2, 0]);
    await encoder.close();
  });

  it('serves blocks in order, takes shared memory, no rows and no features, and refuses what does not fit', async () => {
    const sae = randomSae('standard', 2, { dIn: 4, dSae: 6 });
    const encoder = await openSaeEncoder(sae, { blockRows: 3, threads: 1 });
    const x = allocateMatrix(8, 4);
    x.data.set(randomRows(8, 4).data);
    const whole = await encoder.encode(x);
    const starts: number[] = [];
    for await (const { firstRow, acts } of encoder.encodeBlocks(x)) {
      starts.push(firstRow);
      expect(acts.data).toEqual(whole.data.slice(firstRow * 6, (firstRow + acts.rows) * 6));
    }
    expect(starts).toEqual([0, 3, 6]);
    const acts = allocateMatrix(8, 6);
    acts.data.set(whole.data);
    expect(await encoder.decode(acts, { input: x })).toEqual(await encoder.decode(whole, { input: x }));
    const none = { data: new Float32Array(0), rows: 0, cols: 4 };
    expect((await encoder.reconstruct(none)).rows).toBe(0);
    await expect(encoder.encode(whole)).rejects.toMatchObject({ kind: 'usage' });
    await expect(encoder.decode(x)).rejects.toMatchObject({ kind: 'usage' });
    await expect(encoder.decode(whole)).rejects.toMatchObject({ kind: 'usage', hint: 'pass { input }' });
    await expect(encoder.decode(whole, { input: none })).rejects.toThrow(/0 rows, expected 8/);
    await encoder.close();
    await encoder.close();
    await expect(encoder.encode(x)).rejects.toThrow(/closed/);
    const empty = await openSaeEncoder({
      ...randomSae('standard', 0, { dIn: 4, dSae: 0 }),
      applyBDecToInput: false,
    });
    expect((await empty.encode(x)).data).toHaveLength(0);
    const recon = (await empty.reconstruct(x)).data;
    expect(recon.slice(0, 4)).toEqual(empty.sae.b_dec);
    await empty.close();
  });
});
