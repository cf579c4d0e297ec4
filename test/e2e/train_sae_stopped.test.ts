/** @file `antipode train sae` stopped in every way: by a kill, by Ctrl-C, by a full disk, by another process. What was done is kept, and gone on from. */

import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, environment, MAIN, snapshot } from '../support/run_command.ts';
import { makeTrainingPlace, TEXTS, TRAINING, type TrainingPlace } from '../support/sae_training.ts';

let place: TrainingPlace;
/** What a training that nothing stops leaves. */
let expected: Map<string, string>;
beforeAll(async () => {
  place = await makeTrainingPlace();
  expect(await place.train('whole', STEPS)).toMatchObject({ code: 0 });
  expected = snapshot(place.path('whole'));
}, 120_000);
afterAll(() => place.remove());

const STEPS = ['--steps', '500'];

/** Acts after some checkpoints; there is one every two lines of the loss curve. */
function startAndStop(out: string, act: (child: ChildProcess) => void): Promise<CommandResult> {
  const curve = place.path(`${out}.training`, 'loss.csv');
  return actWhen(out, () => existsSync(curve) && readFileSync(curve, 'utf8').split('\n').length > 9, act);
}

function actWhen(
  out: string,
  isTime: () => boolean,
  act: (child: ChildProcess) => void,
): Promise<CommandResult> {
  return place.train(out, STEPS, {
    during(child) {
      const timer = setInterval(() => {
        if (!isTime()) return;
        clearInterval(timer);
        act(child);
      }, 3);
      child.on('exit', () => clearInterval(timer));
    },
  });
}

async function expectResumed(out: string): Promise<void> {
  expect(await place.train(out, [...STEPS, '--resume'])).toMatchObject({ code: 0 });
  expect(snapshot(place.path(out))).toEqual(expected);
  expect(existsSync(place.path(`${out}.training`))).toBe(false);
}

describe('stopped', () => {
  it('by SIGKILL: --resume gives the very bytes of a training that was not, with the same settings and text only', async () => {
    const killed = await startAndStop('killed', (child) => child.kill('SIGKILL'));
    expect([killed.code, existsSync(place.path('killed'))]).toEqual([null, false]);
    // As a kill in the middle of a checkpoint leaves it.
    writeFileSync(place.path('killed.training', '.antipode-01234567-99999999-0123456789ab.tmp'), 'half');
    const refused = await place.train('killed', STEPS);
    expect(refused.stderr).toMatch(
      /^error: killed\.training: holds a training that was interrupted\nnext: add --resume/,
    );
    const changed = await place.train('killed', ['--steps', '501', '--lr', '0.5', '--resume']);
    expect([changed.code, changed.stderr]).toEqual([
      2,
      expect.stringMatching(
        /^error: killed\.training: was begun with something else \(--steps was 500, now 501; --lr was 0\.005, now 0\.5/,
      ),
    ]);
    await appendFile(place.path('texts.txt'), '\nw2 w3');
    const longer = await place.train('killed', [...STEPS, '--resume']);
    expect([longer.code, longer.stderr]).toEqual([2, expect.stringContaining('(the text changed)')]);
    writeFileSync(place.path('texts.txt'), TEXTS.join('\n'));
    await expectResumed('killed');
  });

  it('C19: by Ctrl-C: at once, with the step it stands at', async () => {
    let asked = 0;
    const stopped = await startAndStop('stopped', (child) => {
      asked = Date.now();
      child.kill('SIGINT');
    });
    expect(Date.now() - asked).toBeLessThan(2000);
    expect([stopped.code, stopped.stdout]).toEqual([130, '']);
    expect(stopped.stderr).toMatch(
      /error: interrupted: the training stands at step \d+ of 500\nnext: add --resume to go on \(stopped\.training holds the checkpoint\)\n$/,
    );
    await expectResumed('stopped');
  });

  it('before anything was trained: nothing is left', async () => {
    const begun = place.path('early.training', 'training.json');
    const result = await actWhen(
      'early',
      () => existsSync(begun),
      (child) => child.kill('SIGINT'),
    );
    expect(result.code).toBe(130);
    expect(readdirSync(place.cwd).filter((name) => name.startsWith('early'))).toEqual([]);
  });

  it('by somebody who puts a file where the result goes: nothing is lost', async () => {
    const late = await startAndStop('late', () => {
      mkdirSync(place.path('late'));
      writeFileSync(place.path('late', 'notes.txt'), 'mine');
    });
    expect([late.code, late.stderr]).toEqual([
      2,
      expect.stringMatching(/late: holds notes\.txt, which .*\nnext: clear the folder, then add --resume/),
    ]);
    rmSync(place.path('late'), { recursive: true });
    await expectResumed('late');
  });

  it('while another one trains in the same folder: that one is told', async () => {
    let second: Promise<CommandResult> | undefined;
    await startAndStop('shared', (child) => {
      child.kill('SIGSTOP');
      second = place.train('shared', [...STEPS, '--resume']).finally(() => child.kill('SIGKILL'));
    });
    expect((await second!).stderr).toMatch(
      /^error: shared\.training: process \d+ trains there at this moment/,
    );
  });
});

const canMount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;

it.skipIf(!canMount)(
  `by a full disk while a checkpoint is written: the one before stays${canMount ? '' : ' (needs unshare and a mount of its own, absent: skipped)'}`,
  async () => {
    const [disk, saved] = [place.path('disk'), place.path('saved')];
    mkdirSync(disk);
    // A checkpoint takes 36 kB: there is room for one, but not for the next one beside it.
    const script = `mount -t tmpfs -o size=72k none disk && "$@"; code=$?; cp -r disk saved; exit $code`;
    const command = [...TRAINING, '--layer', '1', '--k', '4', ...STEPS, '--out', 'disk/sae'];
    const { status, stderr } = spawnSync(
      'unshare',
      ['-rm', 'sh', '-c', script, 'sh', process.execPath, MAIN, ...command],
      { encoding: 'utf8', cwd: place.cwd, env: environment(place) },
    );
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(
        /cannot be written, the disk is full\nnext: free some space and run the same command again; add --resume to go on/,
      ),
    ]);
    rmSync(disk, { recursive: true });
    renameSync(saved, disk);
    expect(readdirSync(place.path('disk', 'sae.training'))).toContain('checkpoint.safetensors');
    await expectResumed('disk/sae');
  },
);
