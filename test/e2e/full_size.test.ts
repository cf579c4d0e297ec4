/** @file The generated full-size dictionary (302 MB) through the real path, against numpy's float64 numbers (test/golden/synthetic_16k.py). */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.ts';
import { catalogue } from '../../src/concepts/catalogues.ts';
import { featuresOf } from '../../src/concepts/concept_set.ts';
import { measureSae } from '../../src/geometry/measure_sae.ts';
import { openSae } from '../../src/sae/open.ts';
import type { SaeFile, Space } from '../../src/sae/sae.ts';
import { ensureSynthetic, syntheticFiles } from '../../src/sae/synthetic_file.ts';
import { searchPairs } from '../../src/search/search_pairs.ts';
import { cosine, type FeatureMatrix } from '../../src/tensor/matrix.ts';
import { isFull, onlyInFull } from '../support/effort.ts';
import { makePlace, runCommand, snapshot } from '../support/run_command.ts';

interface Golden {
  sample: [Space, number, number, number][];
  spaces: Record<
    Space,
    {
      mean: number;
      sd: number;
      limits: number[];
      below: number[];
      top: [number, number, number][];
      bottom: [number, number, number][];
    }
  >;
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/synthetic_16k.json', import.meta.url), 'utf8'),
) as Golden;
/** Both take twice the time. */
const spacesSearched = isFull ? 'encoder,decoder' : 'decoder';
const root = mkdtempSync(join(tmpdir(), 'antipode-full-'));
const env = { HOME: root };
let sae: SaeFile;
const matrices: Partial<Record<Space, FeatureMatrix>> = {};

beforeAll(async () => {
  const avoid = new Set(['article-10', 'article-20'].flatMap((id) => featuresOf(catalogue(id)!)));
  await ensureSynthetic({ env, avoid });
  sae = await openSae(syntheticFiles(env).weights, { env, cwd: root });
  for (const space of ['encoder', 'decoder'] as const) matrices[space] = await sae.readSpace(space);
}, 120_000);

afterAll(async () => {
  await sae.close();
  // Other test files follow in this process.
  for (const space of ['encoder', 'decoder'] as const) delete matrices[space];
  rmSync(root, { recursive: true, force: true });
});

describe('16,384 features of width 2,304', () => {
  it('cosines of 1,000 sampled pairs equal numpy float64 to 1e-9', () => {
    expect(golden.sample.length).toBeGreaterThan(990);
    for (const [space, i, j, expected] of golden.sample) {
      const matrix = matrices[space]!;
      expect(Math.abs(cosine(matrix, i, matrix, j) - expected)).toBeLessThan(1e-9);
    }
  });

  it.skipIf(!isFull).each(['encoder', 'decoder'] as const)(
    `%s: extremes, counts, mean and sd of all 134,209,536 pairs equal numpy float64${onlyInFull('seconds on all cores; antipode extremes below is held to the same pairs, and counts to numpy in src/search')}`,
    async (space) => {
      const expected = golden.spaces[space];
      const result = await searchPairs({ a: matrices[space]!, k: 10, countBelow: expected.limits });
      const near = ([i, j, cos]: [number, number, number]) => ({ i, j, cos: expect.closeTo(cos, 9) });
      expect(result.top).toEqual(expected.top.map(near));
      expect(result.bottom).toEqual(expected.bottom.map(near));
      expect(Array.from(result.census!.below)).toEqual(expected.below);
      expect(result.census!.mean).toBeCloseTo(expected.mean, 8);
      expect(result.census!.sd).toBeCloseTo(expected.sd, 8);
    },
    60_000,
  );

  const why = onlyInFull('ten seconds for another search of all pairs; src/geometry tries it on fewer');
  it.skipIf(!isFull)(
    `every planted pair is found, with its class${why}`,
    async () => {
      const planted = JSON.parse(readFileSync(syntheticFiles(env).explanations, 'utf8')) as {
        index: string;
        description: string;
      }[];
      const pairOf = new Map<string, number[]>();
      for (const { index, description } of planted) {
        const name = description.replace(/, (first|second)$/, '');
        pairOf.set(name, [...(pairOf.get(name) ?? []), Number(index)]);
      }
      expect(pairOf.size).toBe(20);
      const { extremes } = await measureSae({
        sae,
        concepts: catalogue('article-10')!,
        spaces: ['decoder'],
        parts: ['extremes'],
        seed: 0,
        randomPairs: 20,
        top: 20,
      });
      for (const [name, [a, b]] of pairOf) {
        const found = extremes.find(({ featureA, featureB }) => featureA === a && featureB === b);
        expect(found?.pairClass, name).toBe(name.split(' ')[1]);
      }
    },
    60_000,
  );

  it('pairs alone read the rows they need: a few MB of the decoder, and no whole matrix', async () => {
    const features = featuresOf(catalogue('article-10')!);
    const rows = await sae.readRows('decoder', features);
    features.forEach((feature, row) => {
      expect(rows.norms[row]).toBe(matrices.decoder!.norms[feature]);
    });
    expect(rows.data.length).toBe(features.length * 2304);
  });

  it('R5: as an article SAE, every printed number stands beside ours with the difference', async () => {
    let stdout = '';
    const sink = { write: (text: string) => (stdout += text) };
    const code = await runCli(
      [
        'geometry',
        '--sae',
        `gemma-2-2b/10-gemmascope-res-16k=${syntheticFiles(env).weights}`,
        '--only',
        'pairs,random,self',
        '--json',
      ],
      {
        stdout: sink,
        stderr: { write: () => {} },
        stdin: (async function* () {})(),
        env,
        cwd: root,
        signal: new AbortController().signal,
      },
    );
    expect(code).toBe(0);
    const { tables } = JSON.parse(stdout) as { tables: Record<string, Record<string, number & string>[]> };
    const named = tables['published_pairs']!;
    expect(named.filter(({ space }) => space === 'decoder')).toHaveLength(24);
    for (const { space, feature_a, feature_b, cos, published_cos, difference } of named) {
      const matrix = matrices[String(space) as Space]!;
      expect(cos).toBe(cosine(matrix, feature_a!, matrix, feature_b!));
      expect(difference).toBeCloseTo(cos! - published_cos!, 15);
    }
    const opposition = tables['summary']!.find(
      (row) =>
        row['space'] === 'decoder' &&
        row['pairs'] === 'antonym' &&
        row['relation'] === 'Strongest Opposition',
    );
    expect(opposition).toMatchObject({
      published_cos: -0.11335,
      published_feature_a: 9852,
      published_feature_b: 2778,
    });
    expect(tables['same_feature_summary']![0]).toMatchObject({ published_mean: 0.71861, n: 94 });
  }, 60_000);

  it(`antipode extremes finds numpy’s pairs, of the ${spacesSearched}, and nothing beside them`, async () => {
    const place = makePlace();
    const args = ['extremes', '--sae', 'synthetic-16k', '--spaces', spacesSearched, '--json'];
    const { code, stdout } = await runCommand(place, args, { env: { HOME: root } });
    expect(code).toBe(0);
    const { tables } = JSON.parse(stdout) as { tables: { extremes: Record<string, string | number>[] } };
    for (const space of spacesSearched.split(',') as Space[]) {
      const { top, bottom } = golden.spaces[space];
      const found = tables.extremes
        .filter((row) => row['space'] === space)
        .map((row) => [row['feature_a'], row['feature_b'], row[space === 'encoder' ? 'cos_enc' : 'cos_dec']]);
      const expected = [...top.slice(0, 10), ...bottom.slice(0, 10)];
      expect(found).toEqual(expected.map(([i, j, cos]) => [i, j, expect.closeTo(cos, 9)]));
    }
    place.remove();
  }, 60_000);

  // Terminals are told how far a search is from its beginning on.
  const AS_TERMINAL = { NODE_OPTIONS: '--import=data:text/javascript,process.stderr.isTTY=true' };
  const SEARCHING = /all pairs, \w+ {2}\d+ %/;
  const interruptible: [string, string[]][] = [
    // Counting takes as long as in a geometry run; a search alone may be over before it is interrupted.
    ['extremes', ['--census']],
    ...(isFull ? [['geometry', ['--concepts', 'article-10']] as [string, string[]]] : []),
  ];
  it.each(interruptible)(
    `C19: Ctrl-C during the search of %s exits with 130 within a second and leaves nothing${onlyInFull('of geometry too, which counts with the same search')}`,
    async (name, more) => {
      const place = makePlace();
      let interrupted = 0;
      const args = [name, '--sae', 'synthetic-16k', ...more, '--out', 'run'];
      const { code, stderr } = await runCommand(place, args, {
        env: { HOME: root, ...AS_TERMINAL },
        during: (child) =>
          child.stderr!.on('data', (text: Buffer | string) => {
            if (interrupted > 0 || !SEARCHING.test(String(text))) return;
            interrupted = performance.now();
            child.kill('SIGINT');
          }),
      });
      expect([code, interrupted > 0]).toEqual([130, true]);
      expect(stderr).toContain('interrupted: nothing was left half-written');
      // Within a second on a machine of its own; other test files run beside this one.
      expect(performance.now() - interrupted).toBeLessThan(2500);
      expect(snapshot(place.cwd).size).toBe(0);
      place.remove();
    },
  );
});
