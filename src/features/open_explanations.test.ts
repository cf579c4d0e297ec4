import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeSource } from './feature_store.ts';
import { openExplanations } from './open_explanations.ts';
import { readExports } from './read_exports.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/neuronpedia/', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const LAYER_20 = 'gemma-2-2b/20-gemmascope-res-16k';

let cache: string;
let options: { env: { XDG_CACHE_HOME: string }; cwd: string };
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'antipode-open-'));
  options = { env: { XDG_CACHE_HOME: cache }, cwd: fixtures };
  const { sources } = await readExports(['export', 'gemma-2-2b_20-gemmascope-res-16k.json'], options);
  for (const source of sources) await storeSource(options.env, source);
});
afterAll(async () => {
  await rm(cache, { recursive: true });
});

describe('openExplanations', () => {
  it('answers from an imported source, a store folder and the exports alike', async () => {
    const folder = join(cache, 'antipode/features', LAYER_20);
    for (const ref of [
      LAYER_20,
      '20',
      '20-gemmascope-res-16k',
      `https://neuronpedia.org/${LAYER_20}`,
      folder,
      'export',
    ]) {
      const lookup = await openExplanations(ref, { ...options, source: LAYER_20 });
      expect(lookup).toMatchObject({
        neuronpediaId: LAYER_20,
        layer: 20,
        explainer: 'gpt-4o-mini',
        exportDate: '2025-05-01',
        warnings: [],
      });
      expect(lookup.explanation(0)).toBe('the beginning of a text');
      expect(lookup.explanation(3)).toMatch(/^code with/);
      expect(lookup.explanation(16383)).toBeUndefined();
      expect(lookup.explanation(4)).toBeUndefined();
      expect([lookup.density(0), lookup.density(16383), lookup.density(2)]).toEqual([0.9, 0, undefined]);
      expect([lookup.maxActivation(1), lookup.maxActivation(16384)]).toEqual([74.742, undefined]);
      expect([lookup.has(16383), lookup.has(2), lookup.has(4)]).toEqual([true, true, false]);
      expect(lookup.files.length).toBeGreaterThan(0);
    }
  });

  it('lists all explanations of a feature in order, and counts explained features once', async () => {
    const lookup = await openExplanations(LAYER_20, options);
    expect(lookup.all(0).map(({ text, explainer }) => [explainer, text])).toEqual([
      ['gpt-4o-mini', 'the beginning of a text'],
      ['gemini-2.5-flash-lite', 'Start of documents'],
      ['gpt-3.5-turbo', 'older label of zero'],
    ]);
    expect(lookup.all(4)).toEqual([]);
    expect(lookup.explained()).toEqual([0, 1, 2, 3, 5, 10, 99, 100, 101]);
    expect(lookup.count).toBe(9);
  });

  it('takes the first explanation by the explainer that was asked for, and nobody else’s', async () => {
    const lookup = await openExplanations(LAYER_20, { ...options, explainer: 'gpt-3.5-turbo' });
    expect(lookup.explanation(5)).toBe('the number five');
    expect(lookup.explanation(0)).toBe('older label of zero');
    expect(lookup.explanation(1)).toBeUndefined();
    await expect(openExplanations(LAYER_20, { ...options, explainer: 'nobody' })).rejects.toMatchObject({
      kind: 'usage',
      message: `${LAYER_20}: no explanations by this explainer (got 'nobody', expected one of gpt-4o-mini, gemini-2.5-flash-lite, gpt-3.5-turbo)`,
    });
  });

  it('reads stdin, and says what it skipped', async () => {
    async function* stdin(): AsyncIterable<Uint8Array> {
      yield await readFile(join(fixtures, 'bad_rows.jsonl'));
    }
    const lookup = await openExplanations('-', { ...options, stdin: stdin() });
    expect(lookup.explanation(4)).toBe('also good');
    expect(lookup.files).toEqual([]);
    expect(lookup.warnings[0]).toMatch(/^-: 11 rows skipped/);
  });

  it('says which sources an export holds where none is chosen, and what is neither path nor imported', async () => {
    await expect(openExplanations('export', options)).rejects.toMatchObject({
      kind: 'usage',
      message: `export: holds 2 sources (gemma-2-2b/10-gemmascope-res-16k, ${LAYER_20})`,
    });
    await expect(openExplanations('export', { ...options, source: 'gemma-2-2b/5-x' })).rejects.toThrow(
      /none of them gemma-2-2b\/5-x/,
    );
    await expect(openExplanations('./nowhere', options)).rejects.toMatchObject({ kind: 'missing' });
    await expect(openExplanations('gemma-2-2b/5-x', options)).rejects.toMatchObject({ kind: 'missing' });
  });

  it('an export without names of explainers has explanations all the same', async () => {
    const lookup = await openExplanations('labels.json', options);
    expect(lookup.explainer).toBeUndefined();
    expect(lookup.explanation(6)).toBe('tokens of code');
    await expect(openExplanations('labels.json', { ...options, explainer: 'x' })).rejects.toThrow(
      /expected no --explainer, because the export names none/,
    );
  });
});

describe.skipIf(!existsSync(join(shared, 'neuronpedia')))(
  'real exports (needs ../shared/data/neuronpedia, absent: skipped)',
  () => {
    it('403 labels of layer 17', async () => {
      const lookup = await openExplanations(
        join(shared, 'neuronpedia/labels-17-gemmascope-res-65k.json'),
        options,
      );
      expect(lookup).toMatchObject({
        neuronpediaId: 'gemma-2-2b/17-gemmascope-res-65k',
        count: 403,
        warnings: [],
      });
      expect(lookup.explanation(6)).toBe('initialization tokens and variables in programming contexts');
    });

    it('one API record', async () => {
      const lookup = await openExplanations(join(shared, 'neuronpedia/feature-record.json'), options);
      expect(lookup).toMatchObject({ explainer: 'gpt-4o-mini', exportDate: '2024-08-10', layer: 21 });
      expect(lookup.explanation(353)).toBe(
        'specific patterns related to letters and their arrangement in written texts',
      );
      expect([lookup.density(353), lookup.maxActivation(353)]).toEqual([0.00069, 74.742]);
    });

    it.skipIf(!existsSync(join(shared, 'saedashboard')))('a SAEDashboard batch', async () => {
      const lookup = await openExplanations(join(shared, 'saedashboard/batch-0.json'), options);
      expect(lookup.neuronpediaId).toBe('gpt2-small/0-res-jb');
      expect([lookup.density(0), lookup.maxActivation(0)]).toEqual([0.0002, 2.214]);
    });
  },
);
