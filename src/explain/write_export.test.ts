import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failure } from '../../test/support/tokenizer_fixtures.ts';
import { openExplanations } from '../features/open_explanations.ts';
import { explainFeatures } from './explain_features.ts';
import { FeatureGatherer } from './gather.ts';
import type { FeatureStatistics } from './statistics.ts';
import { type ExplanationExport, exportFolder, writeExplanationExport } from './write_export.ts';

const WORDS = ['w0', 'the', 'happy', 'sad', 'x'];

/** Feature f fires on word f % 5 with activation f + 1, but for every tenth, which is dead. */
function statisticsOf(dSae: number): FeatureStatistics {
  const gatherer = new FeatureGatherer({ dSae, joinsPieces: true, top: 3, window: 4 });
  for (let document = 0; document < 6; document++) {
    const tokens = Int32Array.from({ length: 8 }, (_, i) => (i * (document + 1)) % 5);
    const words = Array.from(tokens, (id) => WORDS[id]!);
    const fired = words.flatMap((word, position) =>
      Array.from({ length: dSae }, (_, slot) => slot)
        .filter((slot) => slot % 10 !== 9 && WORDS[slot % 5] === word)
        .map((slot) => ({ slot, position, activation: slot + 1 + position / 8 })),
    );
    gatherer.add({
      document,
      tokens,
      words: {
        words,
        pieces: words,
        next: words.map((_, i) => words[i + 1]),
        previous: words.map((_, i) => words[i - 1]),
      },
      counted: words.map((_, i) => i),
      positions: fired.map((one) => one.position),
      slots: fired.map((one) => one.slot),
      activations: fired.map((one) => one.activation),
    });
  }
  return gatherer.statistics();
}

function exportOf(statistics: FeatureStatistics, more: Partial<ExplanationExport> = {}): ExplanationExport {
  return {
    modelId: 'tiny',
    sourceId: '1-res',
    statistics,
    explanations: explainFeatures(statistics).map(({ feature, description }) => ({
      feature,
      description,
      explanationModelName: 'antipode-rules',
      typeName: 'activation-words',
    })),
    tokenText: (id) => WORDS[id]!,
    hasActivations: true,
    facts: { corpus: 'test' },
    ...more,
  };
}

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'antipode-export-'));
});
afterEach(() => rm(root, { recursive: true }));

async function rowsIn(path: string): Promise<Record<string, unknown>[]> {
  const text = gunzipSync(await readFile(join(root, path))).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('writeExplanationExport', () => {
  test('is read back by the reader of exports, whatever folder is named', async () => {
    const statistics = statisticsOf(30);
    const content = exportOf(statistics);
    const { dir, files } = await writeExplanationExport(root, content);
    expect(files).toEqual([
      'explanations/batch-0.jsonl.gz',
      'features/batch-0.jsonl.gz',
      'activations/batch-0.jsonl.gz',
    ]);
    for (const ref of [root, dir]) {
      const lookup = await openExplanations(ref, { env: {}, cwd: root });
      expect(lookup).toMatchObject({ neuronpediaId: 'tiny/1-res', layer: 1, count: 27, warnings: [] });
      expect(lookup.explainer).toBe('antipode-rules');
      for (const { feature, description } of content.explanations) {
        expect(lookup.explanation(feature)).toBe(description);
        expect(lookup.density(feature)).toBeCloseTo(statistics.density(feature), 4);
        expect(lookup.maxActivation(feature)).toBeCloseTo(statistics.maxActivation(feature), 3);
      }
      expect(lookup.explanation(9)).toBe(undefined);
      expect(lookup.density(9)).toBe(0);
    }
  });

  test('rows have the fields of Neuronpedia', async () => {
    await writeExplanationExport(root, exportOf(statisticsOf(10)));
    const [feature] = await rowsIn('v1/tiny/1-res/features/batch-0.jsonl.gz');
    expect(feature).toMatchObject({
      modelId: 'tiny',
      layer: '1-res',
      index: '0',
      frac_nonzero: expect.any(Number),
    });
    const heights = feature!['freq_hist_data_bar_heights'] as number[];
    const values = feature!['freq_hist_data_bar_values'] as number[];
    expect(heights.length).toBe(values.length);
    expect(heights.reduce((a, b) => a + b)).toBe(Math.round(48 * Number(feature!['frac_nonzero'])));
    expect(Math.max(...values)).toBeLessThanOrEqual(Number(feature!['maxActApprox']) * 1.05);
    for (const row of await rowsIn('v1/tiny/1-res/activations/batch-0.jsonl.gz')) {
      const { tokens, values, maxValue, maxValueTokenIndex, index } = row as {
        tokens: string[];
        values: number[];
        maxValue: number;
        maxValueTokenIndex: number;
        index: string;
      };
      expect(tokens.length).toBe(4);
      expect(values.length).toBe(4);
      expect(Math.max(...values)).toBe(maxValue);
      expect(values[maxValueTokenIndex]).toBe(maxValue);
      expect(tokens[maxValueTokenIndex]).toBe(WORDS[Number(index) % 5]);
    }
  });

  test('features fall into batches of 1024 with all kinds apart', async () => {
    const { dir, files } = await writeExplanationExport(
      root,
      exportOf(statisticsOf(1030), { hasActivations: false }),
    );
    expect(files.toSorted()).toEqual([
      'explanations/batch-0.jsonl.gz',
      'explanations/batch-1.jsonl.gz',
      'features/batch-0.jsonl.gz',
      'features/batch-1.jsonl.gz',
    ]);
    expect((await readdir(dir)).sort()).toEqual(['explanations', 'features', 'manifest.json']);
    expect((await rowsIn('v1/tiny/1-res/features/batch-1.jsonl.gz')).map((row) => row['index'])).toEqual([
      '1024',
      '1025',
      '1026',
      '1027',
      '1028',
      '1029',
    ]);
  });

  test('the same content gives the same bytes, and replaces what nobody changed', async () => {
    const all = async (): Promise<string[]> => {
      const { dir, files } = await writeExplanationExport(root, exportOf(statisticsOf(30)));
      return Promise.all([...files, 'manifest.json'].map((file) => readFile(join(dir, file), 'base64')));
    };
    expect(await all()).toEqual(await all());
    const { dir } = await writeExplanationExport(root, exportOf(statisticsOf(10), { hasActivations: false }));
    expect(await readdir(dir)).not.toContain('activations');
  });

  test('leaves other sources and foreign files alone', async () => {
    const content = exportOf(statisticsOf(10));
    await writeExplanationExport(root, content);
    await writeExplanationExport(root, { ...content, sourceId: '2-res' });
    expect((await readdir(join(root, 'v1/tiny'))).sort()).toEqual(['1-res', '2-res']);
    const mine = join(root, 'v1/tiny/1-res/features/mine.txt');
    await writeFile(mine, 'notes');
    expect((await failure(() => writeExplanationExport(root, content))).message).toContain(
      'features/mine.txt, which antipode did not write there',
    );
    expect(await readFile(mine, 'utf8')).toBe('notes');
    await rm(mine);
    await writeFile(join(root, 'v1/tiny/1-res/features/batch-0.jsonl.gz'), 'edited');
    expect((await failure(() => writeExplanationExport(root, content))).message).toContain('changed since');
  });

  test('an interruption or a failure leaves nothing', async () => {
    const stopped = AbortSignal.abort();
    expect(
      await failure(() => writeExplanationExport(root, exportOf(statisticsOf(10)), stopped)),
    ).toMatchObject({
      kind: 'interrupted',
    });
    const broken = exportOf(statisticsOf(10), {
      tokenText: () => {
        throw new Error('no such token');
      },
    });
    await expect(writeExplanationExport(root, broken)).rejects.toThrow('no such token');
    await mkdir(join(root, 'v1/tiny'), { recursive: true });
    expect(await readdir(join(root, 'v1/tiny'))).toEqual([]);
  });

  test('names that are no folders are refused', () => {
    for (const sourceId of ['..', '', 'a/b', '.hidden', 'x'.repeat(200)]) {
      expect(() => exportFolder(root, { modelId: 'tiny', sourceId })).toThrow('source id: got');
    }
  });
});
