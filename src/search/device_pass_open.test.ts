import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isFull, onlyInFull } from '../../test/support/effort.ts';
import { missingForAdapter, softwareAdapter } from '../../test/support/software_adapter.ts';
import { AntipodeError } from '../errors.ts';
import type { RunningDevice } from '../onnx/device.ts';
import { loadOnnxRuntime } from '../onnx/runtime.ts';
import { allocateMatrix, type FeatureMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { createRng } from '../tensor/rng.ts';
import { checkColumns } from './device_pass_check.ts';
import { type ColumnSession, openColumns } from './device_pass_graph.ts';
import { type Extremes, type ExtremesOptions, extremes, extremesBetween } from './extremes.ts';

function gaussian(n: number, d: number, seed: number, edit?: (data: Float32Array) => void): FeatureMatrix {
  const matrix = allocateMatrix(n, d);
  const rng = createRng(seed, 'device-test');
  for (let at = 0; at < n * d; at++) matrix.data[at] = rng.normal();
  edit?.(matrix.data);
  return toFeatureMatrix(matrix);
}

/** Ties across the k-th place, rows without a direction, an antipode: what has to come out the same to the bit. */
const damaged = gaussian(600, 24, 1, (data) => {
  for (let row = 100; row < 130; row++) data.copyWithin(row * 24, 0, 24);
  for (let c = 0; c < 24; c++) data[500 * 24 + c] = -data[c]!;
  data.fill(0, 300 * 24, 301 * 24);
  data[310 * 24 + 3] = Number.NaN;
});

describe('a device for the search', () => {
  test('auto and cpu come to what the CPU finds; auto says what runs (the CPU, or CUDA where it is installed)', async () => {
    const seen: RunningDevice[] = [];
    const onDevice = (device: RunningDevice): void => {
      seen.push(device);
    };
    const plain = await extremes(damaged, { k: 40 });
    expect(await extremes(damaged, { k: 40, device: 'cpu', onDevice })).toEqual(plain);
    expect(seen).toEqual([]);
    expect(await extremes(damaged, { k: 40, device: 'auto', onDevice })).toEqual(plain);
    expect(seen).toHaveLength(1);
    expect(['cpu', 'cuda']).toContain(seen[0]!.name);
  });

  test('cuda is a sentence with a way out where it is not installed, or the same pairs', async () => {
    const plain = await extremes(damaged, { k: 40 });
    const found = await extremes(damaged, { k: 40, device: 'cuda' }).catch((error: unknown) => error);
    if (found instanceof AntipodeError) {
      expect(found.kind).toBe('missing');
      expect(found.message).toMatch(/^device cuda: [^\n]+$/);
      expect(found.hint).toContain('--device cpu works everywhere');
    } else expect(found).toEqual(plain);
  });

  test('what cannot be asked is refused before a device is looked for', async () => {
    const options: ExtremesOptions = { k: -1, device: 'cuda' };
    await expect(extremes(damaged, options)).rejects.toMatchObject({ kind: 'usage' });
    const narrow = gaussian(3, 4, 2);
    await expect(extremesBetween(damaged, narrow, { ...options, k: 1 })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('24 and 4'),
    });
  });
});

/** Drivers read the environment of a process, of which a thread changes only its own copy. */
const missing = missingForAdapter() ?? (isMainThread ? undefined : 'tests in processes, not threads');

describe.skipIf(missing !== undefined)(
  `WebGPU on a software adapter${missing === undefined ? '' : ` (needs ${missing}, absent: skipped)`}`,
  () => {
    let dir: string;
    let first: ColumnSession;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'antipode-device-search-'));
      for (const [name, value] of Object.entries(await softwareAdapter(dir))) vi.stubEnv(name, value);
      // While it is open, compiled shaders are kept; they take most of the time.
      first = await openColumns(await loadOnnxRuntime(), 'webgpu', checkColumns(24));
    });
    afterAll(async () => {
      await first.close();
      vi.unstubAllEnvs();
      await rm(dir, { recursive: true });
    });

    const both = async (
      a: FeatureMatrix,
      k: number,
      b?: FeatureMatrix,
    ): Promise<readonly [Extremes, Extremes]> => {
      const search = (options: ExtremesOptions): Promise<Extremes> =>
        b ? extremesBetween(a, b, options) : extremes(a, options);
      let device: RunningDevice | undefined;
      const onDevice = (running: RunningDevice): void => {
        device = running;
      };
      const found = await search({ k, device: 'webgpu', onDevice });
      expect(device?.name).toBe('webgpu');
      return [found, await search({ k })];
    };

    test('ties, rows without a direction and antipodes: the pairs of the CPU, to the last bit', async () => {
      const [found, expected] = await both(damaged, 40);
      expect(found).toEqual(expected);
      expect(found.bottom[0]).toMatchObject({ i: 0, j: 500 });
    });

    test('between two matrices, one of them smaller than a block', async () => {
      const [found, expected] = await both(gaussian(300, 24, 3), 25, gaussian(50, 24, 4));
      expect(found).toEqual(expected);
    });

    test('one row, and fewer pairs than asked for', async () => {
      const [one] = await both(gaussian(1, 24, 5), 3);
      expect(one).toEqual({ top: [], bottom: [] });
      const [all, expected] = await both(gaussian(70, 24, 6), 5000);
      expect(all).toEqual(expected);
      expect(all.top).toHaveLength(2415);
    });

    test.skipIf(!isFull)(
      `the width of Gemma-2-2B and a thousand pairs${onlyInFull('half a minute on a software adapter')}`,
      async () => {
        const [found, expected] = await both(gaussian(1500, 2304, 7), 1000);
        expect(found).toEqual(expected);
      },
    );

    test('an abort ends it with kind `interrupted`, and the next search runs', async () => {
      const controller = new AbortController();
      const search = extremes(damaged, {
        k: 5,
        device: 'webgpu',
        signal: controller.signal,
        onProgress: () => controller.abort(),
      });
      await expect(search).rejects.toMatchObject({ kind: 'interrupted' });
      const [found, expected] = await both(gaussian(130, 24, 8), 5);
      expect(found).toEqual(expected);
    });
  },
);
