/** @file What `geometry --out` leaves: twins with the same rows, a documented schema, a manifest that fits its files. */

import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURE_SAE, makePlace, type Place, runHere, snapshot } from '../support/run_command.ts';

const CONCEPTS = [
  { concept: 'One <b>|`', a: { label: 'x', features: [0, 1, 2] }, b: { label: 'y', features: [3, 4] } },
  { concept: 'Two', a: { label: 'x', features: [17, 44] }, b: { label: 'y', features: [4, 17, 31] } },
];
const EXPLANATIONS = [
  {
    modelId: 'm',
    layer: '0-x',
    index: '4',
    description: '<script>alert(1)</script> | a "quoted", text\nwith a break',
  },
  { modelId: 'm', layer: '0-x', index: '17', description: '=HYPERLINK("x")' },
];

type Row = Record<string, unknown>;

let place: Place;
let run: string;
beforeAll(async () => {
  place = makePlace();
  run = join(place.cwd, 'run');
  writeFileSync(join(place.cwd, 'pairs.json'), JSON.stringify(CONCEPTS));
  writeFileSync(join(place.cwd, 'labels.json'), JSON.stringify(EXPLANATIONS));
  const args = [
    'geometry',
    '--sae',
    FIXTURE_SAE,
    '--concepts',
    'pairs.json',
    '--explanations',
    'labels.json',
    '--out',
    'run',
  ];
  const { code, stderr } = await runHere(place, args);
  expect([code, stderr.split('\n').filter((line) => line.startsWith('error'))]).toEqual([0, []]);
});
afterAll(() => place.remove());

const TABLES = [
  'summary',
  'pairs',
  'concepts',
  'random_pairs',
  'extremes',
  'same_feature_summary',
  'same_feature',
  'population',
  'histogram',
];

describe('R4: Parquet, CSV and JSON twins', () => {
  it.each(TABLES)('%s carries the same rows in all three, read by other programs', async (name) => {
    const json = JSON.parse(readFileSync(join(run, 'tables', `${name}.json`), 'utf8')) as Row[];
    expect(json.length).toBeGreaterThan(0);
    const csv = parse(readFileSync(join(run, 'tables', `${name}.csv`)), { columns: true }) as Record<
      string,
      string
    >[];
    expect(csv).toEqual(
      json.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([key, value]) => [key, value === null ? '' : String(value)]),
        ),
      ),
    );
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const file = join(run, 'tables', `${name}.parquet`).replaceAll("'", "''");
    const reader = await connection.runAndReadAll(`SELECT * FROM '${file}'`);
    expect(reader.getRowObjects()).toEqual(json);
    connection.closeSync();
  });

  it('every column is documented, under its table', () => {
    const schema = readFileSync(new URL('../../docs/schema.md', import.meta.url), 'utf8');
    for (const name of TABLES) {
      const section = schema.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
      const [row] = JSON.parse(readFileSync(join(run, 'tables', `${name}.json`), 'utf8')) as Row[];
      for (const column of Object.keys(row!)) expect(section, `${name}.${column}`).toContain(`\`${column}\``);
    }
  });
});

describe('the manifest', () => {
  it('lists every file with its size and hash, and the inputs', () => {
    const manifest = JSON.parse(readFileSync(join(run, 'manifest.json'), 'utf8')) as {
      outputs: { file: string; bytes: number; sha256: string }[];
      inputs: { role: string; file: string; sha256: string }[];
    };
    const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(manifest.outputs.map(({ file }) => file).sort()).toEqual(
      [...snapshot(run).keys()].filter((file) => file !== 'manifest.json'),
    );
    for (const { file, bytes, sha256 } of manifest.outputs) {
      expect([bytes, sha256]).toEqual([statSync(join(run, file)).size, hash(join(run, file))]);
    }
    expect(manifest.inputs.map(({ role, file }) => [role, file])).toEqual([
      ['sae', 'params.npz'],
      ['explanations', 'labels.json'],
    ]);
    expect(manifest.inputs[0]!.sha256).toBe(hash(FIXTURE_SAE));
  });
});

describe('report.md', () => {
  it('R3, W14: untrusted concept names and explanations stay text', () => {
    const report = readFileSync(join(run, 'report.md'), 'utf8');
    expect(report).not.toMatch(/<(?!br)/);
    expect(report).toContain('&lt;script&gt;');
    expect(report).toContain('One &lt;b&gt;\\|\\`');
    const rows = report.split('\n').filter((line) => line.startsWith('|'));
    for (let r = 1; r < rows.length; r++) expect(rows[r]).toMatch(/\|$/);
  });

  it('says which features were left out and that a pair with itself was skipped', () => {
    const report = readFileSync(join(run, 'report.md'), 'utf8');
    expect(report).toContain('2 feature directions are unusable');
    expect(report).toContain('its pair with itself is left out');
    expect(report).toContain('Feature 4 stands in');
  });
});
