import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { editPerRow, mergeEdits } from './combine_edits.ts';
import type { Edit, LanguageModel, Site } from './language_model.ts';
import { openLanguageModel } from './session.ts';

const folder = fileURLToPath(new URL('../../test/fixtures/lm/mistral', import.meta.url));

let model: LanguageModel;
beforeAll(async () => {
  model = await openLanguageModel(folder, { threads: 1 });
});
afterAll(() => model?.close());

const ones = (count: number): Float32Array => new Float32Array(count).fill(1);
const edit = (changes: Partial<Edit> = {}): Edit => ({
  at: 0,
  lanes: 1,
  read: ones(20),
  write: ones(20),
  ...changes,
});

test.each<[string, readonly Edit[], string]>([
  [
    'no such layer',
    [edit({ at: 3 })],
    'edit at 3: there is no such place (expected emb or a layer from 0 to 2)',
  ],
  ['no place at all', [edit({ at: 'out' as Site })], 'edit at out: there is no such place'],
  ['two at one site', [edit(), edit()], 'edit at 0: was given twice'],
  ['no lanes', [edit({ lanes: 0, read: ones(0), write: ones(0) })], 'edit at 0: has 0 lanes'],
  ['half a lane', [edit({ lanes: 0.5 })], 'edit at 0: has 0.5 lanes'],
  ['rows that are not there', [edit({ rows: 3 })], 'edit at 0: has 3 rows (expected 1 or 2)'],
  ['columns that are not there', [edit({ columns: 2 })], 'edit at 0: has 2 columns (expected 1 or 3)'],
  ['another width', [edit({ read: ones(19) })], 'edit at 0: read has 19 values (expected 20: 1 x 1 x 20)'],
  [
    'one row of two',
    [edit({ rows: 2, read: ones(40) })],
    'edit at 0: write has 20 values (expected 40: 2 x 1 x 20)',
  ],
  [
    'keep without its columns',
    [edit({ columns: 3, keep: ones(1) })],
    'keep has 1 values (expected 3: 1 x 3 x 1)',
  ],
  ['NaN', [edit({ target: Float32Array.of(Number.NaN) })], 'edit at 0: target holds NaN or infinite values'],
  [
    'an infinite offset',
    [edit({ offset: Float32Array.of(Infinity) })],
    'offset holds NaN or infinite values',
  ],
  ['a threshold that is NaN', [edit({ threshold: Float32Array.of(Number.NaN) })], 'threshold holds NaN'],
  [
    'lanes that multiply to no end',
    [edit({ read: ones(20).fill(1e6), write: ones(20).fill(1e6) })],
    'is too strong (read',
  ],
  [
    'a target beyond float32 norms',
    [edit({ target: Float32Array.of(1e20) })],
    'edit at 0: is too strong (adds up to 1',
  ],
])('%s is refused', async (_, edits, message) => {
  const tokens = [
    [1, 2, 3],
    [4, 5],
  ];
  await expect(model.forward({ tokens, edit: edits })).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining(message),
  });
});

test('infinite thresholds let everything or nothing through', async () => {
  const run = async (threshold?: number) => {
    const given = threshold === undefined ? {} : { threshold: Float32Array.of(threshold) };
    return (await model.forward({ tokens: [[1, 2, 3]], edit: [edit(given)] })).logits!.values;
  };
  const plain = (await model.forward({ tokens: [[1, 2, 3]] })).logits!.values;
  expect(await run(Number.NEGATIVE_INFINITY)).toEqual(await run());
  expect(await run()).not.toEqual(plain);
  expect(await run(Number.POSITIVE_INFINITY)).toEqual(plain);
});

test('sites that are declared and not there are refused on opening', async () => {
  await expect(openLanguageModel(folder, { editSites: [1, 3] })).rejects.toMatchObject({
    kind: 'usage',
    message: 'editSites: there is no place 3 (expected emb or a layer from 0 to 2)',
  });
});

test('edits that do not fit together are not merged', () => {
  const refused: [() => Edit, string][] = [
    [() => mergeEdits([]), 'edits: none were given to merge'],
    [() => mergeEdits([edit(), edit({ at: 1 })]), 'edits at 0 and 1: are not of one site'],
    [() => mergeEdits([edit(), edit({ read: ones(10), write: ones(10) })]), 'vectors of 20 and 10 values'],
    [() => mergeEdits([edit({ columns: 2 }), edit({ columns: 3 })]), 'edits at 0: have 2 and 3 columns'],
    [
      () => mergeEdits([edit({ rows: 2, read: ones(40) }), edit({ rows: 4, read: ones(80) })]),
      'edits at 0: have 2 and 4 rows',
    ],
    [() => editPerRow([undefined]), 'edits: no row has one'],
    [() => editPerRow([edit({ rows: 2, read: ones(40) })]), 'edits at 0: one of a row has several rows'],
  ];
  for (const [make, message] of refused) {
    expect(make).toThrowError(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining(message) }),
    );
  }
});
