/** @file What is written, read back: through this package's own loaders, which follow the published programs, and by bytes. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sparseActivations } from '../../../test/support/sparse_activations.ts';
import { encode } from '../../sae/encode.ts';
import { openSae } from '../../sae/open.ts';
import type { Sae } from '../../sae/sae.ts';
import type { SaeTrainingSettings } from './settings.ts';
import type { SaeArchitecture } from './step_graph.ts';
import { trainSae } from './train_sae.ts';
import type { TrainedSae } from './trained_sae.ts';
import { type WriteSaeFolderOptions, writeSaeFolder } from './write_sae.ts';

const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'antipode-write-sae-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

const place = {
  modelName: 'test/model',
  hookName: 'blocks.3.hook_mlp_out',
  contextLength: 64,
  prependBos: true,
  excludesSpecialTokens: true,
  datasetPath: 'stories.txt',
};

const SHAPES: Record<SaeArchitecture, Partial<SaeTrainingSettings>> = {
  batchtopk: { k: 3 },
  topk: { k: 3 },
  jumprelu: { sparsityCoefficient: 0.5 },
  relu: { sparsityCoefficient: 1 },
};

const ARCHITECTURES = Object.keys(SHAPES) as SaeArchitecture[];

const source = () => sparseActivations({ dIn: 12, directions: 20, active: 2 });

async function trained(architecture: SaeArchitecture): Promise<TrainedSae> {
  const settings = { architecture, dSae: 30, steps: 60, batch: 64, learningRate: 5e-3, calibrationRows: 256 };
  return trainSae({
    source: source(),
    settings: { ...settings, ...SHAPES[architecture] },
    folder: await newFolder(),
    threads: 1,
  });
}

async function readBack(sae: TrainedSae, options: Omit<WriteSaeFolderOptions, 'place'>): Promise<Sae> {
  const folder = await newFolder();
  await writeSaeFolder(folder, sae, { ...options, place });
  const file = await openSae(folder, { env: {}, cwd: folder });
  const loaded = await file.load();
  await file.close();
  return loaded;
}

/** Activations `[n, d_sae]` of a trained SAE by its own definition, in float64. */
function activationsOf(sae: TrainedSae, x: Float32Array): number[][] {
  const { architecture, dIn, dSae, k = dSae, threshold } = sae;
  return Array.from({ length: x.length / dIn }, (_, row) => {
    const pre = Array.from({ length: dSae }, (_, latent) => {
      let sum = sae.b_enc[latent]!;
      for (let c = 0; c < dIn; c++) sum += sae.W_enc[latent * dIn + c]! * (x[row * dIn + c]! - sae.b_dec[c]!);
      return sum;
    });
    const last = architecture === 'topk' ? pre.toSorted((a, b) => b - a)[k - 1]! : Number.NEGATIVE_INFINITY;
    return pre.map((value, latent) =>
      value > (threshold?.[latent] ?? 0) && value >= last ? Math.max(0, value) : 0,
    );
  });
}

describe('a trained SAE', () => {
  it.each(ARCHITECTURES)('%s reads back from SAELens files with the same features', async (architecture) => {
    const sae = await trained(architecture);
    const loaded = await readBack(sae, { format: 'saelens' });
    expect(loaded.W_enc.data).toEqual(sae.W_enc);
    expect(loaded.W_dec.data).toEqual(sae.W_dec);
    expect(loaded.W_dec.norms.every((norm) => Math.abs(norm - 1) < 1e-6)).toBe(true);
    expect(loaded.applyBDecToInput).toBe(true);
    expect(loaded.facts).toContain('written by antipode as SAELens 6.0.0 does');
    expect(loaded.identity).toMatchObject({ modelName: 'test/model', hookName: place.hookName, layer: 3 });
    const x = await source().next(40);
    const acts = await encode(loaded, { data: x, rows: 40, cols: 12 });
    expect([...acts.data]).toEqual(activationsOf(sae, x).flat().map(Math.fround));
    expect(
      activationsOf(sae, x)
        .flat()
        .filter((value) => value > 0).length,
    ).toBeGreaterThan(40);
  });

  it.each(['batchtopk', 'jumprelu', 'relu'] as const)(
    '%s reads back from params.npz with the same features',
    async (architecture) => {
      const sae = await trained(architecture);
      const loaded = await readBack(sae, { format: 'gemma-scope' });
      expect(loaded).toMatchObject({ architecture: 'jumprelu', applyBDecToInput: false });
      const x = await source().next(40);
      const acts = await encode(loaded, { data: x, rows: 40, cols: 12 });
      const expected = activationsOf(sae, x).flat();
      // b_enc - W_enc b_dec is rounded to float32: 2^-24 of values of about 10.
      for (const [i, value] of acts.data.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-6);
    },
  );

  it('topk is refused as params.npz', async () => {
    const writing = readBack(await trained('topk'), { format: 'gemma-scope' });
    await expect(writing).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('a topk SAE cannot be written so'),
    });
  });

  it.each(['saelens', 'gemma-scope'] as const)('is stored in half the space as %s', async (format) => {
    const sae = await trained('batchtopk');
    const loaded = await readBack(sae, { format, dtype: 'float16' });
    expect(loaded.dtype).toBe('F16');
    // Half of the distance between float16 numbers below 2.
    for (const [i, value] of loaded.W_dec.data.entries())
      expect(Math.abs(value - sae.W_dec[i]!)).toBeLessThanOrEqual(2 ** -11);
    expect(loaded.threshold).toEqual(sae.threshold);
    const tooLarge = { ...sae, W_dec: sae.W_dec.map((value, i) => (i === 7 ? 7e4 : value)) };
    await expect(readBack(tooLarge, { format, dtype: 'float16' })).rejects.toMatchObject({
      kind: 'check',
      message: 'W_dec: element 7 cannot be stored as float16 (got 70000)',
    });
  });

  it('has the fields that SAELens 6 reads, and frequencies as logarithms', async () => {
    const sae = await trained('topk');
    const folder = await newFolder();
    const names = await writeSaeFolder(folder, sae, { format: 'saelens', place });
    expect(names).toEqual(['sae_weights.safetensors', 'sparsity.safetensors', 'cfg.json']);
    expect(JSON.parse(await readFile(join(folder, 'cfg.json'), 'utf8'))).toEqual({
      architecture: 'topk',
      d_in: 12,
      d_sae: 30,
      k: 3,
      rescale_acts_by_decoder_norm: false,
      dtype: 'float32',
      device: 'cpu',
      apply_b_dec_to_input: true,
      normalize_activations: 'none',
      reshape_activations: 'none',
      metadata: {
        sae_lens_version: '6.0.0',
        sae_lens_training_version: null,
        model_name: 'test/model',
        hook_name: 'blocks.3.hook_mlp_out',
        hook_layer: 3,
        hook_head_index: null,
        context_size: 64,
        prepend_bos: true,
        exclude_special_tokens: true,
        dataset_path: 'stories.txt',
        trained_with: 'antipode',
        trained_as: 'topk',
        trained_k: 3,
      },
    });
    const file = await openSae(folder, { env: {}, cwd: folder });
    const densities = await file.readDensities!();
    await file.close();
    let total = 0;
    for (const [i, density] of densities.entries()) {
      expect(Math.abs(density - sae.densities[i]!)).toBeLessThan(1e-6);
      total += density;
    }
    expect(total).toBeCloseTo(3, 1);
  });

  it('with a weight that is no number is not written', async () => {
    const sae = await trained('relu');
    const broken = { ...sae, b_enc: sae.b_enc.map((value, i) => (i === 2 ? Number.NaN : value)) };
    await expect(readBack(broken, { format: 'saelens' })).rejects.toMatchObject({ kind: 'check' });
  });
});
