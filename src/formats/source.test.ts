import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileChunks } from './json/gzip.ts';
import { memorySource, openFileSource, readBytes } from './source.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-source-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readAll(path: string): Promise<number> {
  let bytes = 0;
  for await (const chunk of fileChunks(path)) bytes += chunk.byteLength;
  return bytes;
}

describe('sources', () => {
  it('read any range of a file or of memory, and refuse what passes the end', async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
    const path = join(folder, 'bytes.bin');
    await writeFile(path, bytes);
    for (const source of [await openFileSource(path), memorySource('bytes.bin', bytes)]) {
      expect(source.byteLength).toBe(1000);
      expect(await readBytes(source, 250, 300)).toEqual(bytes.subarray(250, 550));
      expect(await readBytes(source, 1000, 0)).toHaveLength(0);
      for (const [offset, length] of [
        [999, 2],
        [-1, 1],
        [1001, 0],
      ] as const) {
        await expect(readBytes(source, offset, length)).rejects.toMatchObject({ kind: 'format' });
      }
      await source.close();
    }
    expect(await readAll(path)).toBe(1000);
  });

  it('a file that shrinks while it is open is a sentence', async () => {
    const path = join(folder, 'shrinks.bin');
    await writeFile(path, new Uint8Array(100));
    const source = await openFileSource(path);
    await truncate(path, 10);
    await expect(readBytes(source, 0, 100)).rejects.toMatchObject({
      message: expect.stringContaining('ends too early'),
    });
    await source.close();
  });

  it('what is no file is refused at once: folders, devices, absent names, and named pipes without a writer', async () => {
    const pipe = join(folder, 'pipe');
    const hasPipes = spawnSync('mkfifo', [pipe]).status === 0;
    const cases: [string, string][] = [
      [folder, 'format'],
      [join(folder, 'absent'), 'missing'],
      ['/dev/null', 'format'],
    ];
    if (hasPipes) cases.push([pipe, 'format']);
    for (const [path, kind] of cases) {
      await expect(openFileSource(path)).rejects.toMatchObject({ kind });
      await expect(readAll(path)).rejects.toMatchObject({ kind });
    }
  });
});
