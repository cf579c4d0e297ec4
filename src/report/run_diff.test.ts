import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeParquet } from '../formats/parquet/parquet.ts';
import { type Cell, type ColumnType, type Table, tableFrom } from '../formats/table.ts';
import { diffRuns } from './run_diff.ts';
import { findRuns, openRun, type RunFolder, readRunTables } from './run_folders.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'antipode-runs-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function table(name: string, rows: readonly Record<string, Cell>[]): Table {
  const columns = Object.keys(rows[0]!).map((column) => ({
    name: column,
    type: (typeof rows[0]![column] === 'string' ? 'string' : 'float64') as ColumnType,
    value: (row: Record<string, Cell>) => row[column],
  }));
  return tableFrom(name, rows, columns);
}

async function put(
  path: string,
  manifest: unknown,
  tables: Readonly<Record<string, Table>> = {},
): Promise<void> {
  await mkdir(join(root, path), { recursive: true });
  await writeFile(
    join(root, path, 'manifest.json'),
    typeof manifest === 'string' ? manifest : JSON.stringify(manifest),
  );
  for (const [file, one] of Object.entries(tables)) {
    await mkdir(join(root, path, file, '..'), { recursive: true });
    await writeFile(join(root, path, `${file}.parquet`), writeParquet(one));
  }
}

const RUN = { tool: 'antipode', schema: 'geometry' };

async function diff(): Promise<ReturnType<typeof diffRuns>> {
  const open = async (name: string): Promise<{ run: RunFolder; tables: Map<string, Table> }> => {
    const run = await openRun(join(root, name), name);
    return { run, tables: await readRunTables(run) };
  };
  return diffRuns(await open('a'), await open('b'));
}

describe('run folders', () => {
  it('are found wherever they lie, and not within each other', async () => {
    await put('x/run', { ...RUN, seed: 1 });
    await put('x/run/geometry', RUN);
    await put('y', { ...RUN, schema: 'steering' });
    await put('foreign', { tool: 'other', schema: 'geometry' });
    for (const [i, text] of ['', '[]', 'null', '{"tool":"antipode"}', '{'].entries())
      await put(`damaged${i}`, text);
    await put('.hidden', RUN);
    await put('a/b/c/d/too/deep', RUN);
    const found = await findRuns(root);
    expect(found.map(({ path, schema }) => [path.slice(root.length + 1), schema])).toEqual([
      ['x/run', 'geometry'],
      ['y', 'steering'],
    ]);
    expect(await findRuns(join(root, 'nowhere'))).toEqual([]);
    expect(await findRuns(join(root, 'y'))).toHaveLength(1);
  });

  it('that are none are a sentence', async () => {
    await expect(openRun(join(root, 'nowhere'), 'nowhere')).rejects.toMatchObject({
      kind: 'missing',
      message: 'nowhere: there is no run (expected a folder with a manifest.json of antipode)',
    });
  });

  it('give their tables and those of their stages; a damaged one is a sentence', async () => {
    const one = table('summary', [{ sae: 's', cos: 1 }]);
    await put('a', RUN, {
      'tables/summary': one,
      'steering/tables/arms': table('arms', [{ arm: 'x', p: 0.5 }]),
    });
    const run = await openRun(join(root, 'a'));
    expect([...(await readRunTables(run)).keys()]).toEqual(['tables/summary', 'steering/tables/arms']);
    await writeFile(join(root, 'a/tables/summary.parquet'), 'PAR1');
    await expect(readRunTables(run)).rejects.toMatchObject({
      kind: 'format',
      message: expect.stringContaining('tables/summary.parquet'),
    });
  });
});

describe('two runs', () => {
  it('differ in the numbers of the same rows, wherever these stand', async () => {
    const rows = [
      { sae: 's', space: 'encoder', concept: 'Mood', mean: 0.5, max_feature_a: 4, explanation_a: 'x' },
      { sae: 's', space: 'encoder', concept: 'Light', mean: 0.25, max_feature_a: 5, explanation_a: 'y' },
    ];
    await put(
      'a',
      { ...RUN, seed: 0, parameters: { top: 3, spaces: ['encoder'] } },
      { 'tables/concepts': table('concepts', rows) },
    );
    await put(
      'b',
      { ...RUN, seed: 0, parameters: { top: 4, spaces: ['encoder', 'decoder'] }, outputs: [1] },
      {
        'tables/concepts': table('concepts', [
          { ...rows[1]!, explanation_a: 'other' },
          { ...rows[0]!, mean: 0.25, max_feature_a: 9 },
          { ...rows[0]!, concept: 'New' },
        ]),
      },
    );
    expect(await diff()).toEqual({
      settings: [
        { what: 'parameters.top', a: 3, b: 4, difference: 1 },
        { what: 'parameters.spaces[1]', a: null, b: 'decoder', difference: undefined },
      ],
      tables: [
        {
          table: 'tables/concepts',
          differences: [
            { what: 's, encoder, Mood: mean', a: 0.5, b: 0.25, difference: -0.25 },
            { what: 's, encoder, Mood: max_feature_a', a: 4, b: 9, difference: undefined },
          ],
          same: 2,
          onlyA: 0,
          onlyB: 1,
        },
      ],
    });
  });

  it('tell rows about the same apart by their order, and know what stands in one alone', async () => {
    const twins = [
      { sae: 's', feature: 1, cos_enc_dec: 0.5 },
      { sae: 's', feature: 1, cos_enc_dec: 0.75 },
    ];
    await put('a', RUN, { 'tables/same_feature': table('same_feature', twins) });
    await put('b', RUN, {
      'tables/same_feature': table('same_feature', [twins[0]!, { ...twins[1]!, cos_enc_dec: 1 }]),
      'tables/odd': table('odd', [{ value: 1 }, { value: 2 }]),
    });
    const { tables } = await diff();
    expect(tables).toEqual([
      { table: 'tables/odd', differences: [], same: 0, onlyA: 0, onlyB: 2 },
      {
        table: 'tables/same_feature',
        differences: [{ what: 's, 1 (2): cos_enc_dec', a: 0.75, b: 1, difference: 0.25 }],
        same: 1,
        onlyA: 0,
        onlyB: 0,
      },
    ]);
  });

  it('name the rows of tests and verdicts by what they are about', async () => {
    const tests = { sae: 's', space: 'decoder', variant: 'macro', test: 'permutation', p: 0.5 };
    const verdict = { sae: 's', space: 'decoder', mean: 0.5 };
    await put('a', RUN, {
      'tables/tests': table('tests', [tests]),
      'tables/verdicts': table('verdicts', [{ ...verdict, space: 'encoder' }, verdict]),
    });
    await put('b', RUN, {
      'tables/tests': table('tests', [{ ...tests, p: 0.25 }]),
      'tables/verdicts': table('verdicts', [{ ...verdict, mean: 0.25 }]),
    });
    const found = (await diff()).tables.map(({ differences, onlyA }) => [differences[0]?.what, onlyA]);
    expect(found).toEqual([
      ['s, decoder, macro, permutation: p', 0],
      ['s, decoder: mean', 1],
    ]);
  });

  it('that are the same do not differ', async () => {
    const tables = {
      'tables/odd': table('odd', [
        { value: null, name: 'a' },
        { value: 2, name: 'b' },
      ]),
    };
    await put('a', RUN, tables);
    await put('b', RUN, tables);
    expect(await diff()).toEqual({
      settings: [],
      tables: [{ table: 'tables/odd', differences: [], same: 4, onlyA: 0, onlyB: 0 }],
    });
  });
});
