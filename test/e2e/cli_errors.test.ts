/** @file Rows C7 to C9 of the command line's expectations: exit codes, suggestions, and sentences that say what, where and what next. */

import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/cli/errors.ts';
import { GEOMETRY, makePairsPlace, PAIRS } from '../support/pairs_place.ts';
import { FIXTURE_SAE, type Place, runCommand, runHere, runShell, snapshot } from '../support/run_command.ts';

let place: Place;
beforeAll(() => {
  place = makePairsPlace();
});
afterAll(() => place.remove());

describe('C7, C8, C9: exit codes and error sentences', () => {
  it('the codes are the documented ones', () => {
    expect(EXIT_CODES).toEqual({
      format: 1,
      resource: 1,
      usage: 2,
      missing: 3,
      network: 4,
      check: 5,
      interrupted: 130,
    });
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    for (const code of [0, 1, 2, 3, 4, 5, 130]) expect(readme).toMatch(new RegExp(`\\| ${code} \\|`));
  });

  it.each([
    ['an unknown command suggests', ['geometri'], 2, 'Did you mean geometry?'],
    ['an unknown flag suggests', ['geometry', '--sea', 'x'], 2, 'Did you mean --sae?'],
    ['an empty value is none', ['run', 'x.yaml', '--out', ''], 2, '--out: got nothing, expected a folder'],
    ['nor among several', ['geometry', '--sae', 'x', '--sae', ''], 2, '--sae: got nothing, expected a ref'],
    ['a missing --sae', ['geometry'], 2, 'next: antipode geometry --sae organism/1-res-2k'],
    [
      'missing concepts',
      ['geometry', '--sae', FIXTURE_SAE],
      2,
      'article-20, organism-1, organism-2 or a file',
    ],
    [
      'a dry run of what could not be written',
      [...GEOMETRY, '--dry-run', '--out', 'pairs.yaml'],
      2,
      'pairs.yaml: is a file',
    ],
    ['a number that is none', [...GEOMETRY, '--seed', 'x'], 2, '--seed: got "x", expected an integer'],
    ['an unknown space', [...GEOMETRY, '--spaces', 'latent'], 2, 'expected some of encoder, decoder'],
    [
      'a missing file',
      ['geometry', '--sae', 'absent.npz', '--concepts', 'article-10'],
      3,
      'absent.npz: no such file',
    ],
    [
      'a registered SAE that is not here',
      ['geometry', '--sae', 'gemma-2-2b/20-gemmascope-res-16k'],
      3,
      'hf download',
    ],
    [
      'concepts outside the dictionary',
      ['geometry', '--sae', FIXTURE_SAE, '--concepts', 'article-10'],
      1,
      'expected 0 to 59',
    ],
    ['a file that is no SAE', ['sae', 'inspect', 'pairs.yaml'], 1, 'pairs.yaml'],
    ['an --out that is a file', [...GEOMETRY, '--out', 'pairs.yaml'], 2, 'pairs.yaml'],
  ])('%s', async (_, args, code, sentence) => {
    const result = await runHere(place, args);
    expect(result.stderr).toContain(sentence);
    expect(result.stderr).toMatch(/^error: /);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect([result.code, result.stdout]).toEqual([code, '']);
  });

  it('a file added to a run is never lost: the next run into that folder is refused', async () => {
    await runHere(place, [...PAIRS, '--out', 'kept']);
    writeFileSync(join(place.cwd, 'kept', 'notes.txt'), 'mine');
    const { code, stderr } = await runHere(place, [...PAIRS, '--out', 'kept']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('holds notes.txt')]);
    expect(readFileSync(join(place.cwd, 'kept', 'notes.txt'), 'utf8')).toBe('mine');
    await runHere(place, [...PAIRS, '--out', 'edited']);
    appendFileSync(join(place.cwd, 'edited', 'report.md'), 'my remark');
    const again = await runHere(place, [...PAIRS, '--out', 'edited']);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('report.md, changed since')]);
  });

  const hasFull = existsSync('/dev/full');
  it.skipIf(!hasFull).each(['> /dev/full', '--json > /dev/full'])(
    `a full disk behind stdout (%s) is a sentence${hasFull ? '' : ' (needs /dev/full, absent: skipped)'}`,
    async (redirect) => {
      const { code, stderr } = await runShell(place, `antipode concepts list ${redirect}`);
      expect([code, stderr]).toEqual([1, 'error: the output cannot be written (ENOSPC)\n']);
    },
  );

  it.skipIf(!hasFull)(
    `a full disk behind stderr hides no result and no exit code${hasFull ? '' : ' (needs /dev/full, absent: skipped)'}`,
    async () => {
      expect(await runShell(place, 'antipode sae inspect absent.npz 2> /dev/full')).toMatchObject({
        code: 3,
      });
      expect(await runShell(place, `antipode ${PAIRS.join(' ')} -q --out e 2> /dev/full`)).toMatchObject({
        code: 0,
        stdout: 'e\n',
      });
    },
  );

  it('the article’s numbers do not stand beside a file of other sizes', async () => {
    const args = [
      'geometry',
      '--sae',
      `gemma-2-2b/20-gemmascope-res-16k=${FIXTURE_SAE}`,
      '--concepts',
      'pairs.yaml',
      '--only',
      'pairs',
    ];
    const { stdout, stderr } = await runHere(place, args);
    expect(stdout).not.toContain('Published');
    expect(stderr).toContain('its numbers are left out');
  });

  it('usage errors point to the help of their own command', async () => {
    expect((await runHere(place, ['sae', 'list', '--nonsense'])).stderr).toContain(
      'antipode sae list --help',
    );
    expect((await runHere(place, ['help', 'geometry'])).stdout).toContain('Examples:');
  });

  it('--verbose adds the stack', async () => {
    expect((await runCommand(place, ['--verbose', 'sae', 'inspect', 'absent.npz'])).stderr).toMatch(
      /\n\s+at /,
    );
  });

  it('never waits for an answer: stdin may be closed', async () => {
    const { code } = await runShell(place, `antipode ${PAIRS.join(' ')} <&-`);
    expect(code).toBe(0);
  });

  it('a folder of somebody else’s is never replaced', async () => {
    const foreign = join(place.cwd, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'thesis.txt'), 'years of work');
    const { code, stderr } = await runHere(place, [...GEOMETRY, '--out', 'foreign']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--out')]);
    expect(snapshot(foreign).size).toBe(1);
  });
});
