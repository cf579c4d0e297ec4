/** @file `npm run organism` as a user types it: what is refused before anything is made, and what an interrupt says. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, environment, makePlace, type Place } from '../support/run_command.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/organism.mjs', import.meta.url));

let place: Place;
beforeAll(() => {
  place = makePlace();
});
afterAll(() => place.remove());

/** @param stopAt what has to be printed before it is interrupted */
function organism(args: readonly string[], stopAt?: RegExp): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SCRIPT, '--quick', '--work', 'work', '--out', 'out', ...args], {
      cwd: place.cwd,
      env: environment(place),
    });
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (data) => {
        written[name] += String(data);
        if (stopAt?.test(written.stdout)) child.kill('SIGINT');
        if (stopAt?.test(written.stdout)) stopAt = undefined;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...written }));
  });
}

describe('npm run organism', () => {
  it.concurrent.each([
    [['--threds', '2'], "Unknown option '--threds'"],
    [['more'], "Unexpected argument 'more'"],
    [['--from'], "Option '--from <value>' argument missing"],
    [['--threads', 'x'], '--threads: got "x", expected a whole number from 1 to 1024'],
    [['--threads', '0'], '--threads: got "0", expected a whole number from 1 to 1024'],
    [['--only', 'model', '--from', 'model'], '--only excludes --from and --until'],
    [['--only', 'model', '--until', 'model'], '--only excludes --from and --until'],
    [['--from', 'steering', '--until', 'model'], '--until model is before --from steering'],
    [['--from', 'sae-9'], '--from: there is no stage "sae-9" (expected one of tokenizer, model, sae-1'],
    [['--until', 'end'], '--until: there is no stage "end"'],
  ])('%j is a sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await organism(args);
    expect(stderr).toMatch(/^error: [^\n]+\nnext: [^\n]+\n$/);
    expect(stderr).toContain(sentence);
    expect([code, stdout]).toEqual([2, '']);
    expect(existsSync(join(place.cwd, 'work'))).toBe(false);
  });

  it('what lies in the way is a sentence', async () => {
    await writeFile(join(place.cwd, 'file'), '');
    const { code, stderr } = await organism(['--work', 'file', '--until', 'tokenizer']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: .*: a part of this path is a file/)]);
  });

  it('a stage that was interrupted is told from one that is done', async () => {
    const { code, stdout, stderr } = await organism(['--until', 'model'], /^model \d+ %/m);
    expect(stdout).toMatch(/^tokenizer: \d+:\d\d$/m);
    expect(stdout).toMatch(/^model: not done, stopped after \d+:\d\d$/m);
    expect([code, stderr]).toEqual([130, expect.stringContaining('next: run the same command again')]);
  });
});
