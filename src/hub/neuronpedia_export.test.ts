import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttp } from './http.ts';
import {
  datasetsBase,
  explanationsOnlyFile,
  exportsBase,
  type ListedExport,
  listExport,
} from './neuronpedia_export.ts';

const SOURCE = { modelId: 'gemma-2-2b', sourceId: '20-gemmascope-res-16k' };
const PREFIX = 'v1/gemma-2-2b/20-gemmascope-res-16k/explanations/';

let base = '';
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** From a server that answers every question with one page. */
async function list(entries: readonly (readonly [string, number])[]): Promise<ListedExport> {
  const contents = entries.map(
    ([name, size]) =>
      `<Contents><Key>${PREFIX}${name}</Key><LastModified>2025-03-05T10:00:00.000Z</LastModified><Size>${size}</Size></Contents>`,
  );
  const text = `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
  const started = createServer((_, response) => response.end(text));
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const { port } = started.address() as AddressInfo;
  base = `http://127.0.0.1:${port}`;
  const env = { ANTIPODE_NEURONPEDIA_DATASETS: base };
  return listExport(SOURCE, { env, kinds: ['explanations'], http: createHttp(env) });
}

describe('what an export is made of', () => {
  it('is every batch by number, and nothing else that lies there', async () => {
    const { date, files } = await list([
      ['batch-0.jsonl.gz', 10],
      ['batch-10.jsonl.gz', 11],
      ['batch-2.jsonl.gz', 12],
      ['batch-2.jsonl', 1],
      ['../../../.bashrc', 1],
      ['batch-../../x.jsonl.gz', 1],
      ['batch-1.jsonl.gz/../../x', 1],
      ['sub/batch-1.jsonl.gz', 1],
    ]);
    expect(files.map(({ byteLength, name }) => [name, byteLength])).toEqual([
      ['explanations/batch-0.jsonl.gz', 10],
      ['explanations/batch-2.jsonl.gz', 12],
      ['explanations/batch-10.jsonl.gz', 11],
    ]);
    expect(files[0]?.url).toBe(`${base}/${PREFIX}batch-0.jsonl.gz`);
    expect(date).toBe('2025-03-05');
  });

  it('is not of any size, nor without end', async () => {
    await expect(list([['batch-0.jsonl.gz', 2 ** 30 + 1]])).rejects.toMatchObject({ kind: 'network' });
    const many = Array.from({ length: 20_001 }, (_, n) => [`batch-${n}.jsonl.gz`, 1] as const);
    await expect(list(many)).rejects.toMatchObject({ kind: 'network' });
  });

  it('of a source that is not there is nothing', async () => {
    expect(await list([])).toEqual({ files: [], date: undefined });
  });
});

describe('mirrors', () => {
  it('are named by the environment', () => {
    const env = {
      ANTIPODE_NEURONPEDIA_DATASETS: 'http://mirror/a/',
      ANTIPODE_NEURONPEDIA_EXPORTS: 'http://mirror/b',
    };
    expect([datasetsBase(env), exportsBase(env)]).toEqual(['http://mirror/a', 'http://mirror/b']);
    expect(datasetsBase({})).toBe('https://neuronpedia-datasets.s3.us-east-1.amazonaws.com');
    expect(explanationsOnlyFile(env, SOURCE)).toEqual({
      name: 'gemma-2-2b_20-gemmascope-res-16k.json',
      url: 'http://mirror/b/explanations-only/gemma-2-2b_20-gemmascope-res-16k.json',
      byteLength: undefined,
    });
  });

  it.each(['mirror', 'ftp://mirror', 'https://user:secret@mirror', 'https://mirror/?key=secret'])(
    'C18 %s is refused without being repeated',
    (address) => {
      expect(() => datasetsBase({ ANTIPODE_NEURONPEDIA_DATASETS: address })).toThrow(
        /^ANTIPODE_NEURONPEDIA_DATASETS: is no address of a server$/,
      );
    },
  );
});
