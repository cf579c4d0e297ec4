import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkFeatureFile, type FeatureFile, writeFeatureFile } from './feature_file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-feature-file-'));
});
afterEach(() => rm(dir, { recursive: true }));

const { signal } = new AbortController();
const SPARSITY = { densities: Float64Array.of(0, 1e-7, 0.5), maxActivations: Float32Array.of(0, 0.25, 1e9) };

function named(name: string, inputs: readonly string[] = []): FeatureFile {
  return { path: join(dir, name), shown: name, inputs: inputs.map((one) => join(dir, one)) };
}

describe('the file of the features', () => {
  it('is written, and replaced by the next evaluation', async () => {
    await writeFeatureFile(named('deep/f.csv'), SPARSITY, signal);
    expect(await readFile(join(dir, 'deep/f.csv'), 'utf8')).toBe(
      'feature,density,max_activation\n0,0,0\n1,1e-7,0.25\n2,0.5,1000000000\n',
    );
    await writeFeatureFile(named('deep/f.csv'), SPARSITY, signal);
    await writeFile(join(dir, 'empty'), '');
    await checkFeatureFile(named('empty'));
  });

  it.each([
    ['a text', 'a story\nand another\n'],
    ['numbers without the header', '1,2,3\n'],
    ['the header with a remark behind it', 'feature,density,max_activation\n0,0,0\n# mine\n'],
    ['a piece of the header', 'feature'],
    ['other columns', 'feature,density\n0,0\n'],
  ])('%s is not replaced', async (_, content) => {
    await writeFile(join(dir, 'mine.txt'), content);
    const refused = { kind: 'usage', message: 'mine.txt: is there already, and antipode did not write it' };
    await expect(checkFeatureFile(named('mine.txt'))).rejects.toMatchObject(refused);
    await expect(writeFeatureFile(named('mine.txt'), SPARSITY, signal)).rejects.toMatchObject(refused);
    expect(await readFile(join(dir, 'mine.txt'), 'utf8')).toBe(content);
  });

  it('is none that the same command reads, whatever it is called and whoever wrote it', async () => {
    await writeFeatureFile(named('f.csv'), SPARSITY, signal);
    await symlink('f.csv', join(dir, 'link'));
    for (const [out, text] of [
      ['f.csv', 'f.csv'],
      ['link', 'f.csv'],
      ['f.csv', 'link'],
    ] as const) {
      await expect(checkFeatureFile(named(out, [text]))).rejects.toMatchObject({
        kind: 'usage',
        message: expect.stringContaining('is read by the same command'),
      });
    }
    await checkFeatureFile(named('f.csv', ['other.txt']));
  });

  it('is no folder', async () => {
    await expect(checkFeatureFile({ path: dir, shown: 'dir', inputs: [] })).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('is a folder'),
    });
    expect(await readdir(dir)).toEqual([]);
  });
});
