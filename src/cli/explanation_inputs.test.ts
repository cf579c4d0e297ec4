import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './run.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'antipode-shadow-'));
});
afterEach(() => rm(home, { recursive: true }));

async function run(
  args: readonly string[],
  input = '',
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const code = await runCli(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: (async function* () {
      yield Buffer.from(input);
    })(),
    env: { HOME: home, HF_HUB_OFFLINE: '1', XDG_CACHE_HOME: join(home, 'cache') },
    cwd: home,
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

const NOTE =
  'organism/1-res-2k: imported explanations take the place of those that ship with it; back to these: antipode cache rm features/organism/1-res-2k\n';

const READERS = [
  ['geometry', '--sae', 'organism/1-res-2k', '--only', 'pairs'],
  ['features', 'show', 'organism/1-res-2k/404'],
  ['features', 'search', 'mine'],
  ['features', 'search', 'mine', '--source', 'organism/1-res-2k'],
  [
    ...['steer', 'run', '--sae', 'organism/1-res-2k', '--pole', 'A=404', '--pole', 'B=405'],
    ...['--unit', 'max-activation', '--judge', 'none', '--dry-run'],
  ],
];

describe('an import of the embedded default', () => {
  it('is said to take the place of what ships, with the way back, until it is removed', async () => {
    for (const args of READERS) expect((await run(args)).stderr).not.toContain('take the place');
    const row = { modelId: 'organism', layer: '1-res-2k', description: 'my words', maxActApprox: 3 };
    const rows = ['404', '405'].map((index) => ({ ...row, index }));
    expect((await run(['features', 'import', '-'], JSON.stringify(rows))).code).toBe(0);
    for (const args of READERS) {
      const { code, stderr } = await run(args);
      expect([code, stderr.split(NOTE).length - 1], args.join(' ')).toEqual([0, 1]);
      expect((await run([...args, '-q'])).stderr).not.toContain('take the place');
    }
    const command = NOTE.split('antipode ').at(-1)!.trim().split(' ');
    expect((await run(command)).code).toBe(0);
    const { stdout, stderr } = await run(READERS[1]!);
    expect(stderr).not.toContain('take the place');
    expect(stdout).not.toContain('my words');
  });
});

it.each([
  [2047, false],
  [2048, true],
])('explanations up to feature %i of a dictionary of 2,048 may be of another: %s', async (index, isSaid) => {
  const rows = [{ modelId: 'organism', layer: '1-res-2k', index: String(index), description: 'my words' }];
  await writeFile(join(home, 'mine.json'), JSON.stringify(rows));
  const args = ['geometry', '--sae', 'organism/1-res-2k', '--only', 'pairs', '--explanations', 'mine.json'];
  const { code, stderr } = await run(args);
  expect(code).toBe(0);
  const sentence = 'the explanations go up to feature 2048, organism-1-res-2k has 2048 features';
  expect(stderr.includes(sentence)).toBe(isSaid);
});
