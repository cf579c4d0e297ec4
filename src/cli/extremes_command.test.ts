import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { snapshot } from '../../test/support/run_command.ts';
import { runCli } from './run.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/', import.meta.url));
const [first, second] = ['first', 'second'].map((name) => join(fixtures, 'extremes', name)) as [
  string,
  string,
];
const golden = JSON.parse(
  await readFile(new URL('../../test/golden/extremes.json', import.meta.url), 'utf8'),
) as Golden;

type Space = 'encoder' | 'decoder';
type GoldenPair = [number, number, number, number | null];
interface GoldenEnds {
  pairs: number;
  top: GoldenPair[];
  bottom: GoldenPair[];
  mean: number;
}
type Golden = Record<
  'within' | 'between' | 'within_filtered' | 'between_filtered',
  Record<Space, GoldenEnds>
> & {
  k: number;
  density: [number, number];
  kept: [number, number];
  neighbors: ({ feature: number; among: number; space: Space } & GoldenEnds)[];
};
type Row = Record<string, string | number | boolean | null>;

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'antipode-cli-extremes-'));
});
afterEach(async () => {
  await rm(cwd, { recursive: true });
});

async function run(args: readonly string[], signal = new AbortController().signal) {
  let stdout = '';
  let stderr = '';
  async function* stdin(): AsyncIterable<Uint8Array> {}
  const code = await runCli(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: stdin(),
    env: { HOME: cwd, HF_HUB_OFFLINE: '1' },
    cwd,
    signal,
  });
  return { code, stdout, stderr };
}

async function json(args: readonly string[]) {
  const { code, stdout, stderr } = await run([...args, '--json']);
  expect([code, stderr.includes('error')]).toEqual([0, false]);
  return JSON.parse(stdout) as { tables: Record<string, Row[]> } & Record<string, unknown>;
}

function pairsOf(rows: readonly Row[], space: string, end: string): unknown[] {
  const [own, other] = space === 'encoder' ? ['cos_enc', 'cos_dec'] : ['cos_dec', 'cos_enc'];
  return rows
    .filter((row) => row['space'] === space && row['end'] === end)
    .map((row) => [
      row['feature_a'],
      row['feature_b'],
      expect.closeTo(row[own!] as number, 12),
      row[other!] === null ? null : expect.closeTo(row[other!] as number, 12),
    ]);
}

function expectGolden(rows: readonly Row[], expected: Record<Space, GoldenEnds>): void {
  for (const space of ['encoder', 'decoder'] as const) {
    expect(expected[space].top).toEqual(pairsOf(rows, space, 'aligned'));
    expect(expected[space].bottom).toEqual(pairsOf(rows, space, 'opposed'));
  }
}

const EXPLAINED = ['--explanations', `${first}.jsonl`];
const BOTH_EXPLAINED = [...EXPLAINED, '--explanations', `${second}.jsonl`];
const DENSITIES = ['--min-density', String(golden.density[0]), '--max-density', String(golden.density[1])];
const EXTREMES = ['extremes', '--sae', first, '--top', String(golden.k)];

describe('antipode extremes', () => {
  it('--json: numpy’s pairs with what is known about their features', async () => {
    const { tables, ...facts } = await json([...EXTREMES, ...EXPLAINED]);
    expectGolden(tables['extremes']!, golden.within);
    for (const row of tables['extremes']!) {
      expect([row['sae'], row['sae_b']]).toEqual(['first', 'first']);
      for (const side of ['a', 'b']) {
        const feature = row[`feature_${side}`] as number;
        expect(row[`explanation_${side}`]).toBe(feature % 2 === 0 ? `first ${feature}` : null);
        expect(row[`max_activation_${side}`]).toBe(feature === 3 ? null : 2 * feature);
        expect(row[`density_${side}`] === null).toBe(feature === 3);
      }
    }
    expect(tables['extremes']).toContainEqual(
      expect.objectContaining({
        feature_a: 4,
        feature_b: 17,
        space: 'decoder',
        class: 'antipodal',
        density_a: 0.5,
      }),
    );
    expect(tables['searched']).toMatchObject([
      {
        space: 'encoder',
        features: 39,
        pairs: golden.within.encoder.pairs,
        without_direction: 1,
        left_out: 0,
      },
      {
        space: 'decoder',
        features: 39,
        pairs: golden.within.decoder.pairs,
        without_direction: 1,
        left_out: 0,
      },
    ]);
    expect(facts).toMatchObject({
      schema: 'extremes',
      out: null,
      parameters: { top: golden.k, min_density: null },
      saes: [{ label: 'first', d_in: 12, d_sae: 40, explanations: { explained_features: 20 } }],
    });
  });

  it('--with: pairs between two SAEs, each with its own explanations', async () => {
    const { tables } = await json([...EXTREMES, '--with', second, ...BOTH_EXPLAINED]);
    expectGolden(tables['extremes']!, golden.between);
    const shared = tables['extremes']!.find(({ feature_b }) => feature_b === 6);
    expect(shared).toMatchObject({
      sae: 'first',
      sae_b: 'second',
      class: 'duplicate',
      explanation_b: 'second 6',
    });
    const { stdout } = await run([...EXTREMES, '--with', second, ...BOTH_EXPLAINED]);
    expect(stdout).toContain('Extremes between first and second, Decoder');
    expect(stdout).toContain('Index 1 is of first, Index 2 of second.');
    expect(stdout).toContain('1 direction is unusable in the encoder of second and left out: 1 (zero-norm).');
    expect(stdout).toContain('Searched: 1,209 pairs of 39 x 31 features, every one of them.');
  });

  it('a density range chooses who takes part, and says how many were left out', async () => {
    const within = await json([...EXTREMES, ...EXPLAINED, ...DENSITIES]);
    expectGolden(within.tables['extremes']!, golden.within_filtered);
    const args = [...EXTREMES, '--with', second, ...BOTH_EXPLAINED, ...DENSITIES];
    const between = await json(args);
    expectGolden(between.tables['extremes']!, golden.between_filtered);
    expect(between['parameters']).toMatchObject({
      min_density: golden.density[0],
      max_density: golden.density[1],
    });
    const { stdout } = await run(args);
    expect(stdout).toMatch(/; \d+ features are left out by --min-density 0.01 --max-density 0.2\./);
  });

  it('takes densities from the SAE’s own files where nothing else knows them', async () => {
    const saelens = join(fixtures, 'sae/saelens_v6_standard');
    const { tables } = await json(['extremes', '--sae', saelens, '--top', '100', '--min-density', '0.1']);
    const rows = tables['extremes']!;
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row['density_a']).toBeGreaterThanOrEqual(0.1);
    expect(tables['searched']![0]!['left_out']).toBeGreaterThan(0);
  });

  it('--out: the same bytes on any number of threads, every column documented, no foreign folder replaced', async () => {
    const args = [...EXTREMES, '--with', second, ...BOTH_EXPLAINED];
    const one = await run([...args, '--threads', '1', '--out', 'one']);
    expect(one.code).toBe(0);
    expect(one.stdout.trimEnd().split('\n').at(-1)).toBe('one');
    expect((await run([...args, '--threads', '2', '--out', 'two', '-q'])).stdout).toBe('two\n');
    expect(snapshot(join(cwd, 'two'))).toEqual(snapshot(join(cwd, 'one')));
    expect((await readdir(join(cwd, 'one'))).sort()).toEqual(['manifest.json', 'report.md', 'tables']);
    await expectDocumented('one', 'extremes', ['extremes', 'searched']);
    expect((await run([...EXTREMES, '--out', 'one', '-q'])).code).toBe(0);
    const other = await run(['neighbors', '1', '--sae', first, '--out', 'one']);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('one')]);
  });

  it('--census counts all pairs beside the extremes', async () => {
    const args = [...EXTREMES, '--with', second, '--census'];
    const { code, stdout } = await run([...args, '--out', 'run']);
    const { mean } = golden.between.decoder;
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`All of them together: mean ${mean.toFixed(5)}, `),
    ]);
    await expectDocumented('run', 'extremes', [
      'extremes',
      'histogram',
      'population',
      'quantiles',
      'searched',
    ]);
    const { tables } = await json(args);
    const ofDecoder = (rows: Row[] | undefined): Row[] => rows!.filter(({ space }) => space === 'decoder');
    const counts = ofDecoder(tables['histogram']).map(({ count }) => count as number);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(golden.between.decoder.pairs);
    expect(ofDecoder(tables['population'])).toMatchObject([
      { sae: 'first', sae_b: 'second', max: 1, min: -1 },
    ]);
  });

  it('--census fast counts all pairs of a dictionary that is smaller than its sample', async () => {
    const exact = await json([...EXTREMES, '--census', 'exact']);
    expect((await json([...EXTREMES, '--census', 'fast'])).tables).toEqual(exact.tables);
    const wrong = await run([...EXTREMES, '--census', 'rough']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--census')]);
  });

  it('-q without --out prints the pairs', async () => {
    const { stdout } = await run([...EXTREMES, '--spaces', 'decoder', '-q']);
    const { top, bottom } = golden.within.decoder;
    expect(stdout.trim().split('\n')).toEqual([...top, ...bottom].map(([i, j]) => `${i},${j}`));
  });

  it('--dry-run says what would be searched', async () => {
    const plan = await json([...EXTREMES, '--with', second, '--dry-run']);
    expect(plan).toMatchObject({
      saes: [{ features: 40 }, { features: 31 }],
      pairs_searched: 2480,
      llm_calls: 0,
    });
    const { stdout } = await run(['extremes', '--sae', 'absent.npz', '--max-density', '0.1', '--dry-run']);
    expect(stdout).toContain('once nothing is missing');
    expect(stdout).toContain('leave features out by --max-density 0.1');
  });

  it('stops when interrupted, and writes nothing', async () => {
    const { code, stderr } = await run([...EXTREMES, '--out', 'run'], AbortSignal.abort());
    expect([code, stderr]).toEqual([130, expect.stringContaining('interrupted')]);
    expect(await readdir(cwd)).toEqual([]);
  });

  it.each([
    [['extremes'], 2, '--sae is missing'],
    [[...EXTREMES, '--sae', second], 2, 'given twice'],
    [[...EXTREMES, '--with', first], 2, 'is given twice; every feature would be its own nearest'],
    [[...EXTREMES, '--with', join(fixtures, 'sae/gemma_scope')], 2, 'got d_in 6, expected 12'],
    [[...EXTREMES, ...BOTH_EXPLAINED], 2, '--explanations: given 2 times for one SAE'],
    [[...EXTREMES, '--min-density', '0.1'], 3, 'how often its features are active is not known'],
    [[...EXTREMES, ...EXPLAINED, '--min-density', '2'], 2, 'expected a number from 0 to 1'],
    [[...EXTREMES, '--min-density', '0.2', '--max-density', '0.1'], 2, 'no feature is left'],
    [[...EXTREMES, '--census', '--device', 'auto'], 2, '--census: counts on the cpu (got --device auto)'],
    [[...EXTREMES, '--spaces', 'latent'], 2, 'expected some of encoder, decoder'],
  ])('%j fails with %i', async (args, code, message) => {
    const result = await run(args);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toContain(message);
  });

  it('warns where two SAEs are of two models', async () => {
    const as = (id: string, path: string): string => `${id}=${join(path, 'params.npz')}`;
    const ids = ['gemma-2-2b/20-gemmascope-res-16k', 'gemma-2-9b/20-gemmascope-res-16k'] as const;
    const { code, stderr } = await run([
      'extremes',
      '--sae',
      as(ids[0], first),
      '--with',
      as(ids[1], second),
    ]);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('directions of two models have no common space'),
    ]);
  });
});

/** Every column of the tables stands in its section of the documentation. */
async function expectDocumented(folder: string, schema: string, tables: readonly string[]): Promise<void> {
  const text = await readFile(new URL('../../docs/schema.md', import.meta.url), 'utf8');
  const chapter = text.split(`\n# Tables of antipode ${schema}\n`)[1]?.split('\n# ')[0] ?? '';
  const files = await readdir(join(cwd, folder, 'tables'));
  expect(files.filter((file) => file.endsWith('.json')).sort()).toEqual(tables.map((name) => `${name}.json`));
  for (const name of tables) {
    const section = chapter.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
    const [row] = JSON.parse(await readFile(join(cwd, folder, 'tables', `${name}.json`), 'utf8')) as Row[];
    for (const column of Object.keys(row!)) expect(section, `${name}.${column}`).toContain(`\`${column}\``);
  }
}

const FEATURES = [...new Set(golden.neighbors.map(({ feature }) => String(feature)))];
const NEIGHBORS = ['neighbors', ...FEATURES, '--sae', first, '--top', String(golden.k)];

describe('antipode neighbors', () => {
  it('--json: numpy’s neighbours at both ends, in both spaces and both SAEs', async () => {
    const { tables, ...facts } = await json([...NEIGHBORS, '--with', second, ...BOTH_EXPLAINED]);
    for (const { feature, among, space, top, bottom, pairs } of golden.neighbors) {
      const label = ['first', 'second'][among]!;
      const rows = tables['neighbors']!.filter(
        (row) => row['feature_a'] === feature && row['sae_b'] === label,
      );
      expect(top).toEqual(pairsOf(rows, space, 'aligned'));
      expect(bottom).toEqual(pairsOf(rows, space, 'opposed'));
      expect(tables['searched']).toContainEqual(
        expect.objectContaining({ feature_a: feature, sae_b: label, space, has_direction: pairs > 0 }),
      );
      for (const row of rows) {
        const neighbor = row['feature_b'] as number;
        expect(row['explanation_b']).toBe(neighbor % 2 === 0 ? `${label} ${neighbor}` : null);
      }
    }
    expect(facts).toMatchObject({ schema: 'neighbors', parameters: { features: FEATURES.map(Number) } });
  });

  it('says what a feature is, and that one without a direction has no neighbours', async () => {
    const { stdout } = await run(['neighbors', '22', '22', '--sae', first, ...EXPLAINED, '--top', '1']);
    expect(stdout).toContain('1 feature of first');
    expect(stdout).toContain('Neighbors of 22, Encoder: first');
    expect(stdout).toContain('Feature 22 has no direction in the decoder, so it has no neighbors there.');
  });

  it('-q prints their indices; the range of densities is for neighbours, not for who is asked about', async () => {
    const args = ['neighbours', '4', '--sae', first, '--top', '100', '--spaces', 'decoder', '-q'];
    const all = (await run(args)).stdout.trim().split('\n');
    expect(all).toHaveLength(2 * 38);
    const some = (await run([...args, ...EXPLAINED, ...DENSITIES])).stdout.trim().split('\n');
    expect(some.length).toBeLessThan(all.length);
    expect(all).toEqual(expect.arrayContaining(some));
  });

  it('--dry-run says what would be compared', async () => {
    const plan = await json([
      ...NEIGHBORS,
      FEATURES[0]!,
      '--with',
      second,
      '--spaces',
      'decoder',
      '--dry-run',
    ]);
    expect(plan).toMatchObject({
      features: FEATURES.length,
      cosines: FEATURES.length * (40 + 31),
      llm_calls: 0,
    });
    const { code, stdout } = await run(['neighbors', 'gemma-2-2b/20-gemmascope-res-16k/1', '--dry-run']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('once nothing is missing')]);
  });

  it('a pasted address names feature and SAE', async () => {
    const address = 'https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/11697';
    const { code, stderr } = await run(['neighbors', address]);
    expect([code, stderr]).toEqual([3, expect.stringContaining('hf download google/gemma-scope-2b-pt-res')]);
  });

  it('--out leaves tables with documented columns', async () => {
    const { code } = await run([...NEIGHBORS, '--with', second, ...BOTH_EXPLAINED, '--out', 'run']);
    expect(code).toBe(0);
    await expectDocumented('run', 'neighbors', ['neighbors', 'searched']);
  });

  it.each(['404', 'organism/1-res-2k/404', '1-res-2k/404', '1:404'])('%s names a feature', async (ref) => {
    const args = ref.includes('/') ? [ref] : [ref, '--sae', 'organism/1-res-2k'];
    const { code, stdout } = await run(['neighbors', ...args, '--top', '1', '--spaces', 'decoder', '-q']);
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 2]);
  });

  it.each([
    [['neighbors'], 2, 'missing required argument'],
    [['neighbors', '5'], 2, '5: does not say which SAE the feature belongs to'],
    [['neighbors', '20:5'], 2, '20:5: does not say which SAE'],
    [['neighbors', '1-res-2k/4', '2-res-2k/4'], 2, 'the features belong to 1-res-2k and 2-res-2k'],
    [['neighbors', '2-res-2k/4', '--sae', 'organism/1-res-2k'], 2, 'is a feature of another SAE'],
    [['neighbors', '20:5', '--sae', 'organism/1-res-2k'], 2, 'is a feature of another SAE'],
    [['neighbors', '40', '--sae', first], 2, '40: not in first (it has features 0 to 39)'],
    [['neighbors', '-1', '--sae', first], 2, "feature: not understood (got '-1'"],
    [['neighbors', 'happy', '--sae', first], 2, 'feature: not understood'],
    [['neighbors', '1', '--sae', first, '--with', first], 2, 'is given twice'],
    [['neighbors', '1', '--sae', 'absent.npz'], 3, 'absent.npz: no such file'],
  ])('%j fails with %i', async (args, code, message) => {
    const result = await run(args);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toContain(message);
  });

  it('stops when interrupted, and writes nothing', async () => {
    await writeFile(join(cwd, 'kept'), '');
    const { code } = await run([...NEIGHBORS, '--out', 'run'], AbortSignal.abort());
    expect([code, await readdir(cwd)]).toEqual([130, ['kept']]);
  });
});
