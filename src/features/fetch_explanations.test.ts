import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeHub, startFakeHub } from '../../test/support/fake_hub.ts';
import { createHttp, type Http } from '../hub/http.ts';
import {
  downloadedExportDir,
  type FetchExplanationsOptions,
  type FetchedExplanations,
  fetchExplanations,
} from './fetch_explanations.ts';
import { openImported } from './open_explanations.ts';

const SOURCE = { modelId: 'gemma-2-2b', sourceId: '20-gemmascope-res-16k' };
const ID = 'gemma-2-2b/20-gemmascope-res-16k';

let hub: FakeHub;
let root: string;
let env: Record<string, string>;

beforeEach(async () => {
  hub = await startFakeHub();
  root = await mkdtemp(join(tmpdir(), 'antipode-export-'));
  env = {
    HOME: root,
    ANTIPODE_NEURONPEDIA_DATASETS: hub.bucketUrl,
    ANTIPODE_NEURONPEDIA_EXPORTS: hub.bucketUrl,
  };
});
afterEach(async () => {
  await hub.close();
  await rm(root, { recursive: true, force: true });
});

function explanation(index: number, description: string, explainer = 'gpt-4o-mini'): object {
  return { ...row(index), description, explanationModelName: explainer, typeName: 'np_acts-logits-general' };
}

function row(index: number): { modelId: string; layer: string; index: string } {
  return { modelId: SOURCE.modelId, layer: SOURCE.sourceId, index: String(index) };
}

function batch(rows: readonly object[]): Buffer {
  return gzipSync(rows.map((one) => JSON.stringify(one)).join('\n'));
}

/** Twelve batches in the order of text, as the exports have it: batch 1 does not follow feature for feature on batch 0. */
function addExport(date = 'Wed, 05 Mar 2025 10:00:00 GMT'): void {
  for (let n = 0; n < 12; n++) {
    const rows = [explanation(n, `about ${n}`), explanation(100 + n, `about ${100 + n}`)];
    hub.addObject(`v1/${ID}/explanations/batch-${n}.jsonl.gz`, batch(rows), date);
    hub.addObject(
      `v1/${ID}/features/batch-${n}.jsonl.gz`,
      batch([{ ...row(n), frac_nonzero: n / 100, maxActApprox: n }]),
    );
    hub.addObject(
      `v1/${ID}/activations/batch-${n}.jsonl.gz`,
      batch([{ ...row(n), tokens: ['a'], values: [1] }]),
    );
  }
  hub.addObject(`v1/${ID}/explanations/index.html`, '<html></html>');
  hub.addObject(`v1/${ID}/explanations/batch-7.jsonl.gz.bak`, 'x');
}

function fetch(options: Partial<FetchExplanationsOptions> = {}): Promise<FetchedExplanations> {
  return fetchExplanations(SOURCE, {
    env,
    http: createHttp(env, { retries: 1, firstWaitMs: 1 }),
    ...options,
  });
}

const asked = (part: string): number => hub.requests.filter(({ path }) => path.includes(part)).length;

describe('the export of a source', () => {
  it('becomes a store: every batch, its date and its explainer, and nothing is left beside it', async () => {
    addExport();
    const seen: [number, number | undefined][] = [];
    const { fetched, store, warnings } = await fetch({ onProgress: (...all) => seen.push(all) });
    expect(fetched.files).toBe(24);
    expect(seen.at(-1)).toEqual([fetched.byteLength, fetched.byteLength]);
    expect(warnings).toEqual([]);
    expect(store.manifest).toMatchObject({
      exported: { date: '2025-03-05', from: 'server' },
      explained: 24,
      explainers: [{ name: 'gpt-4o-mini', explanations: 24, features: 24 }],
    });
    expect(store.manifest.inputs.map(({ name }) => name)).toContain(
      '20-gemmascope-res-16k/explanations/batch-11.jsonl.gz',
    );
    const lookup = await openImported(ID, { env });
    expect([lookup.explanation(107), lookup.density(11), lookup.exportDate]).toEqual([
      'about 107',
      0.11,
      '2025-03-05',
    ]);
    expect(asked('/activations/')).toBe(0);
    expect(await readdir(join(downloadedExportDir(env, SOURCE), '..'))).toEqual([]);
  });

  it('is fetched once: the next time costs a listing, and later batches alone', async () => {
    addExport();
    await fetch();
    const before = asked('/batch-');
    expect((await fetch()).fetched.files).toBe(0);
    expect(asked('/batch-')).toBe(before);
    hub.addObject(
      `v1/${ID}/explanations/batch-12.jsonl.gz`,
      batch([explanation(12, 'a later one', 'gemini-2.5-flash-lite')]),
      'Sun, 01 Jun 2025 10:00:00 GMT',
    );
    const { fetched, store } = await fetch();
    expect(fetched.files).toBe(1);
    expect(store.manifest).toMatchObject({ exported: { date: '2025-06-01', from: 'server' }, explained: 25 });
  });

  it('C12 goes on where it was cut, without the batches that are here', async () => {
    addExport();
    const long = { ...explanation(9, 'long'), embedding: randomBytes(300_000).toString('hex') };
    hub.addObject(`v1/${ID}/explanations/batch-9.jsonl.gz`, batch([long]));
    hub.fault = ({ headers, path }) => {
      if (!path.includes('explanations/batch-9.')) return undefined;
      return headers.range === undefined ? { cutAfter: 100_000 } : { status: 403 };
    };
    await expect(fetch()).rejects.toMatchObject({ kind: 'network' });
    await expect(openImported(ID, { env })).rejects.toMatchObject({ kind: 'missing' });
    const brought = asked('explanations/batch-0.');
    hub.fault = () => undefined;
    expect((await fetch()).store.manifest.explained).toBe(23);
    expect(asked('explanations/batch-0.')).toBe(brought);
    const { headers } = hub.requests.findLast(({ path }) => path.includes('explanations/batch-9.'))!;
    expect(headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('two at once fetch it once', async () => {
    addExport();
    const [one, other] = await Promise.all([fetch(), fetch()]);
    expect([one.fetched.files, other.fetched.files].sort()).toEqual([0, 24]);
    expect(asked('explanations/batch-0.')).toBe(1);
    expect(other.store).toEqual(one.store);
  });

  it('four files at a time, no more', async () => {
    addExport();
    hub.fault = () => ({ slowMs: 5 });
    let [open, most] = [0, 0];
    const http = createHttp(env);
    const counted: Http = {
      ...http,
      async get(url, request) {
        most = Math.max(most, ++open);
        const response = await http.get(url, request);
        const discard = (): void => {
          open -= 1;
          response.discard();
        };
        return { ...response, discard };
      },
    };
    await fetch({ http: counted });
    expect([open, most]).toEqual([0, 4]);
  });

  it('keeps batches of activations where they are asked for, unread', async () => {
    addExport();
    const { activations, fetched } = await fetch({ activations: true });
    expect(fetched.files).toBe(36);
    expect(activations).toBe(join(downloadedExportDir(env, SOURCE), 'activations'));
    expect(await readdir(activations!)).toHaveLength(12);
    expect((await fetch({ activations: true })).fetched.files).toBe(0);
  });
});

describe('the older array', () => {
  it('is taken by name, with the date that its server says, and lies beside the newer export', async () => {
    const rows = [explanation(3, 'an older label', 'gpt-3.5-turbo')];
    hub.addObject(
      'explanations-only/gemma-2-2b_20-gemmascope-res-16k.json',
      JSON.stringify(rows),
      'Mon, 12 Aug 2024 10:00:00 GMT',
    );
    const { store } = await fetch({ export: 'explanations-only' });
    expect(store.manifest.exported).toEqual({ date: '2024-08-12', from: 'server' });
    addExport();
    await fetch();
    const [newer, older] = [
      await openImported(ID, { env }),
      await openImported(ID, { env, explainer: 'gpt-3.5-turbo' }),
    ];
    expect([newer.explanation(3), older.explanation(3)]).toEqual(['about 3', 'an older label']);
    const { fetched } = await fetch({ export: 'explanations-only' });
    expect(fetched.files).toBe(0);
  });

  it('that is not there is said so', async () => {
    await expect(fetch({ export: 'explanations-only' })).rejects.toMatchObject({ kind: 'missing' });
  });
});

describe('an export that is not as it should be', () => {
  it('is not there: that is said with the next step', async () => {
    await expect(fetch()).rejects.toMatchObject({
      kind: 'missing',
      message: `${ID}: Neuronpedia has no export of this source`,
    });
  });

  it.each([
    ['is cut', gzipSync('x'.repeat(1000)).subarray(0, 20), 'too early'],
    ['is an error page', Buffer.from('<html><body>no</body></html>'), 'web page'],
    ['is of another source', batch([{ ...row(1), layer: '5-other', description: 'x' }]), 'of other sources'],
  ])('%s: a sentence, and the next run fetches it anew', async (_, bytes, problem) => {
    hub.addObject(`v1/${ID}/explanations/batch-0.jsonl.gz`, bytes);
    await expect(fetch()).rejects.toMatchObject({
      kind: 'format',
      message: expect.stringContaining(problem),
    });
    hub.addObject(`v1/${ID}/explanations/batch-0.jsonl.gz`, batch([explanation(1, 'mended')]));
    expect((await fetch()).store.manifest.explained).toBe(1);
  });

  it('leaves out rows of others, and says so', async () => {
    hub.addObject(
      `v1/${ID}/explanations/batch-0.jsonl.gz`,
      batch([
        explanation(1, 'own'),
        { ...row(1), layer: '5-other', description: 'x' },
        { ...row(2), description: 7 },
      ]),
    );
    const { store, warnings } = await fetch();
    expect(store.manifest.explained).toBe(1);
    expect(warnings).toEqual([
      expect.stringMatching(/^1 row skipped/),
      `${ID}: rows of 1 other sources in its export were left out`,
    ]);
    await expect(openImported('gemma-2-2b/5-other', { env })).rejects.toMatchObject({ kind: 'missing' });
  });

  it('a line that unpacks without end is refused, in little memory', async () => {
    hub.addObject(`v1/${ID}/explanations/batch-0.jsonl.gz`, gzipSync(Buffer.alloc(64 * 2 ** 20, 0x61)));
    const before = process.memoryUsage().rss;
    await expect(fetch()).rejects.toMatchObject({
      kind: 'format',
      message: expect.stringContaining('longer than'),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });
});

it('stops when it is told to, and nothing is imported', async () => {
  addExport();
  const controller = new AbortController();
  hub.fault = ({ path }) => {
    if (path.includes('batch-5.')) controller.abort();
    return undefined;
  };
  await expect(fetch({ signal: controller.signal })).rejects.toMatchObject({ kind: 'interrupted' });
  await expect(openImported(ID, { env })).rejects.toMatchObject({ kind: 'missing' });
});

it('offline, nothing is asked', async () => {
  addExport();
  env['HF_HUB_OFFLINE'] = '1';
  await expect(fetch()).rejects.toMatchObject({ kind: 'network' });
  expect(hub.requests).toEqual([]);
});

it('the store says where its bytes came from', async () => {
  addExport();
  const { store } = await fetch();
  const manifest = JSON.parse(await readFile(join(store.dir, 'manifest.json'), 'utf8'));
  expect(manifest.exported).toEqual({ date: '2025-03-05', from: 'server' });
  expect(manifest.inputs[0].sha256).toMatch(/^[0-9a-f]{64}$/);
});
