import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  MODEL_REPO,
  type PublishedPlace,
  publish,
  SAE_FILE,
  SAE_ID,
  SAE_REPO,
} from '../../test/support/published.ts';
import { type CommandResult, snapshot } from '../../test/support/run_command.ts';

let place: PublishedPlace;
beforeEach(async () => {
  place = await publish();
});
afterEach(() => place.close());

const offline = (...args: readonly string[]): Promise<CommandResult> =>
  place.run(['download', ...args], { HF_HUB_OFFLINE: '1' });

const modelFolder = (): string =>
  join(place.home, '.cache/huggingface/hub/models--tiny--model/snapshots', place.modelCommit);

describe('C10 antipode download in offline mode', () => {
  it('prints where everything is that is at hand, as online, and writes and asks nothing', async () => {
    await place.run(['download', SAE_ID, MODEL_REPO]);
    const online = await place.run(['download', SAE_ID, MODEL_REPO, '-q']);
    const before = [snapshot(place.home), place.hub.requests.length];
    const { code, stderr, stdout } = await offline(SAE_ID, MODEL_REPO, '-q');
    expect([code, stderr, stdout]).toEqual([0, '', online.stdout]);
    expect([snapshot(place.home), place.hub.requests.length]).toEqual(before);
    const json = JSON.parse((await offline(SAE_ID, MODEL_REPO, '--json')).stdout);
    expect(json.parts).toMatchObject([
      { part: 'weights', commit: place.saeCommit, files: 1, bytes: 1824, fetched_bytes: 0 },
      { part: 'explanations', from: SAE_ID, files: 3, fetched_bytes: 0 },
      { part: 'model', commit: place.modelCommit, files: 6, fetched_bytes: 0, path: modelFolder() },
    ]);
  });

  it('of a commit that is here, and of another branch that is not', async () => {
    await place.run(['download', SAE_ID, '--only', 'weights']);
    const pinned = await offline(SAE_ID, '--only', 'weights', '--revision', place.saeCommit);
    expect(pinned.code).toBe(0);
    const other = await offline(SAE_ID, '--only', 'weights', '--revision', 'v0');
    expect([other.code, other.stderr]).toEqual([3, expect.stringContaining(`${SAE_REPO}/${SAE_FILE}`)]);
  });

  it('names what is missing and no more, with the command', async () => {
    await place.run(['download', SAE_ID, '--only', 'weights']);
    await place.run(['download', MODEL_REPO]);
    await rm(join(modelFolder(), 'model-00002-of-00002.safetensors'));
    const { code, stderr, stdout } = await offline(SAE_ID, MODEL_REPO);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(
      `not on this machine: the explanations of ${SAE_ID}, ${MODEL_REPO}/model-00002-of-00002.safetensors\n`,
    );
    expect(stderr).toContain(`without HF_HUB_OFFLINE: antipode download ${SAE_ID} ${MODEL_REPO}\n`);
  });

  it('of nothing at all: every file that is known to be needed', async () => {
    const { code, stderr } = await offline(MODEL_REPO, 'gpt2', SAE_ID, '--activations');
    expect(code).toBe(3);
    const names = /not on this machine: (.*)\n/.exec(stderr)?.[1]?.split(', ');
    expect(names?.slice(0, 4)).toEqual([
      `${MODEL_REPO}/config.json`,
      `${MODEL_REPO}/tokenizer.json`,
      `${MODEL_REPO}/model.safetensors`,
      'gpt2/config.json',
    ]);
    expect(names?.at(-1)).toBe('and 1 more');
    expect(await readdir(place.home)).toEqual([]);
  });

  it('of a folder that no registry knows: as much of it as is here', async () => {
    const folder = 'some/folder';
    const id = `https://huggingface.co/org/saes/tree/main/${folder}`;
    place.hub.addRepo('org/saes', {
      files: { [`${folder}/cfg.json`]: '{}', [`${folder}/sae_weights.safetensors`]: 'weights' },
    });
    const online = await place.run(['download', id, '-q']);
    expect(online.code).toBe(0);
    expect(await offline(id, '-q')).toMatchObject({ code: 0, stdout: online.stdout });
    const other = await offline(id.replace('folder', 'other'));
    expect([other.code, other.stderr]).toEqual([3, expect.stringContaining('not on this machine: org/saes')]);
  });
});

describe('repositories of one name', () => {
  it.each(['gpt2', 'openai-community/gpt2'])('%s is fetched, kept and opened', async (name) => {
    const files = await modelOfTheHub();
    const { commit } = place.hub.addRepo('openai-community/gpt2', { files });
    place.hub.addRepo('gpt2', { files: {}, movedTo: 'openai-community/gpt2' });
    const { code, stderr, stdout } = await place.run(['download', name, '-q']);
    expect([code, stderr]).toEqual([0, '']);
    const folder = join(
      place.home,
      '.cache/huggingface/hub',
      `models--${name.replace('/', '--')}`,
      'snapshots',
      commit,
    );
    expect(stdout).toBe(`${folder}\n`);
    const opened = await place.run(['generate', '-m', name, '-p', 'w2 w3', '-n', '2'], {
      HF_HUB_OFFLINE: '1',
    });
    expect([opened.code, opened.stderr]).toEqual([0, '']);
    expect((await place.run(['doctor'])).stdout).toMatch(new RegExp(`models at hand .*\\b${name}\\b`));
  });

  it('a word that is neither is said to be neither, whether the hub knows who asks or not', async () => {
    for (const HF_TOKEN of ['', 'hf_token']) {
      const { code, stderr } = await place.run(['download', 'gemma-scope-2b-pt-rez'], { HF_TOKEN });
      expect([code, stderr]).toEqual([3, expect.stringContaining('no SAE of this name, and no model')]);
      const opened = await place.run(['generate', '-m', 'mistyped', '-p', 'w2'], { HF_TOKEN });
      expect([opened.code, opened.stderr]).toEqual([
        3,
        expect.stringContaining(
          'mistyped: no folder of this name, and no model of the hub\nnext: name the folder',
        ),
      ]);
    }
  });
});

/** The files of the small model, by their names. */
async function modelOfTheHub(): Promise<Record<string, Uint8Array>> {
  await place.run(['download', MODEL_REPO]);
  const files: Record<string, Uint8Array> = {};
  for (const name of await readdir(modelFolder())) files[name] = await readFile(join(modelFolder(), name));
  return files;
}
