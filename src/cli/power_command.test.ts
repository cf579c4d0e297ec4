import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIXTURE_SAE, snapshot } from '../../test/support/run_command.ts';
import { runCli } from './run.ts';

type Row = Record<string, string | number | boolean | null>;
interface Document {
  readonly schema: string;
  readonly command: string[];
  readonly parameters: Record<string, unknown>;
  readonly tables: { readonly power: Row[]; readonly power_curve: Row[] };
}

const CONCEPTS = `
- concept: One
  a: { label: x, features: [0, 1] }
  b: { label: y, features: [3] }
- concept: Two
  a: { label: x, features: [8] }
  b: { label: y, features: [9, 10] }
- concept: Three
  a: { label: x, features: [20] }
  b: { label: y, features: [21] }
`;

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'antipode-cli-power-'));
  await writeFile(join(cwd, 'pairs.yaml'), CONCEPTS);
});
afterEach(async () => {
  await rm(cwd, { recursive: true });
});

async function run(args: readonly string[], signal = new AbortController().signal) {
  let stdout = '';
  let stderr = '';
  async function* stdin(): AsyncIterable<Uint8Array> {}
  const code = await runCli(['power', ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: stdin(),
    env: { HOME: cwd },
    cwd,
    signal,
  });
  return { code, stdout, stderr };
}

const BASE = ['--sae', FIXTURE_SAE, '--concepts', 'pairs.yaml', '--draws', '999'];

async function json(...more: string[]): Promise<Document> {
  const { code, stdout } = await run([...BASE, ...more, '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Document;
}

describe('antipode power', () => {
  it('says per space and test what would be found', async () => {
    const { schema, parameters, tables } = await json(
      '--effect',
      '-0.1,-0.9',
      '--level',
      '0.1',
      '--power',
      '0.9',
    );
    expect(schema).toBe('power');
    expect(parameters).toMatchObject({ level: 0.1, power: 0.9, draws: 999, effects: [-0.1, -0.9] });
    expect(tables.power.map(({ space, test }) => [space, test])).toEqual([
      ['encoder', 'matched-random'],
      ['encoder', 'permutation'],
      ['decoder', 'matched-random'],
      ['decoder', 'permutation'],
    ]);
    for (const row of tables.power) {
      expect(row).toMatchObject({ concepts: 3, pairs: 5, level: 0.1, power: 0.9 });
      // Three concepts have six orders, of which one alone is a sixth.
      if (row['test'] === 'permutation') {
        expect([row['detectable_drop'], row['detectable_mean'], row['effect']]).toEqual([null, null, null]);
        continue;
      }
      expect(row['detectable_mean']).toBeCloseTo(
        (row['null_mean'] as number) - (row['detectable_drop'] as number),
        12,
      );
      const curve = tables.power_curve.filter(
        ({ space, test }) => space === row['space'] && test === row['test'],
      );
      const at = curve.find(({ shift }) => shift === -(row['detectable_drop'] as number))!;
      expect(Math.abs((at['power'] as number) - 0.9)).toBeLessThan(0.01);
      expect(curve.slice(-2).map(({ shift }) => shift)).toEqual([-0.1, -0.9]);
      expect(curve.at(-1)!['power']).toBeGreaterThan(curve.at(-2)!['power'] as number);
    }
  });

  it('the same command gives the same document, another seed another', async () => {
    const first = await json('--spaces', 'decoder');
    expect(await json('--spaces', 'decoder')).toEqual(first);
    expect((await json('--spaces', 'decoder', '--seed', '1')).tables).not.toEqual(first.tables);
  });

  it('shows tables, and says in words what cannot be reached', async () => {
    const { code, stdout } = await run([...BASE, '--spaces', 'decoder']);
    expect(code).toBe(0);
    expect(stdout).toContain('Smallest mean opposition that is found, Decoder');
    expect(stdout).toMatch(/Random features +-\d\.\d{5} +\d\.\d{5}/);
    expect(stdout).toContain('Sets B in other orders: these concepts have too few orders');
    expect(stdout).toContain('3 concepts, 5 pairs of 8 features');
  });

  it('names no mean that cosines cannot have', async () => {
    const [one] = CONCEPTS.split('- concept: Two');
    await writeFile(join(cwd, 'pairs.yaml'), one!.replace('[0, 1]', '[0]'));
    const { code, stdout } = await run([
      ...[...BASE, '--spaces', 'decoder'],
      ...['--level', '0.001', '--power', '0.999'],
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('Random features: a mean that is lower by so much would be below -1');
    expect(stdout).not.toContain('Found from mean');
  });

  it('writes a run folder', async () => {
    const { code } = await run([...BASE, '--out', 'power']);
    expect(code).toBe(0);
    const files = [...snapshot(join(cwd, 'power')).keys()];
    for (const file of ['manifest.json', 'report.md', 'tables/power.parquet', 'tables/power_curve.csv'])
      expect(files).toContain(file);
    const manifest = JSON.parse(await readFile(join(cwd, 'power', 'manifest.json'), 'utf8')) as Document;
    expect(manifest.command.slice(0, 4)).toEqual(['antipode', 'power', '--sae', FIXTURE_SAE]);
  });

  it('a dry run says what would be done, and does nothing', async () => {
    const { code, stdout } = await run([...BASE, '--dry-run', '--out', 'power']);
    expect(code).toBe(0);
    expect(stdout).toContain('draw random features in the places of the 3 concepts (5 pairs) of pairs');
    expect(stdout).toContain('simulate 999 draws per test with seed 0 in encoder and decoder');
    expect([...snapshot(cwd).keys()]).toEqual(['pairs.yaml']);
  });

  it.each<[string, string[]]>([
    ['power: --sae is missing', []],
    ['no concepts are given for it', ['--sae', FIXTURE_SAE]],
    ['--effect: got "0.1", expected a number from -2 to', [...BASE, '--effect', '0.1']],
    ['--level: got "0"', [...BASE, '--level', '0']],
    ['--power: got "1"', [...BASE, '--power', '1']],
    ['--draws: got "10"', [...BASE, '--draws', '10']],
    ['nothing.npz', ['--sae', 'nothing.npz', '--concepts', 'pairs.yaml']],
  ])('refuses: %s', async (sentence, args) => {
    const { code, stderr } = await run(args);
    expect(code).not.toBe(0);
    expect(stderr).toContain(sentence);
  });

  it('hears an interruption, and writes nothing', async () => {
    const { code } = await run([...BASE, '--out', 'power'], AbortSignal.abort());
    expect(code).toBe(130);
    expect([...snapshot(cwd).keys()]).toEqual(['pairs.yaml']);
  });
});
