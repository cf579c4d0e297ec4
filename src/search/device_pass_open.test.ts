import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { isFull, onlyInFull } from '../../test/support/effort.ts';
import { damagedRows, gaussianRows } from '../../test/support/search_devices.ts';
import { missingForAdapter, softwareAdapter } from '../../test/support/software_adapter.ts';
import type { FeatureMatrix } from '../tensor/matrix.ts';
import { type OpenedDevice, openDevice } from './device_pass_open.ts';
import { searchPairs } from './search_pairs.ts';

/** Drivers read the environment of a process, of which a thread changes only its own copy. */
const missing = missingForAdapter() ?? (isMainThread ? undefined : 'tests in processes, not threads');

describe.skipIf(missing !== undefined)(
  `WebGPU on a software adapter${missing === undefined ? '' : ` (needs ${missing}, absent: skipped)`}`,
  () => {
    let dir: string;
    let device: OpenedDevice;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'antipode-device-search-'));
      for (const [name, value] of Object.entries(await softwareAdapter(dir))) vi.stubEnv(name, value);
      device = await openDevice('webgpu', 24);
    });
    afterAll(async () => {
      await device.close();
      vi.unstubAllEnvs();
      await rm(dir, { recursive: true });
    });

    const expectSame = async (k: number, a: FeatureMatrix, b?: FeatureMatrix): Promise<void> => {
      const request = { a, ...(b && { b }), k };
      expect(await device.search(request)).toEqual(await searchPairs(request));
    };

    test('is the device that was named', () => {
      expect(device.running.name).toBe('webgpu');
    });

    test('ties, rows without a direction and antipodes: the pairs of the CPU, to the last bit', () =>
      expectSame(40, damagedRows()));

    test('between two matrices, one of them smaller than a block', () =>
      expectSame(25, gaussianRows(300, 24, 3), gaussianRows(50, 24, 4)));

    test.each([
      ['one row', 1, 3],
      ['rows of one block alone', 64, 10],
      ['one row more than a block', 65, 10],
      ['fewer pairs than asked for', 70, 5000],
    ])('%s', (_, n, k) => expectSame(k, gaussianRows(n, 24, n)));

    test('width 1, where every pair ties with half of the others', () =>
      expectSame(40, gaussianRows(200, 1, 5)));

    test.skipIf(!isFull)(
      `the width of Gemma-2-2B and a thousand pairs${onlyInFull('half a minute on a software adapter')}`,
      () => expectSame(1000, gaussianRows(1500, 2304, 7)),
    );
  },
);
