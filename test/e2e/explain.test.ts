import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRng } from '../../src/tensor/rng.ts';
import { answer, sendJson, startChatServer } from '../support/chat_server.ts';
import {
  type CommandResult,
  makePlace,
  type Place,
  runCommand,
  runHere,
  snapshot,
} from '../support/run_command.ts';
import { writeTinyModel, writeTinySae } from '../support/tiny_model.ts';

const FEATURES = 24;

let place: Place;
let texts: string[];
beforeAll(async () => {
  place = makePlace();
  const { dModel, vocabulary } = await writeTinyModel(join(place.cwd, 'model'));
  await writeTinySae(join(place.cwd, 'sae.npz'), FEATURES, dModel);
  const rng = createRng(5, 'explain-e2e');
  texts = Array.from({ length: 40 }, () =>
    Array.from({ length: 3 + rng.integer(20) }, () => `w${2 + rng.integer(vocabulary - 2)}`).join(' '),
  );
  await writeFile(join(place.cwd, 'texts.txt'), `${texts.join('\n')}\n`);
});
afterAll(() => place.remove());

const NAMED = ['--model', 'model', '--sae', 'sae.npz', '--id', 'tiny/1-res'];
const BASE = [...NAMED, '--layer', '1'];

function explain(out: string, ...more: string[]): Promise<CommandResult> {
  const base = more.includes('--hook') ? NAMED : BASE;
  return runHere(place, ['explain', ...base, '--text', 'texts.txt', '--out', out, ...more]);
}

function rowsOf(out: string, kind: string): Promise<Record<string, unknown>[]> {
  return readFile(join(place.cwd, out, 'v1/tiny/1-res', kind, 'batch-0.jsonl.gz')).then((bytes) =>
    gunzipSync(bytes)
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );
}

describe('antipode explain', () => {
  test('explains, writes the export, imports it, and search and show know it then', async () => {
    const { code, stdout, stderr } = await explain('first', '--import');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/tiny\/1-res: \d+ features explained/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/first\/v1\/tiny\/1-res \(.*B\)$/);
    const features = await rowsOf('first', 'features');
    expect(features.length).toBe(FEATURES);
    const [explained] = await rowsOf('first', 'explanations');
    const shown = await runHere(place, ['features', 'show', `1:${explained!['index']}`, '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      neuronpedia_id: 'tiny/1-res',
      explanations: [{ explanation: explained!['description'], explainer: 'antipode-rules' }],
    });
    const word = /"(w\d+)"/.exec(String(explained!['description']))![1]!;
    const found = await runHere(place, ['features', 'search', word, '--source', 'tiny/1-res', '-q']);
    expect(found.stdout.split('\n')).toContain(`tiny/1-res/${explained!['index']}`);
  });

  test('shows no table of the clearest where nothing is explained', async () => {
    await explain('some', '--tokens', '5');
    const explained = (await rowsOf('some', 'explanations')).map(({ index }) => Number(index));
    const dead = Array.from({ length: FEATURES }, (_, feature) => feature).find(
      (feature) => !explained.includes(feature),
    );
    const { code, stdout } = await explain('none', '--tokens', '5', '--features', String(dead));
    expect([code, stdout]).toEqual([0, expect.stringContaining('0 features explained')]);
    expect(stdout).not.toContain('The clearest');
  });

  test('gives the same bytes again, from stdin too', async () => {
    await explain('again');
    const once = snapshot(join(place.cwd, 'again'));
    expect((await explain('again')).code).toBe(0);
    expect(snapshot(join(place.cwd, 'again'))).toEqual(once);
    const args = ['explain', ...BASE, '--out', 'other', '-q', '--text', '-'];
    const { code, stdout } = await runCommand(place, args, { stdin: `${texts.join('\n')}\n` });
    expect(code).toBe(0);
    expect(stdout.trimEnd()).toBe(join(place.cwd, 'other/v1/tiny/1-res'));
    const other = snapshot(join(place.cwd, 'other'));
    for (const kind of ['explanations', 'features', 'activations']) {
      const file = `v1/tiny/1-res/${kind}/batch-0.jsonl.gz`;
      expect(other.get(file)).toBe(once.get(file));
    }
  });

  test('chosen features and tokens, JSON alone on stdout', async () => {
    const { stdout } = await explain(
      'some',
      '--features',
      '3,5-7',
      '--tokens',
      '100',
      '--no-contexts',
      '--json',
    );
    const result = JSON.parse(stdout) as Record<string, unknown>;
    expect(result).toMatchObject({
      features: 4,
      tokens: 100,
      layer: 1,
      hook: 'blocks.1.hook_resid_post',
      endpoint: null,
    });
    expect((await rowsOf('some', 'features')).map((row) => row['index'])).toEqual(['3', '5', '6', '7']);
    expect(existsSync(join(place.cwd, 'some/v1/tiny/1-res/activations'))).toBe(false);
    const mlp = await explain('mlp', '--hook', 'blocks.1.hook_mlp_out', '--json');
    expect(JSON.parse(mlp.stdout)).toMatchObject({ layer: 1, hook: 'blocks.1.hook_mlp_out' });
  });

  test('an endpoint writes what it can; the rest stays as the rules say; asked again, nothing is sent', async () => {
    let questions = 0;
    const server = await startChatServer((response, { body }) => {
      const [, user] = body['messages'] as { content: string }[];
      if (user!.content === '{"ok":true}') answer(response, '{"ok":true}');
      else if (questions++ === 1) sendJson(response, 400, { error: { message: 'no' } });
      else answer(response, '{"explanation":"a kind of joy"}');
    });
    try {
      const args = [
        '--features',
        '0-5',
        '--endpoint',
        server.url,
        '--explainer-model',
        'tiny-judge',
        '--concurrency',
        '1',
      ];
      const { code, stdout, stderr } = await explain('asked', ...args, '--json');
      expect(code).toBe(0);
      const { endpoint, explained } = JSON.parse(stdout) as {
        endpoint: Record<string, unknown>;
        explained: number;
      };
      expect(endpoint).toMatchObject({ model: 'tiny-judge', explained: explained - 1, failed: 1, cached: 0 });
      expect(stderr).toContain('1 of');
      expect(stderr).toContain('HTTP 400 (no)');
      const authors = (await rowsOf('asked', 'explanations')).map((row) => row['explanationModelName']);
      expect(authors.filter((name) => name === 'tiny-judge').length).toBe(explained - 1);
      expect(authors.filter((name) => name === 'antipode-rules').length).toBe(1);
      const sent = server.requests.length;
      const again = JSON.parse((await explain('asked', ...args, '--json')).stdout) as typeof endpoint;
      expect(again['endpoint']).toMatchObject({ explained, failed: 0, cached: explained - 1 });
      // The check, and the one that failed.
      expect(server.requests.length).toBe(sent + 2);
    } finally {
      await server.close();
    }
  });

  test.each<[string, string[], number, RegExp]>([
    ['one word per text', ['--text', 'words.txt'], 3, /no tokens that count/],
    [
      'nobody at the endpoint',
      ['--endpoint', 'http://127.0.0.1:9/v1', '--explainer-model', 'm'],
      4,
      /m cannot be asked: no connection.*\nnext: check the address, and that the server runs/,
    ],
  ])('%s: a sentence, and nothing written', async (_, more, code, message) => {
    await writeFile(join(place.cwd, 'words.txt'), '<bos>\n');
    const found = await explain('bad', ...more);
    expect(found.stderr).toMatch(message);
    expect(found.code).toBe(code);
    expect(existsSync(join(place.cwd, 'bad'))).toBe(false);
  });

  test('leaves what others put into the folder', async () => {
    const dir = join(place.cwd, 'mine/v1/tiny/1-res');
    mkdirSync(dir, { recursive: true });
    await writeFile(join(dir, 'notes.txt'), 'mine');
    const { code, stderr } = await explain('mine');
    expect(code).toBe(2);
    expect(stderr).toContain('notes.txt, which antipode did not write there');
    expect(readdirSync(dir)).toEqual(['notes.txt']);
  });

  test('Ctrl-C and a kill leave nothing half-written', async () => {
    await writeFile(join(place.cwd, 'long.txt'), `${texts.join(' ')}\n`.repeat(400));
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const found = await runCommand(place, ['explain', ...BASE, '--text', 'long.txt', '--out', 'stopped'], {
        during: (child) => setTimeout(() => child.kill(signal), 900),
      });
      // Null as well where the machine was so busy that the command had not begun to listen.
      expect([130, null]).toContain(found.code);
      const left = existsSync(join(place.cwd, 'stopped')) ? readdirSync(join(place.cwd, 'stopped')) : [];
      expect(left.filter((name) => !name.startsWith('.antipode-'))).toEqual([]);
    }
  });
});
