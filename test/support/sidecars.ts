/** @file What the tests of a sidecar share: a model of two matrices in a folder that goes away, and sidecars of it, made here or in a process of their own. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTensorSource } from '../../src/formats/detect.ts';
import { openFileSource } from '../../src/formats/source.ts';
import { readFloat32 } from '../../src/formats/tensor_file.ts';
import { openSidecar, type Sidecar, type SidecarOptions } from '../../src/lm/quantised/sidecar.ts';
import { createRng } from '../../src/tensor/rng.ts';
import { type MatrixFile, writeMatrices } from './stored_matrices.ts';

export interface SidecarPlace {
  readonly dir: string;
  readonly model: MatrixFile;
  /** An empty folder in `dir`. */
  fresh(): Promise<string>;
  remove(): Promise<void>;
}

export async function makeSidecarPlace(): Promise<SidecarPlace> {
  const dir = await mkdtemp(join(tmpdir(), 'antipode-sidecar-'));
  const fresh = (): Promise<string> => mkdtemp(join(dir, 'x-'));
  const model = await writeMatrices(await fresh(), largeMatrices());
  return { dir, model, fresh, remove: () => rm(dir, { recursive: true }) };
}

/** 512 pieces of `SMALL_PIECES`. */
export function largeMatrices(): Parameters<typeof writeMatrices>[1] {
  const rng = createRng(3, 'sidecar');
  const random = (): Float32Array => Float32Array.from({ length: 2 ** 18 }, () => 0.02 * rng.normal());
  return [
    { name: 'a', dtype: 'F32', outputs: 512, inputs: 512, data: random() },
    { name: 'b', dtype: 'F32', outputs: 1024, inputs: 256, layout: 'in-out', data: random() },
  ];
}

export const SMALL_PIECES = 1024;

export function openOf(
  file: MatrixFile,
  cacheDir: string,
  options: Partial<SidecarOptions> = {},
): Promise<Sidecar> {
  return openSidecar(file.matrices, { bits: 8, cacheDir, root: file.root, ...options });
}

/** The blocks of a sidecar, read as the safetensors file that it is. */
export async function blocksOf(
  { path }: Sidecar,
  name: string,
): Promise<{ quants: Uint8Array; scales: Float32Array }> {
  const file = await openTensorSource(await openFileSource(path));
  const stored = file.tensors.get(`${name}:quants`)!;
  const quants = new Uint8Array(stored.shape.reduce((a, b) => a * b));
  await stored.readBytes(0, quants);
  const scales = await readFloat32(file.tensors.get(`${name}:scales`)!);
  await file.close();
  return { quants, scales };
}

/** `openSidecar` in a process of its own, from the built files. */
export function openInChild(
  file: MatrixFile,
  cacheDir: string,
  killAt = 2,
): Promise<{ code: number | null; out: string }> {
  const built = new URL('../../dist/lm/quantised/sidecar.js', import.meta.url);
  const code = `
    const { openSidecar } = await import(${JSON.stringify(built)});
    const { made } = await openSidecar(${JSON.stringify(file.matrices)}, {
      bits: 8, cacheDir: ${JSON.stringify(cacheDir)}, root: ${JSON.stringify(file.root)}, pieceWeights: ${SMALL_PIECES},
      onProgress: (fraction) => { if (fraction > ${killAt}) process.kill(process.pid, 'SIGKILL'); },
    });
    process.stdout.write(JSON.stringify(made ?? null));`;
  return new Promise((resolve, reject) => {
    const started = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    started.stdout.on('data', (data) => {
      out += String(data);
    });
    started.on('error', reject);
    started.on('close', (code) => resolve({ code, out }));
  });
}
