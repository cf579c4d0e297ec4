import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { contrast } from '../../../test/support/contrast.ts';
import { type ColumnSpec, type Table, tableFrom } from '../../formats/table.ts';
import { geometryFigures } from './geometry_figures.ts';
import { divergingColor, textColorOn } from './palette.ts';

type Row = Record<string, string | number | undefined>;

function table(name: string, rows: readonly Row[]): Table {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].map(
    (column): ColumnSpec<Row> => ({
      name: column,
      type: rows.some((row) => typeof row[column] === 'string') ? 'string' : 'float64',
      value: (row) => row[column],
    }),
  );
  return tableFrom(name, rows, columns);
}

const SAE = 'a/b';
const SPACES = ['encoder', 'decoder'] as const;

/** Cosines in the decoder are those of the encoder plus 0.1. */
function tablesWith(concept: string, sae: string = SAE): Table[] {
  const inBoth = (rows: readonly Row[], columns: (shift: number) => Row): Row[] =>
    SPACES.flatMap((space, shift) => rows.map((row) => ({ sae, space, ...row, ...columns(shift) })));
  const pair = (feature_a: number, feature_b: number, cos: number | undefined): Row[] =>
    SPACES.map((space, shift) => ({
      sae,
      space,
      concept,
      feature_a,
      feature_b,
      cos: cos === undefined ? undefined : cos + shift / 10,
      cos_other_space: cos === undefined ? undefined : cos + (1 - shift) / 10,
    }));
  return [
    table('pairs', [...pair(1, 2, -0.3), ...pair(1, 3, 0.05), ...pair(4, 2, undefined), ...pair(4, 3, 0.2)]),
    table(
      'random_pairs',
      inBoth([{ feature_a: 7, feature_b: 8 }], (shift) => ({ cos: 0.01 + shift / 10 })),
    ),
    table(
      'extremes',
      (['aligned', 'opposed'] as const).flatMap((end) =>
        SPACES.map((space) => ({
          sae,
          space,
          end,
          feature_a: 5,
          feature_b: 6,
          cos_enc: end === 'aligned' ? 0.8 : -0.9,
          cos_dec: end === 'aligned' ? 0.7 : -0.95,
        })),
      ),
    ),
    table('histogram', [
      ...inBoth(
        [
          { lower: -0.5, upper: -0.25, count: 3 },
          { lower: 0, upper: 0.25, count: 12_000 },
        ],
        () => ({}),
      ),
    ]),
    table(
      'population',
      inBoth([{ pairs: 12_003 }], () => ({})),
    ),
    table(
      'same_feature',
      [0.5, 0.6, 0.7, undefined, 0.9, 0.2, 0.3, 0.4, 0.1].map((cos, feature) => ({
        sae,
        feature,
        cos_enc_dec: cos,
      })),
    ),
  ];
}

type Drawn = ReturnType<typeof parseHTML>['document'];

async function drawn(tables: readonly Table[], kind: string): Promise<Drawn> {
  const figure = (await geometryFigures(tables)).find((one) => one.kind === kind);
  return parseHTML(`<!doctype html><body>${figure!.svg}</body>`).document;
}

function textsOf(document: Drawn, selector: string): string[] {
  return [...document.querySelectorAll(selector)].map((element) => element.textContent ?? '');
}

describe('R6 figures of a geometry run', () => {
  it('are a file for each SAE and kind, of the same bytes each time', async () => {
    const tables = [...tablesWith('Mood'), ...tablesWith('Mood', 'a~2fb')];
    // Tables of one name are one table: both SAEs are in it.
    const merged = [...new Set(tables.map(({ name }) => name))].map((name) => {
      const [first, second] = tables.filter((one) => one.name === name);
      return {
        name,
        rowCount: first!.rowCount + second!.rowCount,
        columns: first!.columns.map((column, i) => ({
          ...column,
          values: [...column.values, ...second!.columns[i]!.values],
        })),
      };
    });
    const figures = await geometryFigures(merged);
    expect(new Set(figures.map(({ file }) => file)).size).toBe(8);
    expect(figures[0]!.file).toBe('population-a~2fb.svg');
    expect(await geometryFigures(merged)).toEqual(figures);
    for (const { svg } of figures) {
      expect(svg).toMatch(
        /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*role="img"[^>]*>\n<title>[^<]+<\/title>\n<desc>[^<]+<\/desc>/,
      );
      expect(svg).toContain('prefers-color-scheme: dark');
      expect(svg).not.toMatch(/\d\.\d{3,}"/);
    }
  });

  it('leave out what was not measured', async () => {
    const [pairs] = tablesWith('Mood');
    expect((await geometryFigures([pairs!])).map(({ kind }) => kind)).toEqual(['concepts', 'two-spaces']);
    expect(await geometryFigures([])).toEqual([]);
  });

  it('population: every pair of every group has its place, the outermost have their names', async () => {
    const document = await drawn(tablesWith('Mood'), 'population');
    const titles = textsOf(document, 'line > title');
    expect(titles).toContain('Mood [1, 2] -0.30000');
    expect(titles).toContain('[7, 8] 0.11000');
    // Three known antonym pairs, a random one, one at each end: in each space.
    expect(titles).toHaveLength(2 * 6);
    expect(document.querySelector('desc')!.textContent).toContain(
      'Decoder: 12,003 pairs from -0.500 to 0.250; antonym pairs from -0.200 to 0.300',
    );
    const words = textsOf(document, 'text');
    for (const name of ['[5, 6] -0.90', '[7, 8] 0.01', 'antonym pairs', 'most opposed of all'])
      expect(words).toContain(name);
  });

  it('concepts: a cell for every combination, with its number, unknown ones marked', async () => {
    const document = await drawn(tablesWith('Mood'), 'concepts');
    const words = textsOf(document, 'text');
    for (const number of ['-0.30', '0.05', '0.20', '?', '-0.20', '0.15']) expect(words).toContain(number);
    expect(document.querySelectorAll('svg svg rect')).toHaveLength(8);
    expect(words.filter((word) => word === 'Mood')).toHaveLength(2);
    expect(document.querySelector('desc')!.textContent).toContain('Encoder: Mood mean -0.017.');
  });

  it('two spaces: each pair once', async () => {
    const document = await drawn(tablesWith('Mood'), 'two-spaces');
    expect(document.querySelector('desc')!.textContent).toBe(
      'random pairs: 1, of the same sign in both spaces 1. most aligned of all: 1, of the same sign in both spaces 1. most opposed of all: 1, of the same sign in both spaces 1. antonym pairs: 3, of the same sign in both spaces 3.',
    );
    expect(textsOf(document, 'svg svg title')).toContain('Mood [1, 2] encoder -0.30000, decoder -0.20000');
  });

  it('same feature: all features counted, those of concepts and random pairs marked', async () => {
    const document = await drawn(tablesWith('Mood'), 'same-feature');
    expect(document.querySelector('desc')!.textContent).toBe(
      'Mean of all 9 features 0.463, of concepts 0.733, of random pairs 0.250.',
    );
    expect(textsOf(document, 'line > title')).toEqual([
      '1: 0.60000',
      '2: 0.70000',
      '4: 0.90000',
      '7: 0.40000',
      '8: 0.10000',
    ]);
  });

  it.each(['<script>1</script>', '"><g onload=x>', 'a\u0000\u202e\ufffeb'])(
    'a concept called %j stays text',
    async (name) => {
      for (const { svg } of await geometryFigures(tablesWith(name))) {
        expect(svg).not.toContain('<script');
        expect(svg).not.toContain('<g onload');
        for (const hidden of ['\u0000', '\u202e', '\ufffe'])
          expect(svg.includes(hidden), JSON.stringify(hidden)).toBe(false);
      }
    },
  );
});

describe('R6 colours of cosines', () => {
  it('are white at nothing, and deepest at the reach and beyond', () => {
    expect(divergingColor(0, 0.5)).toBe('#ffffff');
    expect(divergingColor(-0.5, 0.5)).toBe('#2166ac');
    expect(divergingColor(0.9, 0.5)).toBe('#d95f02');
  });

  it('carry text of a contrast of at least 4.5', () => {
    for (let share = -1; share <= 1; share += 0.01) {
      const color = divergingColor(share, 1);
      expect(contrast(color, textColorOn(color))).toBeGreaterThanOrEqual(4.5);
    }
  });
});
