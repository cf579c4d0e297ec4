import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { childrenOf, LISTS_PROCESSES, untilGone } from '../../test/support/processes.ts';
import { damagedRows, gaussianRows } from '../../test/support/search_devices.ts';
import { missingForAdapter, softwareAdapter } from '../../test/support/software_adapter.ts';
import { AntipodeError } from '../errors.ts';
import type { RunningDevice } from '../onnx/device.ts';
import { findDevice } from './device_pass_process.ts';
import { type ExtremesOptions, extremes, extremesBetween } from './extremes.ts';
import { searchPairs } from './search_pairs.ts';

const damaged = damagedRows();

describe('a device for the search', () => {
  test('auto and cpu come to what the CPU finds; auto says what runs (the CPU, or CUDA where it is installed)', async () => {
    const seen: RunningDevice[] = [];
    const onDevice = (device: RunningDevice): void => {
      seen.push(device);
    };
    const { top, bottom } = await searchPairs({ a: damaged, k: 40 });
    const plain = { top, bottom };
    expect(await extremes(damaged, { k: 40, device: 'cpu', onDevice })).toMatchObject(plain);
    expect(seen).toEqual([]);
    expect(await extremes(damaged, { k: 40, device: 'auto', onDevice })).toMatchObject(plain);
    expect(seen).toEqual([await findDevice('auto')]);
    expect(['cpu', 'cuda']).toContain(seen[0]!.name);
  });

  test('cuda is a sentence with a way out where it is not installed, or the same pairs', async () => {
    const found = await extremes(damaged, { k: 40, device: 'cuda' }).catch((error: unknown) => error);
    if (found instanceof AntipodeError) {
      expect(found.kind).toBe('missing');
      expect(found.message).toMatch(/^device cuda: [^\n]+$/);
      expect(found.hint).toContain('--device cpu works everywhere');
    } else expect(found).toEqual(await searchPairs({ a: damaged, k: 40 }));
  });

  test('what cannot be asked is refused before a device is looked for', async () => {
    const options: ExtremesOptions = { k: -1, device: 'cuda' };
    await expect(extremes(damaged, options)).rejects.toMatchObject({ kind: 'usage' });
    const narrow = gaussianRows(3, 4, 2);
    await expect(extremesBetween(damaged, narrow, { ...options, k: 1 })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('24 and 4'),
    });
  });

  test.skipIf(process.platform !== 'linux')(
    'a machine without an adapter is a sentence (Linux only)',
    async () => {
      for (const name of ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES']) vi.stubEnv(name, '/nowhere/driver.json');
      await expect(extremes(damaged, { k: 1, device: 'webgpu' })).rejects.toMatchObject({
        kind: 'missing',
        message: expect.stringMatching(/^device webgpu: [^\n]+$/),
      });
      vi.unstubAllEnvs();
    },
  );
});

const missing = missingForAdapter();

describe.skipIf(missing !== undefined)(
  `the process of a search on a software adapter${missing === undefined ? '' : ` (needs ${missing}, absent: skipped)`}`,
  () => {
    let dir: string;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'antipode-device-process-'));
      for (const [name, value] of Object.entries(await softwareAdapter(dir))) vi.stubEnv(name, value);
    });
    afterAll(async () => {
      vi.unstubAllEnvs();
      await rm(dir, { recursive: true });
    });

    test('gives the pairs of the CPU between two matrices, names its device, counts to the end', async () => {
      const b = gaussianRows(90, 24, 3);
      const devices: string[] = [];
      const shares: number[] = [];
      const found = await extremesBetween(damaged, b, {
        k: 40,
        device: 'webgpu',
        onDevice: ({ name }) => devices.push(name),
        onProgress: (done, total) => shares.push(done / total),
      });
      expect(found).toEqual(await searchPairs({ a: damaged, b, k: 40 }));
      expect(devices).toEqual(['webgpu']);
      expect(shares).toEqual([...shares].sort((x, y) => x - y));
      expect(shares.at(-1)).toBe(1);
    });

    test.skipIf(!LISTS_PROCESSES)('is gone when the search is, and when that is interrupted', async () => {
      const before = new Set(childrenOf(process.pid));
      const mine = (): number[] => childrenOf(process.pid).filter((pid) => !before.has(pid));
      const controller = new AbortController();
      let pids: number[] = [];
      const search = extremes(damaged, {
        k: 5,
        device: 'webgpu',
        signal: controller.signal,
        onDevice: () => {
          pids = mine();
          controller.abort();
        },
      });
      await expect(search).rejects.toMatchObject({ kind: 'interrupted' });
      expect(pids).toHaveLength(1);
      for (const pid of pids) await untilGone(pid);
    });

    test.skipIf(!LISTS_PROCESSES)('is a sentence where the driver ends it', async () => {
      const before = new Set(childrenOf(process.pid));
      const search = extremes(damaged, {
        k: 5,
        device: 'webgpu',
        onDevice: () => {
          for (const pid of childrenOf(process.pid)) if (!before.has(pid)) process.kill(pid, 'SIGSEGV');
        },
      });
      await expect(search).rejects.toMatchObject({
        kind: 'resource',
        message: 'device webgpu: the process of the search crashed (SIGSEGV)',
        hint: expect.stringContaining('--device cpu'),
      });
    });
  },
);
