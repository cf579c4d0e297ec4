import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openExplanations } from '../features/open_explanations.ts';
import { EMBEDDED_SAES } from '../hub/embedded_default.ts';
import { runCli } from './run.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/neuronpedia/', import.meta.url));
const LAYER_20 = 'gemma-2-2b/20-gemmascope-res-16k';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'antipode-cli-features-'));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: string[], input: Uint8Array = new Uint8Array(), env: object = {}): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  async function* stdin(): AsyncIterable<Uint8Array> {
    yield input;
  }
  const code = await runCli(['features', ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: stdin(),
    env: { HOME: home, HF_HUB_OFFLINE: '1', XDG_CACHE_HOME: join(home, 'cache'), ...env },
    cwd: fixtures,
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

async function json(args: string[]): Promise<unknown> {
  const { code, stdout } = await run([...args, '--json']);
  expect(code).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout);
}

describe('antipode features import', () => {
  it('stores every source in the cache folder and nowhere else (row C13), and ends with the path (row C4)', async () => {
    const { code, stdout, stderr } = await run(['import', 'export']);
    expect(code).toBe(0);
    const folder = join(home, 'cache/antipode/features', LAYER_20);
    expect(stdout.trim().split('\n').at(-1)).toBe(folder);
    expect(stdout).toMatch(
      new RegExp(`${LAYER_20} +8 +9 +3 +2025-05-01 +gpt-4o-mini \\(7\\), gemini-2.5-flash-lite \\(2\\)`),
    );
    expect(stderr).toBe('passed over: export/activations/, export/release.jsonl\n');
    expect(await readdir(home)).toEqual(['cache']);
    const again = await run(['import', 'export', '-q']);
    expect(again.stdout.split('\n')).toEqual([folder.replace('20-', '10-'), folder, '']);
    expect(again.stderr).toBe('');
  });

  it('counts skipped rows on stderr and in JSON (rows C3, C5)', async () => {
    const { stdout, stderr, code } = await run(['import', 'bad_rows.jsonl', '--json']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: 11 rows skipped \(bad_rows.jsonl:2: /);
    expect(JSON.parse(stdout)).toMatchObject({
      files: 1,
      skipped: { count: 11 },
      stores: [{ id: LAYER_20, explained_features: 2, explanations: 2, features: 0, exported: null }],
    });
  });

  it('reads stdin for - (row C20), and takes source and date from options', async () => {
    const labels = await readFile(join(fixtures, 'labels_without_address.json'));
    const bare = await run(['import', '-'], labels);
    expect(bare.code).toBe(1);
    expect(bare.stderr).toContain('names no model (--model gives one)');
    const args = ['import', '-', '--model', 'gemma-2-2b', '--source', '20-gemmascope-res-16k'];
    expect((await run([...args, '--exported', '2024-12-01'], labels)).code).toBe(0);
    expect(await json(['list'])).toMatchObject([
      { id: LAYER_20, exported: '2024-12-01', exported_from: 'given' },
      ...EMBEDDED_SAES.map(({ id }) => ({ id, is_embedded: true })),
    ]);
    expect((await run(['import', '-', '--source', LAYER_20], labels)).code).toBe(0);
  });

  it.each([
    [['nowhere'], 3, 'nowhere: no such file or folder'],
    [
      ['labels.json', '--exported', '2024-02-31'],
      2,
      "--exported: got '2024-02-31', expected a date such as 2024-12-01",
    ],
    [['labels.json', '--source', '20'], 2, "--source: got '20', expected a source id"],
    [
      ['labels.json', '--source', LAYER_20, '--model', 'x'],
      2,
      '--model: got x, but --source says gemma-2-2b',
    ],
    [[], 2, "missing required argument 'path'"],
  ])('%j fails with %i', async (args, code, message) => {
    const result = await run(['import', ...args]);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
    expect(result.stdout).toBe('');
  });
});

describe('antipode features list', () => {
  it('is what ships before the first import, and says how to import (rows C3, C4)', async () => {
    const ids = EMBEDDED_SAES.map(({ id }) => id);
    const listed = await json(['list']);
    expect(listed).toMatchObject(ids.map((id) => ({ id, is_embedded: true })));
    const { stdout } = await run(['list']);
    expect(stdout).toMatch(/^Ships with antipode\n/);
    expect(stdout).toContain('Nothing is imported yet; antipode download MODEL/SOURCE');
    expect((await run(['list', '-q'])).stdout).toBe(`${ids.join('\n')}\n`);
    const [first] = listed as { explained_features: number; path: string }[];
    const lookup = await openExplanations(first!.path, { env: {}, cwd: '/' });
    expect([lookup.neuronpediaId, lookup.count]).toEqual([ids[0], first!.explained_features]);
  });

  it('has what is imported in front, in place of what ships under the same id', async () => {
    await run(['import', 'export']);
    const imported = ['gemma-2-2b/10-gemmascope-res-16k', LAYER_20];
    const ids = EMBEDDED_SAES.map(({ id }) => id);
    expect((await run(['list', '-q'])).stdout.trim().split('\n')).toEqual([...imported, ...ids]);
    const { stdout } = await run(['list']);
    expect(stdout).toMatch(/^Imported sources\n.*\nShips with antipode\n/s);
    expect(stdout).not.toContain('Nothing is imported');
    const row = { modelId: 'organism', layer: '1-res-2k', index: '404', description: 'my words' };
    await run(['import', '-'], Buffer.from(JSON.stringify([row])));
    expect(await json(['list'])).toMatchObject([
      ...imported.map((id) => ({ id, is_embedded: false })),
      { id: 'organism/1-res-2k', is_embedded: false, explained_features: 1 },
      { id: 'organism/2-res-2k', is_embedded: true },
    ]);
  });
});

describe('antipode features show', () => {
  it.each([
    '20:1',
    `${LAYER_20}/1`,
    '20-gemmascope-res-16k/1',
    `https://www.neuronpedia.org/${LAYER_20}/1?embed=true#x`,
  ])('%s is one feature (row C17)', async (ref) => {
    await run(['import', 'export']);
    expect(await json(['show', ref])).toEqual({
      neuronpedia_id: LAYER_20,
      layer: 20,
      feature: 1,
      url: `https://www.neuronpedia.org/${LAYER_20}/1`,
      explanations: [
        {
          explanation: 'words that express happiness and joy',
          explainer: 'gpt-4o-mini',
          type_name: 'oai_token-act-pair',
          author_id: 'author-1',
          created_at: null,
        },
      ],
      density: 0.00069,
      max_activation: 74.742,
      exported: '2025-05-01',
    });
    const { stdout } = await run(['show', ref]);
    expect(stdout).toContain('active on 0.069 % of tokens, largest activation 74.742');
    expect(stdout).toContain('by gpt-4o-mini, oai_token-act-pair');
    expect((await run(['show', ref, '-q'])).stdout).toBe(`${LAYER_20}/1\n`);
  });

  it('lists all explanations, or those of one explainer', async () => {
    await run(['import', 'export']);
    expect(await json(['show', '20:0'])).toMatchObject({ explanations: [{}, {}] });
    const one = await json(['show', '20:0', '--explainer', 'gemini-2.5-flash-lite']);
    expect(one).toMatchObject({ explanations: [{ explanation: 'Start of documents' }] });
    const wrong = await run(['show', '20:0', '--explainer', 'nobody']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('gpt-4o-mini')]);
  });

  it('reads an export directly, and says where the feature is not in it', async () => {
    for (const ref of ['6', '17:6']) {
      expect(await json(['show', ref, '--explanations', 'labels.json'])).toMatchObject({
        neuronpedia_id: 'gemma-2-2b/17-gemmascope-res-65k',
        feature: 6,
      });
    }
    expect(await json(['show', '10:7', '--explanations', 'export'])).toMatchObject({ density: 0.25 });
    const other = await run(['show', '20:6', '--explanations', 'labels.json']);
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringContaining('20:6: not in labels.json (it holds gemma-2-2b/17-gemmascope-res-65k)'),
    ]);
    expect(await readdir(home)).toEqual([]);
  });

  it('lists the sources where a layer or an index fits several', async () => {
    await run(['import', 'export']);
    await run(['import', 'labels_without_address.json', '--source', 'gemma-2-2b/20-gemmascope-res-65k']);
    const several = await run(['show', '20:6']);
    expect(several.code).toBe(2);
    expect(several.stderr).toContain(`(${LAYER_20}, gemma-2-2b/20-gemmascope-res-65k)`);
    const bare = await run(['show', '6']);
    expect([bare.code, bare.stderr]).toEqual([
      2,
      expect.stringContaining('an index alone does not say which source'),
    ]);
  });

  it('takes a bare index where one source is imported', async () => {
    await run(['import', 'labels.json']);
    expect(await json(['show', '6'])).toMatchObject({ feature: 6, layer: 17 });
  });

  it('knows the embedded default without an import, which has no page elsewhere', async () => {
    const hits = (await json(['search', 'happy', '--limit', '5'])) as {
      neuronpedia_id: string;
      url: unknown;
    }[];
    expect(hits).toHaveLength(5);
    for (const { neuronpedia_id, url } of hits) {
      expect(neuronpedia_id).toMatch(/^organism\/[12]-res-2k$/);
      expect(url).toBeNull();
    }
    const shown = await json(['show', 'organism/1-res-2k/404']);
    expect(shown).toMatchObject({ neuronpedia_id: 'organism/1-res-2k', feature: 404, url: null });
  });

  it('says what is not there, with the next command (rows C7, C9)', async () => {
    for (const args of [
      ['show', '20:1'],
      ['show', '1'],
      ['search', 'x', '--source', '20'],
    ]) {
      const { code, stderr } = await run(args);
      expect(code).toBe(3);
      expect(stderr).toMatch(/next: .*antipode download /);
    }
    await run(['import', 'export']);
    const unknown = await run(['show', '20:4']);
    expect(unknown.code).toBe(3);
    expect(unknown.stderr).toContain(`${LAYER_20}/4: nothing is known about this feature`);
    const nonsense = await run(['show', 'twenty']);
    expect([nonsense.code, nonsense.stderr]).toEqual([
      2,
      expect.stringContaining("got 'twenty', expected 20:5444"),
    ]);
  });
});

describe('antipode features search', () => {
  it('finds features in all sources, best first, with the matches marked', async () => {
    await run(['import', 'export']);
    expect(await json(['search', 'happy'])).toMatchObject([
      { neuronpedia_id: LAYER_20, feature: 2, explanation: 'happy', rank: 0, matches: [[0, 5]] },
      { feature: 101, explanation: 'unhappy endings', rank: 3, matches: [[2, 7]] },
    ]);
    expect((await run(['search', 'bright', '-q'])).stdout).toBe('gemma-2-2b/10-gemmascope-res-16k/7\n');
    const coloured = await run(['search', 'unhappy'], undefined, { FORCE_COLOR: '1' });
    expect(coloured.stdout).toContain('\u001b[1munhappy\u001b[22m endings');
    expect((await run(['search', 'unhappy'])).stdout).toBe(
      `${LAYER_20}/101  unhappy endings  [gpt-4o-mini]\n`,
    );
  });

  it('limits, narrows and finds nothing', async () => {
    await run(['import', 'export']);
    const limited = await run(['search', 'e', '--limit', '2', '-q']);
    expect(limited.stdout.trim().split('\n')).toHaveLength(2);
    expect((await run(['search', 'e', '--limit', '2'])).stderr).toMatch(
      /^2 of \d+ features; --limit \d+ shows all\.\n$/,
    );
    expect(await json(['search', 'bright', '--source', '20'])).toEqual([]);
    expect((await run(['search', 'nowhere'])).stdout).toBe("No explanation matches 'nowhere'.\n");
    expect(await json(['search', 'text', '--explainer', 'gemini-2.5-flash-lite'])).toEqual([]);
    expect((await run(['search', 'text', '--explainer', 'x'])).stderr).toContain(
      "--explainer: got 'x', expected one of",
    );
    expect((await run(['search', 'x', '--limit', '0'])).code).toBe(2);
    expect((await run(['search', ' '])).code).toBe(2);
  });

  it('reads an export directly, one of several sources by --source', async () => {
    expect(await json(['search', 'code', '--explanations', 'labels.json'])).toMatchObject([{ feature: 6 }]);
    const args = ['search', 'bright', '--explanations', 'export'];
    expect((await run(args)).code).toBe(2);
    expect(await json([...args, '--source', '10'])).toMatchObject([{ feature: 7 }]);
  });

  it('never sends control codes of an explanation to the terminal (row W14 for text)', async () => {
    await run(['import', 'export']);
    for (const args of [
      ['search', 'colour'],
      ['show', '20:3'],
      ['search', 'colour', '--json'],
    ]) {
      const { code, stdout } = await run(args);
      expect(code).toBe(0);
      expect(stdout).toContain('markup');
      expect(stdout).not.toContain('\u001b');
    }
  });
});

describe('help', () => {
  it.each([['import'], ['search'], ['show'], ['list']])(
    '%s --help shows two examples (row C1)',
    async (name) => {
      const { code, stdout } = await run([name, '--help']);
      expect(code).toBe(0);
      expect(stdout.match(/^ {2}\$ antipode /gm)).toHaveLength(2);
    },
  );

  it('says that words are not stemmed', async () => {
    expect((await run(['search', '--help'])).stdout.replace(/\s+/g, ' ')).toContain('words are not stemmed');
  });
});
