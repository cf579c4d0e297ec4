import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './run.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-cli-discover-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: string[]): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: (async function* (): AsyncIterable<Uint8Array> {})(),
    env: { HOME: dir, XDG_CACHE_HOME: join(dir, 'cache') },
    cwd: dir,
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

const discover = (...args: string[]): Promise<Ran> => run(['concepts', 'discover', ...args]);

/** An export of Neuronpedia's explanations, of one source. */
async function writeExport(name: string, texts: readonly string[], explainer = 'gpt-4o-mini'): Promise<void> {
  const rows = texts.map((description, index) => ({
    modelId: 'gemma-2-2b',
    layer: '20-gemmascope-res-16k',
    index: String(index),
    description,
    explanationModelName: explainer,
    typeName: 'oai_token-act-pair',
  }));
  await writeFile(join(dir, name), JSON.stringify(rows));
}

const TEXTS = [
  'phrases related to happiness',
  'expressions of sadness and grief',
  'the word "hot"',
  'cold water',
  'heart failure in hospitals',
];

describe('antipode concepts discover', () => {
  it('runs without anything given, on what ships with antipode', async () => {
    const { code, stdout, stderr } = await discover();
    expect(code).toBe(0);
    expect(stderr).toContain('no --source is given: organism/2-res-2k');
    expect(stdout).toContain('Opposites in the explanations of organism/2-res-2k');
    expect(stdout).toMatch(/Happiness-Sadness +article +0\.\d\d +64 +Happiness \(/);
    expect(stderr).toContain('Nothing was written; --out FILE keeps the proposals');
  });

  it('--json says each factor of each strength, which multiply to it (row C3)', async () => {
    await writeExport('labels.json', TEXTS);
    const { code, stdout, stderr } = await discover('--explanations', 'labels.json', '--json');
    expect([code, stderr.includes('Nothing was written')]).toEqual([0, true]);
    const found = JSON.parse(stdout) as {
      concepts: {
        concept: string;
        a: { features: Scored[] };
        b: { features: Scored[] };
        pairs: { a: number; b: number; score: number }[];
      }[];
    };
    expect(found).toMatchObject({
      neuronpedia_id: 'gemma-2-2b/20-gemmascope-res-16k',
      explained_features: 5,
      total_concepts: 2,
      out: null,
    });
    expect(found.concepts.map(({ concept }) => concept)).toEqual(['Happiness-Sadness', 'cold-hot']);
    for (const { a, b, pairs } of found.concepts) {
      for (const { factors, strength } of [...a.features, ...b.features]) {
        const product = Object.values(factors).reduce((left, right) => left * right, 1);
        expect(Math.abs(product - strength)).toBeLessThan(1e-4);
      }
      const of = (side: Scored[], feature: number): number =>
        side.find((one) => one.feature === feature)!.strength;
      for (const pair of pairs)
        expect(pair.score).toBe(Math.min(of(a.features, pair.a), of(b.features, pair.b)));
    }
  });
  interface Scored {
    feature: number;
    strength: number;
    factors: Record<string, number>;
  }

  it('the way of a review: discover, refuse while open, confirm and strike, measure', async () => {
    const found = await discover(
      '--source',
      'organism/2-res-2k',
      '--per-side',
      '3',
      '--limit',
      '3',
      '--out',
      'review.yaml',
      '-q',
    );
    expect([found.code, found.stdout]).toEqual([0, 'review.yaml\n']);
    const open = await run(['concepts', 'check', 'review.yaml']);
    expect(open.code).toBe(5);
    expect(open.stderr).toContain('nobody has reviewed it yet');
    expect(open.stderr).toContain('next: read the explanations behind the features, and write confirmed');
    const text = await readFile(join(dir, 'review.yaml'), 'utf8');
    const reviewed = text
      .replace('review: open', 'review: confirmed')
      .replace('review: open', 'review: confirmed')
      .replace('review: open', 'review: struck');
    await writeFile(join(dir, 'review.yaml'), reviewed);
    const checked = await run(['concepts', 'check', 'review.yaml']);
    expect(checked.stdout).toMatch(/review\.yaml: valid, 2 concepts, .*, 1 concept struck\n/);
    expect(JSON.parse((await run(['concepts', 'check', 'review.yaml', '--json'])).stdout)).toMatchObject({
      struck: 1,
      sae: 'organism/2-res-2k',
    });
    const measured = await run([
      'geometry',
      '--sae',
      'organism/2-res-2k',
      '--concepts',
      'review.yaml',
      '--only',
      'pairs',
      '--json',
    ]);
    expect(measured.code).toBe(0);
    const { tables } = JSON.parse(measured.stdout) as { tables: { pairs: { concept: string }[] } };
    expect(new Set(tables.pairs.map(({ concept }) => concept)).size).toBe(2);
  });

  it('a file that is there is not replaced, before and after the work', async () => {
    await writeFile(join(dir, 'review.yaml'), 'mine');
    const { code, stdout, stderr } = await discover('--source', 'organism/2-res-2k', '--out', 'review.yaml');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('error: review.yaml: is there already, and may hold a review');
    expect(await readFile(join(dir, 'review.yaml'), 'utf8')).toBe('mine');
  });

  it('the same explanations give the same bytes', async () => {
    for (const name of ['one.yaml', 'two.yaml'])
      expect((await discover('--source', 'organism/1-res-2k', '--out', name)).code).toBe(0);
    expect(await readFile(join(dir, 'one.yaml'), 'utf8')).toBe(await readFile(join(dir, 'two.yaml'), 'utf8'));
  });

  it('--from chooses the lists, --min-score and --explainer what counts', async () => {
    await writeExport('labels.json', TEXTS);
    const names = async (...args: string[]): Promise<string[]> =>
      (await discover('--explanations', 'labels.json', '-q', ...args)).stdout.trim().split('\n');
    expect(await names('--from', 'article')).toEqual(['Happiness-Sadness']);
    expect(await names('--from', 'wordnet')).toContain('cold-hot');
    expect(await names('--min-score', '0.9')).toEqual(['Happiness-Sadness']);
    const none = await discover('--explanations', 'labels.json', '--explainer', 'nobody');
    expect(none.code).toBe(2);
  });

  it('--confirm-from confirms without a person, and the file says so', async () => {
    await writeExport('labels.json', TEXTS);
    const alone = await discover('--explanations', 'labels.json', '--confirm-from', '0.9');
    expect([alone.code, alone.stderr.includes('--confirm-from')]).toEqual([2, true]);
    const { code } = await discover(
      '--explanations',
      'labels.json',
      '--confirm-from',
      '0.9',
      '--out',
      'r.yaml',
    );
    expect(code).toBe(0);
    const text = await readFile(join(dir, 'r.yaml'), 'utf8');
    expect(text.match(/review: \w+/g)).toEqual(['review: confirmed', 'review: open']);
    expect(text).toContain('confirmed without a person from score 0.9');
  });

  it('several imported dictionaries: one has to be named', async () => {
    await writeExport('labels.json', TEXTS);
    const text = await readFile(join(dir, 'labels.json'), 'utf8');
    await writeFile(join(dir, 'other.json'), text.replaceAll('20-gemma', '10-gemma'));
    await run(['features', 'import', 'labels.json']);
    const only = await discover('-q');
    expect([only.code, only.stdout.split('\n')[0]]).toEqual([0, 'Happiness-Sadness']);
    await run(['features', 'import', 'other.json']);
    const { code, stderr } = await discover();
    expect(code).toBe(2);
    expect(stderr).toContain(
      'expected one of gemma-2-2b/10-gemmascope-res-16k, gemma-2-2b/20-gemmascope-res-16k',
    );
    expect(stderr).toContain('next: antipode concepts discover --source gemma-2-2b/10-gemmascope-res-16k');
  });

  it('nothing found is an answer, and no file', async () => {
    await writeExport('labels.json', ['mathematical notation']);
    const { code, stdout, stderr } = await discover('--explanations', 'labels.json', '--out', 'r.yaml');
    expect(code).toBe(0);
    expect(stdout).toContain('No explanation of gemma-2-2b/20-gemmascope-res-16k names one side');
    expect(stderr).toContain('nothing was written to r.yaml');
    expect(await readdir(dir)).not.toContain('r.yaml');
    const json = await discover('--explanations', 'labels.json', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ concepts: [], total_concepts: 0 });
  });

  it('never sends control codes of explanations to the terminal', async () => {
    await writeExport('labels.json', ['\u001b[2J happiness\u0007', 'sadness \u009b31m\u202e']);
    await mkdir(join(dir, 'out'));
    const obeyed = /[^\P{Cc}\n]|\p{Cf}/u;
    for (const args of [[], ['-q'], ['--json'], ['--out', 'out/r.yaml']]) {
      const { code, stdout, stderr } = await discover('--explanations', 'labels.json', ...args);
      expect(code).toBe(0);
      expect(stdout).toContain('Happiness-Sadness');
      if (!args.includes('--json')) expect(stdout + stderr).not.toMatch(obeyed);
      else expect(stdout).not.toContain('\u001b');
    }
    const written = await readFile(join(dir, 'out/r.yaml'), 'utf8');
    expect(written).toContain('[2J happiness');
    expect(written).not.toMatch(obeyed);
  });
});
