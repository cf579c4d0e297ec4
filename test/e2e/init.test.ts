/** @file `antipode init`: what it writes for somebody's own SAE, concepts and model runs as it stands, and what is still missing is said at once. */

import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURE_SAE, makePlace, type Place, runHere, snapshot } from '../support/run_command.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

const PAIRS = `concepts:
  - concept: Good-Bad
    a: { label: Good, features: [1, 2] }
    b: { label: Bad, features: [3, 4] }
  - concept: Up-Down
    a: { label: Up, features: [5] }
    b: { label: Down, features: [6, 7] }
`;

let place: Place;
const path = (...parts: string[]): string => join(place.cwd, ...parts);
const run = (...args: string[]) => runHere(place, args);

beforeAll(async () => {
  place = makePlace();
  copyFileSync(FIXTURE_SAE, path('params.npz'));
  writeFileSync(path('pairs.yaml'), PAIRS);
  const { dModel } = await writeTinyModel(path('model'));
  await writeTinySae(path('tiny.npz'), 40, dModel);
});
afterAll(() => place.remove());

describe('what antipode init writes', () => {
  it('for an SAE and concepts of one’s own, dry-runs and runs as it stands', async () => {
    const written = await run('init', 'mine.yaml', '--sae', './params.npz', '--concepts', 'pairs.yaml');
    expect([written.code, written.stderr]).toEqual([0, '']);
    const dry = await run('run', 'mine.yaml', '--dry-run');
    expect(dry.stdout).toContain('compare the 6 feature pairs of pairs.yaml in ./params.npz');
    const made = await run('run', 'mine.yaml', '-q');
    expect(made).toMatchObject({ code: 0, stdout: 'runs/mine/report.html\n' });
    expect(existsSync(path('runs/mine/report.html'))).toBe(true);
  }, 60_000);

  it('with a model and a pair of these concepts steers: its dry run counts replies, and bounds nothing that is paid', async () => {
    const own = ['--sae', './tiny.npz', '--concepts', 'pairs.yaml', '--model', './model', '--layer', '1'];
    const written = await run('init', 'steered.yaml', ...own, '--pair', 'good:bad');
    expect([written.code, written.stderr]).toEqual([0, '']);
    const dry = await run('run', 'steered.yaml', '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({
      downloads: { files: [] },
      steering: { model: './model', layer: 1, replies: 260, judges: [{ name: 'lexicon', requests: 0 }] },
    });
  });

  it('for the concepts that the guide prints, is what the guide says', async () => {
    const guide = readFileSync(new URL('../../docs/guide.md', import.meta.url), 'utf8');
    const block = /```yaml\n([\s\S]*?)```/.exec(guide)![1]!.replace(/^ {3}/gm, '');
    writeFileSync(path('warm.yaml'), block);
    expect((await run('concepts', 'check', 'warm.yaml')).stdout).toContain('valid, 1 concept');
    const own = ['--sae', 'organism/1-res-2k', '--concepts', 'warm.yaml', '--title', 'Warm and cold'];
    expect(await run('init', 'warm-spec.yaml', ...own)).toMatchObject({ code: 0, stderr: '' });
    const dry = await run('run', 'warm-spec.yaml', '--dry-run');
    expect(dry.stdout).toContain('compare the 2 feature pairs of warm.yaml in organism/1-res-2k');
    const steered = ['--layer', '1', '--pair', 'warm:cold', '--force'];
    await run('init', 'warm-spec.yaml', ...own, ...steered);
    const refused = await run('run', 'warm-spec.yaml', '--dry-run');
    expect(refused.stderr).toContain('(in a spec: judges: [MODEL@URL])');
  });

  it('without the layer of an SAE whose files do not say it, is told where it belongs', async () => {
    const own = ['--sae', './tiny.npz', '--concepts', 'pairs.yaml', '--model', './model'];
    expect(await run('init', 'nowhere.yaml', ...own, '--pair', 'good:bad')).toMatchObject({ code: 0 });
    const { code, stderr } = await run('run', 'nowhere.yaml', '--dry-run');
    expect(stderr).toContain('next: add --layer, or layer to steering in the spec\n');
    expect(code).toBe(2);
  });

  it('is a YAML file alone: a folder is said to be one', async () => {
    const { code, stderr } = await run('run', 'model');
    expect(stderr).toMatch(/model: not a file\nnext: it is a folder: name a file in it\n$/);
    expect(code).toBe(1);
  });

  it('for the embedded default, without any option, has the pairs of its catalogues', async () => {
    expect((await run('init')).code).toBe(0);
    const dry = await run('run', 'experiment.yaml', '--dry-run');
    expect(dry.stdout).toMatch(/compare the \d+ feature pairs of organism-1 in organism\/1-res-2k/);
  });

  it('without concepts says that there are none, and so does the dry run', async () => {
    const { code, stderr } = await run('init', 'bare.yaml', '--sae', './params.npz');
    expect(code).toBe(0);
    expect(stderr).toContain(
      'no concepts are given for it; write its file of opposites behind concepts: there',
    );
    const dry = await run('run', 'bare.yaml', '--dry-run');
    expect([dry.code, dry.stderr]).toEqual([
      2,
      expect.stringContaining('in a spec concepts: with article-10'),
    ]);
  });

  it('of a published SAE fetches nothing', async () => {
    const before = snapshot(place.home).size;
    const { code, stderr } = await run('init', 'gemma.yaml', '--sae', 'gemma-2-2b/20-gemmascope-res-16k');
    expect([code, stderr]).toEqual([0, '']);
    expect(snapshot(place.home).size).toBe(before);
    expect(readFileSync(path('gemma.yaml'), 'utf8')).toContain('- sae: gemma-2-2b/20-gemmascope-res-16k');
  });

  it.each([
    [
      'a judge that cannot tell these poles apart',
      ['--pair', 'up:down'],
      'judge lexicon: knows only positive from negative',
    ],
    ['a pair of no concept', ['--pair', 'hot:cold'], 'hot'],
  ])('its dry run finds %s', async (_, pair, sentence) => {
    const own = [
      '--sae',
      './tiny.npz',
      '--concepts',
      'pairs.yaml',
      '--model',
      './model',
      '--layer',
      '1',
      '--force',
    ];
    await run('init', 'wrong.yaml', ...own, ...pair);
    const dry = await run('run', 'wrong.yaml', '--dry-run');
    expect(dry.stdout + dry.stderr).toContain(sentence);
  });

  it.each([
    ['--model', ['--model', './model']],
    ['--layer', ['--layer', '1']],
  ])('refuses %s without a pair', async (option, args) => {
    const { code, stderr } = await run('init', 'x.yaml', ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`${option}: names`)]);
    expect(existsSync(path('x.yaml'))).toBe(false);
  });
});
