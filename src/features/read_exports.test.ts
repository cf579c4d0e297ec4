import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { AntipodeError } from '../errors.ts';
import { readExports, type SourceExport, skippedSentence } from './read_exports.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/neuronpedia/', import.meta.url));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-exports-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

async function* inPieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const texts = ({ data }: SourceExport): string[] =>
  data.explanations.map(({ feature, description }) => `${feature} ${description}`);

describe('what lies in the place of an export', () => {
  it.each([
    ['page.json', '<!DOCTYPE html><html><body>404</body></html>', /is a web page/],
    [
      'pointer.jsonl',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n',
      /git-lfs pointer/,
    ],
  ])('%s is recognised', async (name, text, problem) => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-exports-'));
    await writeFile(join(folder, name), text);
    await expect(readExports([name], { cwd: folder })).rejects.toMatchObject({
      kind: 'format',
      message: expect.stringMatching(problem),
    });
    await rm(folder, { recursive: true });
  });
});

describe('readExports', () => {
  it('reads a folder of batches: rows in text order, several sources, several explanations', async () => {
    const { sources, skipped, ignored, paths } = await readExports(['export'], { cwd: fixtures });
    expect(sources.map(({ data }) => data.sourceId)).toEqual([
      '10-gemmascope-res-16k',
      '20-gemmascope-res-16k',
    ]);
    const [layer10, layer20] = sources as [SourceExport, SourceExport];
    expect(texts(layer20)).toEqual([
      '0 the beginning of a text',
      '0 Start of documents',
      '1 words that express happiness and joy',
      '2 happy',
      '3 code with <b>markup</b> & \u001b[31mcolour\u001b[0m İstanbul',
      '10 expressions of sadness',
      '99 the last batch',
      '100 references to running and runners',
      '101 unhappy endings',
    ]);
    expect(layer20.data.features).toEqual([
      { feature: 0, fracNonzero: 0.9, maxAct: 310.5, createdAt: '2024-08-10T13:32:21.105Z' },
      { feature: 1, fracNonzero: 0.00069, maxAct: 74.742, createdAt: '2024-08-10T13:32:21.105Z' },
      { feature: 16383, fracNonzero: 0, maxAct: 0, createdAt: '2024-08-10T13:32:21.105Z' },
    ]);
    expect(texts(layer10)).toEqual(['7 brightness']);
    expect(skipped).toEqual({ count: 0, reasons: [] });
    expect(ignored).toEqual(['export/activations/', 'export/release.jsonl']);
    expect(paths.map((path) => path.slice(fixtures.length))).toEqual([
      'export/explanations/batch-0.jsonl.gz',
      'export/explanations/batch-1.jsonl.gz',
      'export/explanations/batch-10.jsonl.gz',
      'export/features/batch-0.jsonl.gz',
    ]);
  });

  it('records which files a source came from, with their hashes', async () => {
    const { sources } = await readExports(['export'], { cwd: fixtures });
    expect(sources[0]!.inputs.map(({ name }) => name)).toEqual([
      'export/explanations/batch-1.jsonl.gz',
      'export/features/batch-0.jsonl.gz',
    ]);
    const bytes = await readFile(join(fixtures, 'export/explanations/batch-1.jsonl.gz'));
    expect(sources[0]!.inputs[0]).toMatchObject({
      byteLength: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  });

  it('reads the older JSON array, a label list, an API record and a SAEDashboard batch', async () => {
    const older = await readExports(['gemma-2-2b_20-gemmascope-res-16k.json'], { cwd: fixtures });
    expect(texts(older.sources[0]!)).toEqual(['0 older label of zero', '5 the number five', '5 five, again']);
    const rest = await readExports(['labels.json', 'feature-record.json', 'dashboard-batch-0.json'], {
      cwd: fixtures,
    });
    expect(rest.sources.map(({ data }) => `${data.modelId}/${data.sourceId}`)).toEqual([
      'gemma-2-2b/17-gemmascope-res-65k',
      'gemma-2-2b/21-gemmascope-res-65k',
      'gpt2-small/0-res-jb',
    ]);
    const [labels, record, dashboard] = rest.sources as [SourceExport, SourceExport, SourceExport];
    expect(texts(labels)).toEqual(['6 tokens of code', '24593 change']);
    expect(texts(record)).toEqual(['353 patterns of letters']);
    expect(record.data.features).toMatchObject([{ feature: 353, fracNonzero: 0.00069, maxAct: 74.742 }]);
    expect(dashboard.data.features).toMatchObject([
      { feature: 0, fracNonzero: 0.0002, maxAct: 2.25 },
      { feature: 3, fracNonzero: 0.5, maxAct: null },
    ]);
  });

  it('counts the rows it cannot use and gives the first reasons', async () => {
    const { sources, skipped } = await readExports(['bad_rows.jsonl'], { cwd: fixtures });
    expect(texts(sources[0]!)).toEqual(['1 good', '4 also good']);
    expect(skipped.count).toBe(11);
    expect(skipped.reasons).toEqual([
      'bad_rows.jsonl:2: index is "007", expected a whole number',
      'bad_rows.jsonl:3: index is "-1", expected a whole number',
      'bad_rows.jsonl:4: index is "2147483648", expected a whole number',
      'bad_rows.jsonl:5: description is empty',
      'bad_rows.jsonl:6: description is 5, expected text',
    ]);
    expect(skippedSentence(skipped)).toMatch(/^11 rows skipped \(bad_rows.jsonl:2: .*; …\)$/);
  });

  it('takes the source of rows that name none from the options', async () => {
    const path = ['labels_without_address.json'];
    await expect(readExports(path, { cwd: fixtures })).rejects.toThrow(
      /names no model \(--model gives one\)/,
    );
    const known = { modelId: 'gemma-2-2b', sourceId: '20-gemmascope-res-16k' };
    expect(texts((await readExports(path, { cwd: fixtures, known })).sources[0]!)).toEqual([
      '6 tokens of code',
    ]);
  });

  it('reads every layout from stdin in pieces of any size, plain or gzip (row C20)', async () => {
    const names = [
      'gemma-2-2b_20-gemmascope-res-16k.json',
      'labels.json',
      'feature-record.json',
      'bad_rows.jsonl',
    ];
    for (const name of names) {
      const bytes = await readFile(join(fixtures, name));
      const direct = await readExports([name], { cwd: fixtures });
      for (const input of [bytes, gzipSync(bytes)]) {
        for (const size of [1, 7, 100_000]) {
          const stdin = inPieces(input, size);
          const { sources } = await readExports(['-'], { cwd: fixtures, stdin });
          expect(sources.map(({ data }) => data)).toEqual(direct.sources.map(({ data }) => data));
        }
      }
    }
  });

  it('says what is missing, empty or not an export', async () => {
    await expect(readExports(['nowhere'], { cwd: dir })).rejects.toMatchObject({ kind: 'missing' });
    await mkdir(join(dir, 'empty'));
    await expect(readExports(['empty'], { cwd: dir })).rejects.toMatchObject({
      kind: 'usage',
      message: 'empty: no export files in this folder (expected .jsonl.gz, .jsonl or .json)',
    });
    await writeFile(join(dir, 'empty.json'), '');
    await expect(readExports(['empty.json'], { cwd: dir })).rejects.toMatchObject({ kind: 'format' });
    await writeFile(join(dir, 'other.json'), '{"a": 1}');
    await expect(readExports(['other.json'], { cwd: dir })).rejects.toThrow(
      /no explanations and no firing facts/,
    );
    await expect(readExports(['export/activations'], { cwd: fixtures })).rejects.toThrow(/1 row skipped/);
  });

  it('does not follow links in a circle', async () => {
    const loop = join(dir, 'loop');
    await mkdir(loop);
    await symlink(loop, join(loop, 'again'));
    await copyFile(join(fixtures, 'labels.json'), join(loop, 'labels.json'));
    expect((await readExports(['loop'], { cwd: dir })).paths).toEqual([join(loop, 'labels.json')]);
  });

  it('stops when interrupted', async () => {
    const options = { cwd: fixtures, signal: AbortSignal.abort() };
    await expect(readExports(['export'], options)).rejects.toMatchObject({ kind: 'interrupted' });
  });

  it('ends an endless object without reading it all', async () => {
    let given = 0;
    async function* endless(): AsyncIterable<Uint8Array> {
      yield Buffer.from('{\n"a": "');
      const piece = Buffer.alloc(2 ** 20, 'a');
      for (;;) {
        given += piece.length;
        yield piece;
      }
    }
    await expect(readExports(['-'], { cwd: dir, stdin: endless() })).rejects.toThrow(
      /one JSON object of more than/,
    );
    expect(given).toBeLessThan(70 * 2 ** 20);
  });
});

describe('damaged exports', () => {
  const attempt = async (bytes: Uint8Array): Promise<number> => {
    try {
      const { sources } = await readExports(['-'], { cwd: dir, stdin: inPieces(bytes, 64) });
      return sources.length;
    } catch (error) {
      expect(error).toBeInstanceOf(AntipodeError);
      return 0;
    }
  };

  it.each(['labels.json', 'gemma-2-2b_20-gemmascope-res-16k.json', 'export/explanations/batch-1.jsonl.gz'])(
    '%s cut at any byte gives rows or an AntipodeError',
    async (name) => {
      const bytes = await readFile(join(fixtures, name));
      for (let length = 0; length < bytes.length; length++) await attempt(bytes.subarray(0, length));
      expect(await attempt(bytes)).toBeGreaterThan(0);
    },
  );

  it('any bytes, and any change of one byte, give rows or an AntipodeError', async () => {
    const plain = await readFile(join(fixtures, 'labels.json'));
    const packed = await readFile(join(fixtures, 'export/explanations/batch-0.jsonl.gz'));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => void (await attempt(bytes))),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(plain, packed),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        async (file, at, value) => {
          const changed = Uint8Array.from(file);
          changed[at % file.length] = value;
          await attempt(changed);
        },
      ),
      { numRuns: runs(200) },
    );
  });
});
