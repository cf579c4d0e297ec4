import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answer, startChatServer } from '../../test/support/chat_server.ts';
import { writeTinyModel, writeTinySae } from '../../test/support/tiny_model.ts';
import { featureList } from './feature_list.ts';
import { runCli } from './run.ts';

const FEATURES = 24;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-cli-explain-'));
  const { dModel } = await writeTinyModel(join(folder, 'model'));
  await mkdir(join(folder, 'tiny'));
  await writeTinySae(join(folder, 'tiny/params.npz'), FEATURES, dModel);
  await writeFile(join(folder, 'texts.txt'), 'w2 w3 w4\nw5 w6\n');
  await writeFile(join(folder, 'empty.txt'), '');
});
afterAll(() => rm(folder, { recursive: true }));

async function explain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  async function* stdin(): AsyncIterable<Uint8Array> {}
  const base = ['--model', 'model', '--sae', 'tiny', '--layer', '1', '--text', 'texts.txt', '--out', 'out'];
  const code = await runCli(['explain', ...base, ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: stdin(),
    env: { HOME: folder, HF_HUB_OFFLINE: '1', ...env },
    cwd: folder,
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

describe('antipode explain', () => {
  test('a dry run bounds requests and tokens, and sends and writes nothing', async () => {
    const server = await startChatServer((response) => answer(response, '{}'));
    try {
      const args = ['--dry-run', '--features', '0-9', '--endpoint', server.url, '--explainer-model', 'm'];
      const { code, stdout } = await explain([...args, '--json']);
      expect(code).toBe(0);
      const { endpoint } = JSON.parse(stdout) as { endpoint: Record<string, number> };
      expect(endpoint['requests']).toBe(11);
      expect(endpoint['prompt_tokens']).toBeGreaterThan(11 * 8000);
      expect(endpoint['completion_tokens']).toBe(11 * 160);
      expect((await explain(args)).stdout).toMatch(/would ask m at most 11 times/);
      expect(server.requests.length).toBe(0);
      expect(existsSync(join(folder, 'out'))).toBe(false);
    } finally {
      await server.close();
    }
  });

  test('without names the export is called after model, layer and SAE', async () => {
    const named = async (...args: string[]): Promise<unknown> =>
      (JSON.parse((await explain(['--dry-run', '--json', ...args])).stdout) as Record<string, unknown>)[
        'neuronpedia_id'
      ];
    expect(await named()).toBe('model/1-tiny');
    expect(await named('--id', 'gemma-2-2b/20-res')).toBe('gemma-2-2b/20-res');
  });

  test('the key is read from the environment only, and not sent unencrypted to others', async () => {
    const args = ['--dry-run', '--endpoint', 'http://example.org/v1', '--explainer-model', 'm'];
    const { code, stderr } = await explain(args, { OPENAI_API_KEY: 'sk-hidden' });
    expect(code).toBe(2);
    expect(stderr).toContain('OPENAI_API_KEY would travel unencrypted');
    expect(stderr).not.toContain('sk-hidden');
    expect((await explain(args)).code).toBe(0);
  });

  test.each<[string, string[], number, RegExp]>([
    ['no texts', ['--text', 'none.txt'], 3, /none\.txt/],
    ['an empty text', ['--text', 'empty.txt'], 1, /empty\.txt: holds no text/],
    ['features beyond', ['--features', '24'], 2, /--features: got 24, but tiny has 24 features, from 0/],
    ['features that are none', ['--features', '3-1'], 2, /--features: got "3-1"/],
    ['an endpoint alone', ['--endpoint', 'http://127.0.0.1:9/v1'], 2, /--explainer-model is missing/],
    ['a model of no endpoint', ['--explainer-model', 'm'], 2, /--endpoint is missing/],
    ['an id that is no folder', ['--id', '../x'], 2, /--id: got "..\/x", expected model\/source/],
    ['a field of plain text', ['--field', 'body'], 2, /is read as plain text/],
    ['another layer', ['--layer', '900'], 2, /there is no layer 900/],
    ['a place that no model shows', ['--hook', 'blocks.1.attn.hook_z'], 2, /both say|no such place/],
    ['a file for a folder', ['--out', 'texts.txt'], 2, /texts\.txt/],
  ])('%s: a sentence, and nothing written', async (_, more, code, message) => {
    const found = await explain([...more, '--dry-run']);
    expect(found.stderr).toMatch(message);
    expect(found.code).toBe(code);
    expect(found.stdout).toBe('');
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});

describe('featureList', () => {
  test.each<[string, number[]]>([
    ['7', [7]],
    ['9, 1-3,2', [1, 2, 3, 9]],
    ['0-0', [0]],
  ])('%s', (text, expected) => {
    expect(featureList(text)).toEqual(expected);
  });

  test.each(['', ',', '1,', '1-', '-1', '3-1', '1-2-3', '1.5', 'x', '0-99999999999', '0-2000000000'])(
    '%s is refused',
    (text) => {
      expect(() => featureList(text)).toThrow('--features: got');
    },
  );
});
