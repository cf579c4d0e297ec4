/** @file Steps with tables between them give what the steps give in one go, to the last bit; tables of other things are refused. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Concept, ConceptSet } from '../concepts/concept_set.ts';
import { AntipodeError } from '../errors.ts';
import { readParquet, writeParquet } from '../formats/parquet/parquet.ts';
import { memorySource } from '../formats/source.ts';
import type { Table } from '../formats/table.ts';
import { openSae } from '../sae/open.ts';
import { createCoFiringCounter } from './co_firing.ts';
import { coFiringTables, readCoFiring } from './co_firing_tables.ts';
import { cosinesTables, readCosines } from './cosines_tables.ts';
import { measureCosines } from './measure_cosines.ts';
import type { MeasureSaeOptions } from './measure_options.ts';
import { concludeSae, measureSae } from './measure_sae.ts';
import { GEOMETRY_PARTS } from './parts.ts';
import { readForParts, readWhole } from './sae_rows.ts';
import { searchSae } from './search_sae.ts';
import { readSearch, searchTables } from './search_tables.ts';

const params = fileURLToPath(new URL('../../test/fixtures/geometry/params.npz', import.meta.url));
const golden = JSON.parse(
  readFileSync(new URL('../../test/golden/geometry.json', import.meta.url), 'utf8'),
) as { concepts: Concept[] };
const concepts: ConceptSet = { id: 'golden', title: 'golden', concepts: golden.concepts, sha256: '' };

const sae = await openSae(params, { env: {}, cwd: process.cwd() });
afterAll(() => sae.close());

const asked: MeasureSaeOptions = {
  sae,
  concepts,
  spaces: ['decoder', 'encoder'],
  parts: GEOMETRY_PARTS,
  seed: 3,
  randomPairs: 20,
  named: { encoder: [{ a: 5, b: 1 }], decoder: [] },
  top: 5,
  draws: 199,
  densityOf: (feature) => (feature % 3 === 0 ? undefined : 1 / (feature + 1)),
};
const [label, other] = ['one', 'another'];
const { dSae } = sae.header;
const read = await readForParts(asked);
const cosines = measureCosines(asked, read);
const search = await searchSae(asked, read.spaces, cosines);

/** Through the bytes of Parquet files, as between two stages. */
async function through(tables: readonly Table[]): Promise<Map<string, Table>> {
  const found = new Map<string, Table>();
  for (const table of tables) {
    const source = memorySource(`${table.name}.parquet`, writeParquet(table));
    found.set(table.name, await readParquet(source));
  }
  return found;
}

const measured = await through(
  cosinesTables([
    { sae: other, cosines: { ...cosines, defects: [] } },
    { sae: label, cosines },
  ]),
);
const found = await through(
  searchTables([
    { sae: label, cosines, search },
    { sae: other, cosines, search },
  ]),
);
const at = { sae: label, concepts, dSae };

describe('the steps of a measurement', () => {
  it('are whole again behind tables: the same cosines, the same finds', () => {
    expect(readCosines(measured, at)).toEqual(cosines);
    expect(readSearch(found, { ...at, cosines })).toEqual(search);
    // What tells them apart from another dictionary in the same tables.
    expect(cosines.defects.length).toBeGreaterThan(0);
    expect(readCosines(measured, { ...at, sae: other }).defects).toEqual([]);
  });

  it('end with the same results as in one go', async () => {
    const again = readCosines(measured, at);
    const between = { cosines: again, search: readSearch(found, { ...at, cosines: again }) };
    const concluded = await concludeSae(asked, await readWhole(asked), between);
    expect(concluded).toEqual(await measureSae(asked));
    expect(concluded.verdicts.every(({ finding }) => finding !== 'not-tested')).toBe(true);
  });

  it('refuse tables of other concepts, of another dictionary, and of another form', () => {
    const fewer = { ...concepts, concepts: concepts.concepts.slice(1) };
    expect(() => readCosines(measured, { ...at, concepts: fewer })).toThrow(
      /cosines of one, decoder: has \d+ rows/,
    );
    expect(() => readCosines(measured, { ...at, dSae: dSae + 1 })).toThrow(
      /self_cosines of one: has \d+ rows/,
    );
    const shorter = { ...cosines, spaces: cosines.spaces.map((one) => ({ ...one, random: [] })) };
    expect(() => readSearch(found, { ...at, cosines: shorter })).toThrow(
      /ranks of one, decoder, random: has 20 rows/,
    );
    for (const [name, table] of measured) {
      // For people alone: its rows are in order.
      const read = table.columns.filter((column) => name !== 'self_cosines' || column.name !== 'feature');
      for (const column of read) {
        const columns = table.columns.filter((one) => one !== column);
        const without = new Map([...measured, [name, { ...table, columns }]]);
        expect(() => readCosines(without, at), `${name} without ${column.name}`).toThrow(AntipodeError);
      }
    }
  });
});

describe('co-firing', () => {
  const [pair] = search.extremes;
  it('is whole again behind tables', async () => {
    const features = [pair!.featureA, pair!.featureB];
    const counts = createCoFiringCounter(features, 4);
    counts.add(Float32Array.of(1, 1, 0, 2, 3, 0, 1, 1));
    const tables = await through(
      coFiringTables([
        { sae: label, extremes: [pair!, pair!], coFiring: { counts, texts: 'texts' } },
        { sae: other, extremes: [pair!], coFiring: { reason: 'why' } },
        { sae: 'third', extremes: [], coFiring: undefined },
      ]),
    );
    const back = readCoFiring(tables, label);
    expect(back).toMatchObject({ texts: 'texts', counts: { tokens: 4 } });
    const { featureA, featureB } = pair!;
    expect([
      back!.counts!.tokensOf(featureA),
      back!.counts!.tokensOfBoth(featureB, featureA),
      back!.counts!.expectedOfBoth(featureA, featureB),
      back!.counts!.tokensOf(-1),
    ]).toEqual([3, 2, (3 * 3) / 4, undefined]);
    expect(readCoFiring(tables, other)).toEqual({ reason: 'why' });
    expect(readCoFiring(tables, 'third')).toBeUndefined();
  });
});
