import { chmod, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../../../test/support/failure_of.ts';
import { makeSidecarPlace, openOf, type SidecarPlace } from '../../../test/support/sidecars.ts';
import type { MatrixFile } from '../../../test/support/stored_matrices.ts';
import { requireRoom } from './make_sidecar.ts';

let place: SidecarPlace;
let model: MatrixFile;
const fresh = (): Promise<string> => place.fresh();
beforeAll(async () => {
  place = await makeSidecarPlace();
  model = place.model;
});
afterAll(() => place.remove());

describe('where it cannot be kept', () => {
  test('a cache that is read-only: one sentence that names the way out; a finished file there is used', async () => {
    const cacheDir = await fresh();
    for (const folder of [place.dir, dirname(model.path)]) await chmod(folder, 0o755);
    await asOrdinaryUser(cacheDir, async () => {
      expect(await failureOf(openOf(model, cacheDir))).toMatchObject({
        kind: 'resource',
        message: `${cacheDir}: quantised weights cannot be kept there, there is no permission to write`,
        hint: expect.stringContaining('XDG_CACHE_HOME'),
      });
    });
    const { path } = await openOf(model, cacheDir);
    await asOrdinaryUser(cacheDir, async () => {
      expect((await openOf(model, cacheDir)).made).toBeUndefined();
    });
    expect((await stat(path)).isFile()).toBe(true);
  });

  test('a cache below a file', async () => {
    expect(await failureOf(openOf(model, join(model.path, 'cache')))).toMatchObject({
      kind: 'resource',
      message: expect.stringContaining('a part of this path is a file'),
    });
  });

  test('a disk without room', async () => {
    await requireRoom(place.dir, 1);
    const error = await failureOf(requireRoom(place.dir, 1e18));
    expect(error.kind).toBe('resource');
    expect(error.message).toMatch(
      /: no room for the quantised weights \(.* GB are free, expected 1\.0e\+9 GB\)/,
    );
    expect(error.hint).toContain('XDG_CACHE_HOME');
  });
});

/** Root may write anywhere: there, the work runs under the rights of `nobody`. */
async function asOrdinaryUser(folder: string, work: () => Promise<void>): Promise<void> {
  await chmod(folder, 0o555);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    await chmod(folder, 0o755);
  }
}
