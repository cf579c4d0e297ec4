/** @file The dry run of experiments/article.yaml on a machine that has nothing of it and no network. */

import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { makePlace, runCommand, runHere, snapshot } from '../support/run_command.ts';

const ARTICLE = fileURLToPath(new URL('../../experiments/article.yaml', import.meta.url));
const place = makePlace();
afterAll(() => place.remove());

const WEIGHTS = 302_131_416;
const SCOPE = 'google/gemma-scope-2b-pt-res';
const MODEL = 'google/gemma-2-2b';

interface Plan {
  saes: { all_pairs: number; files: object[]; concepts: { id: string; pairs: number } }[];
  downloads: {
    bytes: number;
    of_unknown_size: number;
    files: { repository: string; path: string; bytes: number | null }[];
  };
  pairs_searched: number;
  steering: {
    arms: string[];
    judges: {
      name: string;
      requests: number;
      prompt_tokens: number;
      completion_tokens: number;
      cost?: number;
    }[];
  };
  estimate: Record<string, number>;
}

it('C15: offline and with an empty cache, every file is listed, with all that would be computed, generated, asked and paid', async () => {
  const { code, stdout } = await runCommand(place, ['run', ARTICLE, '--dry-run', '--json']);
  expect(code).toBe(0);
  const plan = JSON.parse(stdout) as Plan;
  const sizes = Object.fromEntries(
    plan.downloads.files.map(({ repository, path, bytes }) => [`${repository} ${path}`, bytes]),
  );
  const model = (name: string): string => `${MODEL} ${name}`;
  const explanations = [10, 20].flatMap((layer) =>
    ['explanations', 'features'].map(
      (kind) => `neuronpedia v1/gemma-2-2b/${layer}-gemmascope-res-16k/${kind}/batch-*.jsonl.gz`,
    ),
  );
  expect(sizes).toEqual({
    [`${SCOPE} layer_10/width_16k/average_l0_77/params.npz`]: WEIGHTS,
    [`${SCOPE} layer_20/width_16k/average_l0_71/params.npz`]: WEIGHTS,
    ...Object.fromEntries(explanations.map((path) => [path, null])),
    [model('config.json')]: null,
    [model('generation_config.json')]: null,
    [model('special_tokens_map.json')]: null,
    [model('tokenizer.json')]: 17_525_357,
    [model('tokenizer_config.json')]: null,
    [model('model.safetensors.index.json')]: null,
    // Gemma 2 2B has 2,614,341,888 parameters and is published in float32.
    [model('model-0000{1,2,3}-of-00003.safetensors')]: 4 * 2_614_341_888,
  });
  expect(plan.downloads).toMatchObject({
    bytes: 2 * WEIGHTS + 17_525_357 + 4 * 2_614_341_888,
    of_unknown_size: 9,
  });
  expect(plan.saes).toMatchObject([
    { all_pairs: 134_209_536, concepts: { id: 'article-10', pairs: 134 } },
    { all_pairs: 134_209_536, concepts: { id: 'article-20', pairs: 108 } },
  ]);
  expect(plan.pairs_searched).toBe(2 * 2 * 134_209_536);
  // Seven arms, no steering, its few-shot examples, the norm-matched sum and three random directions: 20 replies each, all but the examples judged.
  expect(plan.steering).toMatchObject({
    model: MODEL,
    layer: 20,
    replies: 13 * 20,
    judged_replies: 12 * 20,
    new_tokens_at_most: 13 * 20 * 64,
    // Each of the thirteen bytes a token, and one for the beginning.
    prompt_tokens: 13 * 20 * ('How are you?'.length + 1),
    prompt_tokens_are: 'at most',
    judges: [
      { name: 'gpt-4o', requests: 2 * 12 * 20 + 1 },
      { name: 'lexicon', requests: 0 },
    ],
  });
  const [judge] = plan.steering.judges;
  expect(judge!.cost).toBeCloseTo((2.5 * judge!.prompt_tokens + 10 * judge!.completion_tokens) / 1e6, 10);
  for (const key of ['geometry_seconds', 'generation_seconds', 'memory_bytes', 'cache_bytes'])
    expect(plan.estimate[key], key).toBeGreaterThan(1);
  expect(snapshot(place.home).size + snapshot(place.cwd).size).toBe(0);
});

it('C15: says the same to people, a line for each file', async () => {
  const { code, stdout } = await runHere(place, ['run', ARTICLE, '--dry-run']);
  expect(code).toBe(0);
  for (const line of [
    'download 11 GB, and 9 entries of unknown size:',
    `  ${SCOPE}: layer_10/width_16k/average_l0_77/params.npz, 302 MB (as published; the hub was not asked)`,
    `  ${MODEL}: model-0000{1,2,3}-of-00003.safetensors, 3 files, 10 GB (as published; the hub was not asked)`,
    '  neuronpedia: v1/gemma-2-2b/20-gemmascope-res-16k/features/batch-*.jsonl.gz, number of files unknown, size unknown',
    'compare the 134 feature pairs of article-10 in gemma-2-2b/10-gemmascope-res-16k, in encoder and decoder',
    'search 536,838,144 pairs exhaustively, and test with 10,000 draws',
  ]) {
    expect(stdout.split('\n')).toContain(line);
  }
  expect(stdout).toMatch(/at most 481 requests with .* tokens in and .* out, [\d.]+ USD, at the list price/);
  expect(snapshot(place.home).size + snapshot(place.cwd).size).toBe(0);
});

const SAE = 'gemma-2-2b/10-gemmascope-res-16k';
const TEXT = fileURLToPath(new URL('../../README.md', import.meta.url));
const EXPLAIN = ['--features', '1-9', '--endpoint', 'http://127.0.0.1:9/v1', '--explainer-model', 'm'];

it.each([
  ['explain', ['-m', MODEL, '--sae', SAE, '--text', TEXT, '--out', 'x', ...EXPLAIN], WEIGHTS],
  ['generate', ['-m', MODEL, '-p', 'How are you?', '--sae', SAE, '--steer', '10:5444:+40'], WEIGHTS],
  ['train sae', ['-m', MODEL, '--layer', '10', '--text', TEXT, '--out', 'x'], 0],
] as const)('C15: %s lists the files of its model and its SAE', async (command, args, weights) => {
  const dry = [...command.split(' '), ...args, '--dry-run'];
  const { code, stdout } = await runHere(place, [...dry, '--json']);
  expect(code).toBe(0);
  const plan = JSON.parse(stdout) as Plan & { endpoint?: { requests: number }; new_tokens_at_most?: number };
  expect(plan.downloads.bytes).toBe(weights + 17_525_357 + 4 * 2_614_341_888);
  if (command === 'explain') expect(plan.endpoint!.requests).toBe(10);
  if (command === 'generate') expect(plan.new_tokens_at_most).toBe(64);
  expect((await runHere(place, dry)).stdout).toContain(`  ${MODEL}: tokenizer.json, 18 MB`);
  expect(snapshot(place.home).size + snapshot(place.cwd).size).toBe(0);
});

it.each(['steer run', 'steer calibrate', 'geometry', 'extremes'])(
  'C15: %s lists the bytes of its files as well',
  async (command) => {
    const args = {
      'steer run': [fileURLToPath(new URL('../../experiments/steering/article.yaml', import.meta.url))],
      'steer calibrate': [fileURLToPath(new URL('../../experiments/steering/article.yaml', import.meta.url))],
      geometry: ['--sae', 'gemma-2-2b/10-gemmascope-res-16k'],
      extremes: ['--sae', 'gemma-2-2b/10-gemmascope-res-16k'],
    }[command]!;
    const { code, stdout } = await runHere(place, [...command.split(' '), ...args, '--dry-run', '--json']);
    expect(code).toBe(0);
    const { downloads } = JSON.parse(stdout) as Plan;
    expect(downloads.files.map(({ bytes }) => bytes)).toContain(WEIGHTS);
  },
);

it('C15: generate says what it would do where everything is here, and opens no model', async () => {
  const args = [
    'generate',
    '-m',
    'organism',
    '-p',
    'a',
    '-p',
    'b c',
    '--replies',
    '3',
    '-n',
    '5',
    '--dry-run',
  ];
  const { code, stdout } = await runHere(place, [...args, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    dry_run: true,
    downloads: { files: [] },
    replies: 6,
    prompt_tokens_are: 'counted',
    new_tokens_at_most: 30,
    llm_calls: 0,
  });
  expect((await runHere(place, args)).stdout).toContain('would generate 6 replies: ');
});
