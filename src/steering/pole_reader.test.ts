import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { encode } from '../sae/encode.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile } from '../sae/sae.ts';
import { createRng } from '../tensor/rng.ts';
import { createPoleReader, type PoleReader } from './pole_reader.ts';

const ROWS = 50;

let opened: (SaeFile | PoleReader)[] = [];
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
});

async function open(name: string): Promise<SaeFile> {
  const path = name === 'embedded' ? 'organism/2-res-2k' : fixture(name);
  const sae = await openSae(path, { env: {}, cwd: process.cwd() });
  opened.push(sae);
  return sae;
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../test/fixtures/sae/${name}`, import.meta.url));
}

function draw(dIn: number): Float32Array {
  const rng = createRng(3, 'pole-reader');
  return Float32Array.from({ length: ROWS * dIn }, () => 3 * rng.normal());
}

const pole = (name: string, features: readonly number[]) => ({ name, features });

test.each(['embedded', 'saelens_v6_topk', 'saelens_v5_topk', 'saelens_v6_gated', 'saelens_v6_layer_norm'])(
  "%s: the largest activation of a pole's features, at every position",
  async (name) => {
    const sae = await open(name);
    const { dIn, dSae } = sae.header;
    const poles = { a: pole('A', [dSae - 1, 0, 2]), b: pole('B', [2]) };
    const reader = await createPoleReader(sae, poles);
    opened.push(reader);
    const rows = draw(dIn);
    const { data } = await encode(await sae.load(), { data: rows, rows: ROWS, cols: dIn });
    const at = (row: number, feature: number): number => data[row * dSae + feature]!;
    const found = await reader.read(rows);
    const places = [...Array(ROWS).keys()];
    const expected = {
      a: places.map((row) => Math.max(at(row, dSae - 1), at(row, 0), at(row, 2))),
      b: places.map((row) => at(row, 2)),
    };
    for (const side of ['a', 'b'] as const) {
      expect(found[side]).toHaveLength(ROWS);
      found[side].forEach((value, row) => {
        // The whole encoder of a topk dictionary sums in float32.
        expect(value).toBeCloseTo(expected[side][row]!, 4);
      });
    }
    expect(expected.a.some((value) => value > 0)).toBe(true);
    expect(await reader.read(new Float32Array(0))).toEqual({ a: [], b: [] });
  },
);

test('a topk feature counts only where it is among the k largest of all', async () => {
  const sae = await open('saelens_v6_topk');
  const { dIn, dSae, k } = sae.header;
  const all = [...Array(dSae).keys()];
  const rows = draw(dIn);
  const on = new Float64Array(ROWS);
  for (const feature of all) {
    const reader = await createPoleReader(sae, { a: pole('A', [feature]), b: pole('B', [0]) });
    opened.push(reader);
    (await reader.read(rows)).a.forEach((value, row) => {
      if (value > 0) on[row]! += 1;
    });
  }
  expect(Math.max(...on)).toBeLessThanOrEqual(k!);
  expect(Math.max(...on)).toBeGreaterThan(0);
});

test.each(['embedded', 'saelens_v6_topk'])('%s: features that are not there are refused', async (name) => {
  const sae = await open(name);
  const poles = { a: pole('A', [sae.header.dSae]), b: pole('B', [0]) };
  await expect(createPoleReader(sae, poles)).rejects.toMatchObject({ kind: 'usage' });
});

test('a feature whose encoder row holds no numbers is refused', async () => {
  const sae = await open('bad_rows');
  const { defects } = await sae.readSpace('encoder');
  const broken = defects.find(({ defect }) => defect === 'non-finite')!.row;
  const poles = { a: pole('A', [broken]), b: pole('B', [broken]) };
  await expect(createPoleReader(sae, poles)).rejects.toThrow(`feature ${broken}: its encoder row`);
});
