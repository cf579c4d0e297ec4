import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FIXTURE_SAE } from '../../test/support/run_command.ts';
import { runCli } from './run.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'antipode-cli-geometry-'));
});
afterEach(async () => {
  await rm(cwd, { recursive: true });
});

/** @param pairs one concept for each @returns what `geometry` prints of the tests in the decoder */
async function testsOf(pairs: readonly (readonly [number, number])[]): Promise<string> {
  const concepts = pairs.map(([a, b], k) => ({
    concept: `C${k}`,
    a: { label: 'a', features: [a] },
    b: { label: 'b', features: [b] },
  }));
  await writeFile(join(cwd, 'pairs.json'), JSON.stringify(concepts));
  let stdout = '';
  async function* stdin(): AsyncIterable<Uint8Array> {}
  const args = ['--sae', FIXTURE_SAE, '--concepts', 'pairs.json', '--only', 'tests', '--draws', '99'];
  const code = await runCli(['geometry', ...args, '--spaces', 'decoder'], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: () => true },
    stdin: stdin(),
    env: { HOME: cwd },
    cwd,
    signal: new AbortController().signal,
  });
  expect(code).toBe(0);
  return stdout;
}

describe('antipode geometry without one concept in turn', () => {
  it('two concepts: one that is left has no other order, and no p-value is made up for it', async () => {
    const text = await testsOf([
      [0, 1],
      [2, 3],
    ]);
    expect(text).toMatch(/Without one concept in turn .*; the largest p is \d\.\d+ beside random features\./);
  });

  it('three concepts: both tests', async () => {
    const text = await testsOf([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(text).toMatch(/the largest p is \d\.\d+ in other orders, \d\.\d+ beside random features\./);
  });
});
