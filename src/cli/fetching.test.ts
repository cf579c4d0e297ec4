import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  MODEL_REPO,
  type PublishedPlace,
  publishExplanations,
  publishForEach,
  SAE_FILE,
  SAE_ID,
  SAE_REPO,
  SECRET,
} from '../../test/support/published.ts';
import { snapshot } from '../../test/support/run_command.ts';
import { fixture } from '../../test/support/sae_fixtures.ts';

const OFFLINE = { HF_HUB_OFFLINE: '1' };

let place: PublishedPlace;
publishForEach((made) => {
  place = made;
});

const CONCEPTS = 'pairs.yaml';
const GEOMETRY = ['geometry', '--sae', SAE_ID, '--concepts', CONCEPTS, '--only', 'pairs'];

async function writeConcepts(): Promise<void> {
  const text = '- concept: Joy\n  a: { label: Joy, features: [0] }\n  b: { label: Sorrow, features: [1] }\n';
  await writeFile(join(place.cwd, CONCEPTS), text);
}

describe('an id whose files are not here', () => {
  it('C11 of an SAE: they are fetched, with their explanations, and kept', async () => {
    await writeConcepts();
    const first = await place.run([...GEOMETRY, '--out', 'run']);
    // The small file has fewer features than the article's SAE.
    expect([first.code, first.stderr]).toEqual([
      0,
      expect.stringMatching(/^warning: [^\n]*its numbers are left out\n$/),
    ]);
    expect(first.stdout).toContain('Joy');
    const pairs = await readFile(join(place.cwd, 'run/tables/pairs.csv'), 'utf8');
    expect(pairs).toContain('words of joy');
    const before = place.hub.requests.length;
    const again = await place.run([...GEOMETRY, '--out', 'again']);
    expect([again.code, again.stdout.replaceAll('again', 'run')]).toEqual([0, first.stdout]);
    const offline = await place.run([...GEOMETRY, '--out', 'offline'], OFFLINE);
    expect([offline.code, offline.stderr]).toEqual([0, first.stderr]);
    expect(place.hub.requests.length).toBe(before);
  });

  it('the commit is pinned in the manifest, with the hash', async () => {
    await writeConcepts();
    await place.run([...GEOMETRY, '--out', 'run', '--revision', 'main']);
    const manifest = JSON.parse(await readFile(join(place.cwd, 'run/manifest.json'), 'utf8'));
    expect(manifest.inputs[0]).toMatchObject({
      role: 'sae',
      repo_id: SAE_REPO,
      commit: place.saeCommit,
      repo_path: SAE_FILE,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(manifest.saes[0].explanations).toMatchObject({ source: SAE_ID, export_date: '2025-03-05' });
    expect(manifest.command).toContain('--revision');
    expect(JSON.stringify(manifest)).not.toContain(SECRET);
  });

  it('of an SAE without explanations, or with a server that fails: a note, and the work goes on', async () => {
    await writeConcepts();
    place.hub.fault = ({ host }) => (host === 'bucket' ? { status: 403 } : undefined);
    const { code, stderr, stdout } = await place.run(GEOMETRY);
    expect([code, stderr]).toEqual([0, expect.stringContaining('going on without explanations')]);
    expect(stdout).toContain('Joy');
  });

  it('of an SAE that Neuronpedia has no export of: it is asked once, and again by antipode download', async () => {
    await writeConcepts();
    const lists = (): number => place.hub.requests.filter(({ host }) => host === 'bucket').length;
    place.hub.removeObjects('v1/');
    await place.run([...GEOMETRY, '--dry-run']);
    await place.run(['download', SAE_ID, '--dry-run']);
    expect([...snapshot(place.home).keys()]).toEqual([]);
    const first = await place.run(GEOMETRY);
    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('has no export of this source')]);
    const asked = lists();
    const again = await place.run(GEOMETRY);
    expect([again.code, again.stdout]).toEqual([0, first.stdout]);
    expect(again.stderr).toMatch(/Neuronpedia had no export of this source on \d{4}-\d\d-\d\d/);
    const shown = await place.run(['features', 'show', `${SAE_ID}/1`]);
    expect([shown.code, shown.stderr]).toEqual([
      3,
      expect.stringContaining(`asked again by: antipode download ${SAE_ID} --only explanations`),
    ]);
    expect(lists()).toBe(asked);
    // It is known offline as well: nothing is missing.
    const offline = await place.run(['download', SAE_ID], OFFLINE);
    expect([offline.code, offline.stderr]).toEqual([0, expect.stringContaining('had no export')]);
    expect((await place.run(['cache', 'ls', '-q'])).stdout).toContain('absent/gemma-2-2b\n');
    publishExplanations(place.hub, SAE_ID);
    expect((await place.run(['download', SAE_ID, '--only', 'explanations'])).code).toBe(0);
    expect((await place.run(['features', 'show', `${SAE_ID}/1`])).code).toBe(0);
    expect((await place.run(['cache', 'ls', '-q'])).stdout).not.toContain('absent');
  });

  it('of explanations: shown and searched, with --explainer among several', async () => {
    const shown = await place.run([
      'features',
      'show',
      `${SAE_ID}/1`,
      '--json',
      '--explainer',
      'gemini-2.5-flash-lite',
    ]);
    expect(JSON.parse(shown.stdout).explanations).toMatchObject([{ explanation: 'sadness' }]);
    const found = await place.run(['features', 'search', 'joy', '--source', SAE_ID, '-q'], OFFLINE);
    expect(found.stdout).toBe(`${SAE_ID}/0\n`);
    expect(place.hub.requests.every(({ host }) => host === 'bucket')).toBe(true);
  });

  it('of explanations named with --explanations, for a file of one’s own', async () => {
    const args = ['features', 'show', `${SAE_ID}/0`, '--explanations', SAE_ID, '-q'];
    expect((await place.run(args)).stdout).toBe(`${SAE_ID}/0\n`);
    const missing = await place.run(['features', 'show', `${SAE_ID}/0`, '--explanations', './labels.json']);
    expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('labels.json')]);
  });

  it('of a model: fetched, and what an interrupted download left out is fetched later', async () => {
    const args = ['generate', '-m', MODEL_REPO, '-p', 'w2 w3', '-n', '2', '--json', '--temp', '0'];
    place.hub.fault = ({ host }) => (host === 'cdn' ? { status: 403 } : undefined);
    const broken = await place.run(args);
    expect(broken.code).toBe(4);
    place.hub.fault = () => undefined;
    const { code, stderr, stdout } = await place.run(args);
    expect([code, stderr]).toEqual([0, '']);
    const offline = await place.run(args, OFFLINE);
    expect(offline.stdout).toBe(stdout);
    const pinned = await place.run(args.with(2, `${MODEL_REPO}@${place.modelCommit}`), OFFLINE);
    expect(JSON.parse(pinned.stdout).replies).toEqual(JSON.parse(stdout).replies);
  });

  it.each([
    [
      'an SAE',
      ['sae', 'inspect', SAE_ID],
      `antipode download ${SAE_ID} (or: hf download ${SAE_REPO} ${SAE_FILE})`,
    ],
    [
      'a model',
      ['generate', '-m', MODEL_REPO, '-p', 'x'],
      `antipode download ${MODEL_REPO} (or: hf download ${MODEL_REPO})`,
    ],
    ['explanations', ['features', 'show', `${SAE_ID}/1`], `antipode download ${SAE_ID} --only explanations`],
  ])('C10 offline, the sentence names the command: %s', async (_, args, command) => {
    const { code, stderr } = await place.run(args, OFFLINE);
    expect([code, stderr]).toEqual([3, expect.stringContaining(`without HF_HUB_OFFLINE: ${command}\n`)]);
    expect(place.hub.requests).toEqual([]);
  });

  it('a gated repository: which licence to accept, and how to give a token', async () => {
    const { env } = place;
    place.hub.addRepo(MODEL_REPO, {
      files: { 'config.json': '{}', 'tokenizer.json': '{}', 'model.safetensors': 'x' },
      gate: { token: 'other', accepted: true },
    });
    const { code, stderr } = await place.run(['generate', '-m', MODEL_REPO, '-p', 'x'], {
      ...env,
      HF_TOKEN: '',
    });
    expect([code, stderr]).toEqual([
      4,
      expect.stringContaining(`accept its licence at https://huggingface.co/${MODEL_REPO}`),
    ]);
  });

  it('a path, or ID=PATH, never asks anybody', async () => {
    await place.run(['sae', 'inspect', 'params.npz']);
    await place.run(['sae', 'inspect', `${SAE_ID}=params.npz`]);
    await place.run(['features', 'show', `${SAE_ID}/1`, '--explanations', './none']);
    expect(place.hub.requests).toEqual([]);
  });
});

describe('C15: --dry-run', () => {
  it('lists what would be fetched, in bytes, and fetches nothing', async () => {
    await writeConcepts();
    const { code, stdout } = await place.run([...GEOMETRY, '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).saes).toEqual([
      {
        sae: SAE_ID,
        state: 'to be fetched',
        problem: null,
        next: null,
        bytes: 1824,
        explanation_bytes: expect.any(Number),
        files: [
          { repository: SAE_REPO, path: SAE_FILE, files: 1, bytes: 1824, known_by: 'server' },
          ...['explanations/batch-0', 'explanations/batch-1', 'features/batch-0'].map((name) => ({
            repository: 'neuronpedia',
            path: `v1/${SAE_ID}/${name}.jsonl.gz`,
            files: 1,
            bytes: expect.any(Number),
            known_by: 'server',
          })),
        ],
        // Of the published one, which is what the name stands for.
        features: 16384,
        d_in: 2304,
        all_pairs: 134_209_536,
      },
    ]);
    const text = await place.run([...GEOMETRY, '--dry-run']);
    expect(text.stdout).toContain(`fetch ${SAE_ID} (1.8 kB) and its explanations (`);
    expect(text.stdout).not.toContain('download nothing');
    for (const command of ['extremes', 'neighbors']) {
      const args = command === 'extremes' ? [command, '--sae', SAE_ID] : [command, `${SAE_ID}/1`];
      expect((await place.run([...args, '--dry-run'])).stdout).toContain(`fetch ${SAE_ID} (1.8 kB)`);
    }
    expect(snapshot(place.home).size).toBe(0);
    expect(place.hub.requests.filter(({ host }) => host === 'cdn')).toEqual([]);
  });

  it('of steering, lists the files of the model too, and what would be generated', async () => {
    const args = ['steer', 'run', '--model', MODEL_REPO, '--sae', SAE_ID];
    const poles = ['--pole', 'Happy=0', '--pole', 'Sad=1'];
    const { code, stdout } = await place.run([...args, ...poles, '--dry-run', '--json']);
    expect(code).toBe(0);
    const plan = JSON.parse(stdout) as {
      downloads: { bytes: number; files: { repository: string; path: string; bytes: number }[] };
    };
    expect(plan).toMatchObject({
      model: MODEL_REPO,
      layer: 20,
      replies: 260,
      downloads: { of_unknown_size: 0 },
    });
    const { bytes, files } = plan.downloads;
    expect(files.map(({ repository, path }) => `${repository} ${path}`).sort()).toEqual([
      `${SAE_REPO} ${SAE_FILE}`,
      `${MODEL_REPO} config.json`,
      `${MODEL_REPO} model-00001-of-00002.safetensors`,
      `${MODEL_REPO} model-00002-of-00002.safetensors`,
      `${MODEL_REPO} model.safetensors.index.json`,
      `${MODEL_REPO} tokenizer.json`,
      `${MODEL_REPO} tokenizer_config.json`,
    ]);
    expect(bytes).toBe(files.reduce((sum, file) => sum + file.bytes, 0));
    const text = await place.run([...args, ...poles, '--dry-run']);
    expect(text.stdout).toContain(`${MODEL_REPO}: model-00001-of-00002.safetensors, `);
    expect(snapshot(place.home).size).toBe(0);
    expect(place.hub.requests.filter(({ host }) => host === 'cdn')).toEqual([]);
  });

  it('what cannot be asked for is missing, with the reason', async () => {
    place.hub.fault = () => ({ status: 404 });
    const { code, stdout } = await place.run(['extremes', '--sae', SAE_ID, '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).saes).toMatchObject([
      { state: 'missing', bytes: null, files: [], problem: expect.stringContaining('has no such') },
    ]);
  });
});

it('a cache that was emptied is filled again', async () => {
  await place.run(['sae', 'inspect', SAE_ID]);
  await rm(join(place.home, '.cache/huggingface'), { recursive: true });
  expect((await place.run(['sae', 'inspect', SAE_ID])).code).toBe(0);
});

it('weights that another program fetched without their configuration get it', async () => {
  const [id, repo] = ['gpt2-small/8-res-jb', 'jbloom/GPT2-Small-SAEs-Reformatted'];
  const folder = 'blocks.8.hook_resid_pre';
  const { commit } = place.hub.addRepo(repo, {
    files: {
      [`${folder}/cfg.json`]: await readFile(fixture('saelens_v6_standard/cfg.json')),
      [`${folder}/sae_weights.safetensors`]: {
        bytes: await readFile(fixture('saelens_v6_standard/sae_weights.safetensors')),
        isLarge: true,
      },
    },
  });
  expect((await place.run(['sae', 'inspect', id])).code).toBe(0);
  const snapshotFolder = `.cache/huggingface/hub/models--jbloom--GPT2-Small-SAEs-Reformatted/snapshots/${commit}`;
  await rm(join(place.home, snapshotFolder, folder, 'cfg.json'));
  const [before, large] = [
    place.hub.requests.length,
    place.hub.requests.filter(({ host }) => host === 'cdn').length,
  ];
  const { code, stdout } = await place.run(['sae', 'inspect', id, '--json']);
  expect([code, JSON.parse(stdout).format]).toEqual([0, 'saelens']);
  expect(place.hub.requests.length).toBeGreaterThan(before);
  expect(place.hub.requests.filter(({ host }) => host === 'cdn')).toHaveLength(large);
});
