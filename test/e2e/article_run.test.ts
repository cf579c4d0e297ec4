/**
 * @file experiments/article.yaml from an empty cache to the report, against a hub, a bucket and a judge on this machine: under the article's names, its
 * numbers stand beside what was measured, and what was measured is what was planted. In every run of the tests one layer and one space of narrow
 * dictionaries; in the full run the file as it ships, on dictionaries of full size.
 */

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/concepts/catalogues.ts';
import { crossPairs, featuresOf } from '../../src/concepts/concept_set.ts';
import {
  D_SAE,
  LAYERS,
  type Layer,
  MODEL,
  moodLabel,
  plantedDot,
  plantedParts,
  publishArticle,
  SCOPE,
  type Space,
  TOKEN,
} from '../support/article_world.ts';
import { answer, type ChatServer, judgedIn, startChatServer } from '../support/chat_server.ts';
import { isFull } from '../support/effort.ts';
import { type FakeHub, startFakeHub } from '../support/fake_hub.ts';
import { type CommandResult, makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';

const ARTICLE = readFileSync(new URL('../../experiments/article.yaml', import.meta.url), 'utf8');
const PUBLISHED = JSON.parse(readFileSync(new URL('../../data/article.json', import.meta.url), 'utf8')) as {
  published: {
    id: string;
    cosine: Record<
      Space,
      {
        antonym: { average: number } & Record<
          'strongest_alignment' | 'strongest_opposition',
          { cosine: number; pair: number[] }
        >;
      }
    >;
    same_feature: { antonym: { average: number } };
  }[];
  steering: { arms: { arm: string; counts: Record<string, number> }[] };
};

const REPLIES = isFull ? 20 : 4;
const layers: readonly Layer[] = isFull ? [10, 20] : [20];
const spaces: readonly Space[] = isFull ? ['encoder', 'decoder'] : ['decoder'];
const each = layers.flatMap((layer) => spaces.map((space) => [layer, space] as const));

let place: Place;
let hub: FakeHub;
let judge: ChatServer;
let env: Record<string, string>;
let run: CommandResult;

const path = (...parts: string[]): string => join(place.cwd, 'runs', 'article', ...parts);
type Row = Readonly<Record<string, string | number | null>>;
const table = (name: string): Row[] => JSON.parse(readFileSync(path(`${name}.json`), 'utf8')) as Row[];
const sourceOf = (layer: Layer): string => `${layer}-gemmascope-res-16k`;

/** The spec, with the judge on this machine in the place of OpenAI's; shortened where time is short. */
function specText(): string {
  const whole = ARTICLE.replace('https://api.openai.com/v1', judge.url);
  expect(whole).not.toBe(ARTICLE);
  if (isFull) return whole;
  return whole
    .replace(/ {2}- sae: .*10-gemmascope.*\n.*article-10\n/, '')
    .replace('[encoder, decoder]', '[decoder]')
    .replace('draws: 10000', 'draws: 99')
    .replace('replies: 20', `replies: ${REPLIES}`)
    .replace('examples: 20', 'examples: 5')
    .replace('max_new_tokens: 64', 'max_new_tokens: 12');
}

beforeAll(async () => {
  place = makePlace();
  hub = await startFakeHub();
  await publishArticle(hub, isFull ? 2304 : 128);
  judge = await startChatServer((response, request) => {
    // The question before the work is no reply to label.
    const isReply = JSON.stringify(request.body).includes('judged');
    answer(
      response,
      JSON.stringify({ label: isReply ? moodLabel(judgedIn(request).judged.reply) : 'No Steering' }),
    );
  });
  env = {
    HF_ENDPOINT: hub.url,
    HF_HUB_OFFLINE: '0',
    HF_TOKEN: TOKEN,
    ANTIPODE_NEURONPEDIA_DATASETS: hub.bucketUrl,
    ANTIPODE_NEURONPEDIA_EXPORTS: hub.bucketUrl,
    OPENAI_API_KEY: 'sk-of-nobody',
  };
  writeFileSync(join(place.cwd, 'article.yaml'), specText());
  run = await runCommand(place, ['run', 'article.yaml', '--json'], { env });
}, 900_000);

afterAll(async () => {
  await hub.close();
  await judge.close();
  place.remove();
});

describe('the experiment of the article', () => {
  it('runs from an empty cache to a report', () => {
    expect(run.stderr).not.toContain('error');
    expect(run.code).toBe(0);
    expect(statSync(path('report.html')).size).toBeLessThan(2_000_000);
    expect(run.stdout + run.stderr + readFileSync(path('report.html'), 'utf8')).not.toContain(TOKEN);
  });

  it.each(each)(
    'R5: layer %i, %s: means, strongest pairs and their differences are those that were planted',
    (layer, space) => {
      const { concepts } = catalogue(LAYERS[layer].catalogue)!;
      const parts = plantedParts(layer, space);
      const cosines = concepts.map((concept) =>
        crossPairs(concept).pairs.map(({ a, b }) => ({
          a,
          b,
          cos: plantedDot(parts.get(a)!, parts.get(b)!),
        })),
      );
      const all = cosines.flat();
      const mean = (values: readonly number[]): number =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      const { antonym } = PUBLISHED.published.find(({ id }) => id === LAYERS[layer].catalogue)!.cosine[space];
      const rows = table('statistics/tables/summary').filter(
        (row) => row['sae'] === sourceOf(layer) && row['space'] === space && row['pairs'] === 'antonym',
      );
      const highest = Math.max(...all.map(({ cos }) => cos));
      const lowest = Math.min(...all.map(({ cos }) => cos));
      const expected = {
        'Average (Antonym Pairs), pooled': [mean(all.map(({ cos }) => cos)), antonym.average],
        'Average of concept means': [
          mean(cosines.map((of) => mean(of.map(({ cos }) => cos)))),
          antonym.average,
        ],
        'Strongest Alignment': [highest, antonym.strongest_alignment.cosine],
        'Strongest Opposition': [lowest, antonym.strongest_opposition.cosine],
      } as const;
      expect(rows.map(({ relation }) => relation)).toEqual(Object.keys(expected));
      for (const row of rows) {
        const [cos, published] = expected[row['relation'] as keyof typeof expected];
        // Weights are float32: each part of a vector is known to 6e-8.
        expect(row['cos']).toBeCloseTo(cos, 6);
        expect(row['published_cos']).toBe(published);
        expect(row['difference']).toBeCloseTo(cos - published, 6);
      }
      const strongest = rows.find(({ relation }) => relation === 'Strongest Opposition')!;
      const named = all.find(({ a, b }) => a === strongest['feature_a'] && b === strongest['feature_b']);
      expect(named?.cos).toBeCloseTo(lowest, 12);
      expect([strongest['published_feature_a'], strongest['published_feature_b']]).toEqual(
        antonym.strongest_opposition.pair,
      );
    },
  );

  it.each(each)(
    'R5: layer %i, %s: the pairs that the article names have their planted cosine beside the printed one',
    (layer, space) => {
      const { antonym } = PUBLISHED.published.find(({ id }) => id === LAYERS[layer].catalogue)!.cosine[space];
      const parts = plantedParts(layer, space);
      const rows = table('statistics/tables/published_pairs').filter(
        (row) => row['sae'] === sourceOf(layer) && row['space'] === space,
      );
      for (const { cosine, pair } of [antonym.strongest_alignment, antonym.strongest_opposition]) {
        const [a, b] = pair as [number, number];
        const row = rows.find(
          (one) =>
            one['feature_a'] === a && one['feature_b'] === b && String(one['relation']).startsWith('Antonym'),
        )!;
        const cos = plantedDot(parts.get(a)!, parts.get(b)!);
        expect(row['cos']).toBeCloseTo(cos, 6);
        expect(row).toMatchObject({ published_cos: cosine, difference: expect.closeTo(cos - cosine, 6) });
      }
    },
  );

  it.each(each)(
    'layer %i, %s: the search finds what was planted at both ends, among all pairs',
    (layer, space) => {
      const parts = plantedParts(layer, space);
      const rows = table('statistics/tables/extremes').filter(
        (row) => row['sae'] === sourceOf(layer) && row['space'] === space,
      );
      const planted = LAYERS[layer].planted.map(
        ([a, b]) => [a, b, plantedDot(parts.get(a)!, parts.get(b)!)] as const,
      );
      const column = space === 'encoder' ? 'cos_enc' : 'cos_dec';
      const found = (end: string): unknown[] =>
        rows
          .filter((row) => row['end'] === end && Number(row['rank']) <= 2)
          .map((row) => [row['feature_a'], row['feature_b'], row[column], row['class']]);
      const near = (sign: number, name: string): unknown[] =>
        planted
          .filter(([, , cos]) => cos * sign > 0)
          .sort((left, right) => sign * (right[2] - left[2]))
          .map(([a, b, cos]) => [a, b, expect.closeTo(cos, 6), name]);
      expect(found('aligned')).toEqual(near(1, 'duplicate'));
      expect(found('opposed')).toEqual(near(-1, 'antipodal'));
      const population = table('statistics/tables/population').find(
        (row) => row['sae'] === sourceOf(layer) && row['space'] === space,
      );
      expect(Object.values(population ?? {})).toContain((D_SAE * (D_SAE - 1)) / 2);
    },
  );

  it.each(layers)('R5: layer %i: each concept feature against itself, beside the printed mean', (layer) => {
    const [encoder, decoder] = [plantedParts(layer, 'encoder'), plantedParts(layer, 'decoder')];
    const features = featuresOf(catalogue(LAYERS[layer].catalogue)!);
    const cosines = features.map((feature) => plantedDot(encoder.get(feature)!, decoder.get(feature)!));
    const row = table('statistics/tables/same_feature_summary').find(
      (one) => one['sae'] === sourceOf(layer) && one['features'] === 'antonym',
    )!;
    expect(row['n']).toBe(features.length);
    expect(row['mean']).toBeCloseTo(cosines.reduce((sum, cos) => sum + cos, 0) / cosines.length, 6);
    expect(row['lowest']).toBeCloseTo(Math.min(...cosines), 6);
    const { antonym } = PUBLISHED.published.find(({ id }) => id === LAYERS[layer].catalogue)!.same_feature;
    expect(row['published_mean']).toBe(antonym.average);
  });

  it('R5: arms have the labels that the judge’s rule gives their replies, beside those of the article', () => {
    const replies = table('steering/tables/replies');
    const arms = table('steering/tables/arms').filter(({ judge: name }) => String(name).startsWith('gpt-4o'));
    const labels = {
      label_a: 'Happy Steering',
      label_b: 'Sad Steering',
      label_none: 'No Steering',
      label_a_to_b: 'Happy to Sad Steering',
      label_b_to_a: 'Sad to Happy Steering',
    };
    expect(arms).toHaveLength(12);
    for (const row of arms) {
      const texts = replies
        .filter(({ arm }) => arm === row['arm'])
        .map(({ text }) => moodLabel(String(text)));
      expect(texts).toHaveLength(REPLIES);
      for (const [column, label] of Object.entries(labels)) {
        expect(row[column], `${row['arm']} ${label}`).toBe(texts.filter((one) => one === label).length);
      }
    }
    const beside = arms.filter((row) => row['published_net'] !== undefined && row['published_net'] !== null);
    expect(beside.map(({ arm }) => arm).sort()).toEqual(PUBLISHED.steering.arms.map(({ arm }) => arm).sort());
    for (const row of beside) {
      const { counts } = PUBLISHED.steering.arms.find(({ arm }) => arm === row['arm'])!;
      expect([row['published_label_a'], row['published_label_b'], row['published_label_none']]).toEqual([
        counts['a'],
        counts['b'],
        counts['none'],
      ]);
    }
    // What the model was built to do.
    const net = Object.fromEntries(arms.map(({ arm, net: word }) => [arm, String(word)]));
    expect(net['+Happy']).toMatch(/^Happy Steered/);
    expect(net['+Sad']).toMatch(/^Sad Steered/);
    expect(net['control']).toMatch(/^Neutral/);
  });

  it('R5: the page shows measured, published and their difference side by side, and the article’s errata', () => {
    const page = readFileSync(path('report.md'), 'utf8');
    const cells = (start: string): string[] =>
      page
        .split('\n')
        .filter((line) => line.startsWith(`| ${start}`))
        .flatMap((line) => line.split('|').map((cell) => cell.trim()));
    const decoder = PUBLISHED.published.find(({ id }) => id === 'article-20')!.cosine.decoder.antonym;
    const row = table('statistics/tables/summary').find(
      (one) =>
        one['sae'] === sourceOf(20) &&
        one['space'] === 'decoder' &&
        String(one['relation']).endsWith('pooled'),
    )!;
    const found = cells('Average \\(Antonym Pairs\\), pooled');
    const difference = Number(row['difference']);
    expect(found).toEqual(
      expect.arrayContaining([
        Number(row['cos']).toFixed(5),
        decoder.average.toFixed(5),
        `${difference < 0 ? '' : '+'}${difference.toFixed(5)}`,
      ]),
    );
    for (const erratum of ['copy slip', 'sum to 19, not 20', 'counts Sad Steering alone', 'inferred']) {
      expect(page).toContain(erratum);
    }
  });

  it('C15: without a token, the dry run says that the model is behind a licence, and lists it all the same', async () => {
    const own = makePlace();
    writeFileSync(join(own.cwd, 'article.yaml'), specText());
    const dry = await runHere(own, ['run', 'article.yaml', '--dry-run'], { env: { ...env, HF_TOKEN: '' } });
    own.remove();
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(
      /missing: google\/gemma-2-2b: [^\n]*; next: [^\n]*huggingface\.co\/google\/gemma-2-2b/,
    );
    expect(dry.stdout).toContain(`  ${MODEL}: model-00003-of-00003.safetensors, `);
    expect(dry.stdout).toContain(`  ${SCOPE}: ${LAYERS[20].file}, `);
  });

  it('everything named was fetched once, under the article’s names; run again, and without a network, nothing is', async () => {
    const bodies = hub.requests.filter(({ method, host }) => method === 'GET' && host !== 'bucket');
    const asked = bodies.map(({ path: name }) => decodeURIComponent(name.split('?')[0]!));
    for (const layer of layers) {
      const file = LAYERS[layer].file;
      expect(asked.filter((name) => name.endsWith(file))).toHaveLength(1);
    }
    expect(
      asked.filter((name) => name.startsWith(`/${MODEL}/resolve/`) && name.endsWith('.safetensors')),
    ).toHaveLength(3);
    const before = hub.requests.length + judge.requests.length;
    const again = await runCommand(place, ['run', 'article.yaml'], { env: { ...env, HF_HUB_OFFLINE: '1' } });
    expect(again.code).toBe(0);
    expect(again.stderr.match(/finished before/g)).toHaveLength(6);
    expect(hub.requests.length + judge.requests.length).toBe(before);
  });
});
