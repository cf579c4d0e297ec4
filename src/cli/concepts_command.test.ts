import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../concepts/catalogues.ts';
import { runCli } from './run.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-cli-concepts-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

async function run(args: string[], input = ''): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  async function* stdin(): AsyncIterable<Uint8Array> {
    yield Buffer.from(input);
  }
  const code = await runCli(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: stdin(),
    env: { HOME: dir, HF_HUB_OFFLINE: '1', XDG_CACHE_HOME: join(dir, 'cache') },
    cwd: dir,
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

describe('antipode concepts', () => {
  it.each([
    ['article-10', 134],
    ['article-20', 108],
  ])('show %s --json is exactly the list of concepts, and can be read again', async (id, pairs) => {
    const { code, stdout, stderr } = await run(['concepts', 'show', id, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const shown = JSON.parse(stdout) as { concept: string; a: object; b: object }[];
    expect(shown).toEqual(catalogue(id)!.concepts);
    for (const entry of shown) {
      expect(Object.keys(entry)).toEqual(['concept', 'a', 'b']);
      expect(Object.keys(entry.a)).toEqual(['label', 'features']);
    }
    await writeFile(join(dir, `${id}.json`), stdout);
    const checked = await run(['concepts', 'check', `${id}.json`, '--json']);
    expect(JSON.parse(checked.stdout)).toMatchObject({ valid: true, concepts: 20, pairs });
  });

  it('show prints features, counts and overlaps for people', async () => {
    const { stdout } = await run(['concepts', 'show', 'article-20']);
    expect(stdout).toContain('Happiness (11697)');
    expect(stdout).toContain('20 concepts, 82 features in 84 slots, 108 pairs');
    expect(stdout).toContain('feature 2604 stands in 2 places: Sentiment / Negative; Love-Hate / Hate');
    expect(stdout).toContain('SAE: gemma-2-2b/20-gemmascope-res-16k');
  });

  it('list has one JSON document, ids alone in quiet mode (rows C3, C4)', async () => {
    const list = JSON.parse((await run(['concepts', 'list', '--json'])).stdout) as unknown[];
    expect(list).toMatchObject([
      { id: 'article-10', pairs: 134, features: 94, slots: 95 },
      { id: 'article-20', pairs: 108, features: 82, slots: 84 },
      { id: 'organism-1', sae: 'organism/1-res-2k' },
      { id: 'organism-2', sae: 'organism/2-res-2k' },
    ]);
    expect((await run(['concepts', 'list', '-q'])).stdout).toBe(
      'article-10\narticle-20\norganism-1\norganism-2\n',
    );
    expect((await run(['concepts', 'list'])).stdout).toMatch(/article-10 +20 +94 +134/);
  });

  it('check reads stdin for - (row C20)', async () => {
    const input =
      'sae: 20\nconcepts:\n- {concept: T, a: {label: Hot, features: [1, 2]}, b: {label: Cold, features: [2]}}\n';
    const bad = await run(['concepts', 'check', '-'], input);
    expect(bad.code).toBe(5);
    expect(bad.stderr).toContain('stdin:1:6: sae: got 20, expected text');
    const good = await run(['concepts', 'check', '-'], input.replace('sae: 20', "sae: '20'"));
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toContain('stdin: valid, 1 concept, 2 features in 3 slots, 1 pair');
    expect(good.stdout).toContain('1 pair of a feature with itself left out');
    expect(good.stdout).toContain('made for 20');
  });

  it('check names file, line and column, with exit code 5, in text and in JSON', async () => {
    await writeFile(
      join(dir, 'bad.yaml'),
      '- concept: T\n  a: {label: Hot, features: [-1]}\n  b: {label: Cold}\n',
    );
    const human = await run(['concepts', 'check', './bad.yaml']);
    expect(human.code).toBe(5);
    expect(human.stdout).toBe('');
    expect(human.stderr.split('\n').slice(0, 3)).toEqual([
      'error: ./bad.yaml: 2 problems',
      '  ./bad.yaml:2:30: [0].a.features[0]: not a feature (got -1, expected a whole number from 0 or a reference such as 20:5444)',
      '  ./bad.yaml:3:6: [0].b.features: is missing (expected a list)',
    ]);
    const json = await run(['concepts', 'check', 'bad.yaml', '--json']);
    expect(json.code).toBe(5);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { kind: 'check' } });
  });

  it('never sends control codes of a file to the terminal', async () => {
    const input = JSON.stringify([
      {
        concept: 'a\u001b[2J',
        a: { label: '\u001b]0;x\u0007', features: [1] },
        b: { label: 'B', features: [2] },
      },
    ]);
    for (const args of [
      ['show', '-'],
      ['check', '-'],
      ['show', '-', '-q'],
      ['check', '-', '--json'],
    ]) {
      const { code, stdout, stderr } = await run(['concepts', ...args], input);
      expect(code).toBe(0);
      expect(stdout + stderr).not.toContain('\u001b');
    }
  });

  it('a name that is nothing is exit code 3 with the next command', async () => {
    const { code, stderr } = await run(['concepts', 'show', 'article-30']);
    expect(code).toBe(3);
    expect(stderr).toContain(
      'error: article-30: neither a file nor a catalogue (article-10, article-20, organism-1, organism-2)',
    );
    expect(stderr).toContain('next: antipode concepts list');
  });

  it('writes nothing anywhere (row C13)', async () => {
    await run(['concepts', 'show', 'article-10']);
    expect(await readdir(dir)).not.toContain('cache');
  });

  it.each(['list', 'show', 'check'])('%s --help shows two examples (row C1)', async (name) => {
    const { code, stdout } = await run(['concepts', name, '--help']);
    expect(code).toBe(0);
    expect(stdout.match(/^ {2}\$ antipode /gm)).toHaveLength(2);
  });
});
