/**
 * @file `antipode run` and what goes wrong: stopped in every stage, a full disk, a folder that takes no files, tables that were cut or altered, two runs at once. One
 * sentence, nothing lost, and the same bytes once it is mended.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFull, onlyInFull } from '../support/effort.ts';
import {
  type CommandResult,
  environment,
  MAIN,
  makePlace,
  type Place,
  runCommand,
  runHere,
} from '../support/run_command.ts';
import { MANIFEST, SPEC, STAGES, stagesOf, whatIsIn } from '../support/small_experiment.ts';

type StageName = (typeof STAGES)[number];

let place: Place;
/** What a run that nothing stops leaves. */
let expected: Map<string, string>;
/** Milliseconds that each stage took then. */
let took: Map<string, number>;
const path = (...parts: string[]): string => join(place.cwd, ...parts);

beforeAll(async () => {
  place = makePlace();
  writeFileSync(path('small.yaml'), SPEC);
  expect(await run('whole')).toMatchObject({ code: 0 });
  expected = whatIsIn(place, 'whole');
  const { stages } = JSON.parse(readFileSync(path('whole', MANIFEST), 'utf8'));
  took = new Map(
    stages.map(({ name, seconds }: { name: string; seconds: number }) => [name, 1000 * seconds]),
  );
}, 120_000);
afterAll(() => place.remove());

function run(out: string, during?: Parameters<typeof runCommand>[2]): Promise<CommandResult> {
  const words = ['run', 'small.yaml', '--out', out];
  return during ? runCommand(place, words, during) : runHere(place, words);
}

/** Files of the folder that are not those of the run that nothing stopped. */
function differences(out: string): string[] {
  const files = whatIsIn(place, out);
  return [...new Set([...files.keys(), ...expected.keys()])].filter(
    (file) => files.get(file) !== expected.get(file),
  );
}

/** A folder in which the stages before this one are finished, and nothing else is there. */
function finishedBefore(stage: StageName, out: string): void {
  cpSync(path('whole'), path(out), { recursive: true });
  const isLeft = (file: string): boolean => {
    const name = ownerOf(file);
    return name === undefined || STAGES.indexOf(name) < STAGES.indexOf(stage);
  };
  for (const file of expected.keys()) if (!isLeft(file)) rmSync(path(out, file));
  for (const folder of ['geometry', 'search', 'statistics', 'steering']) {
    if (![...expected.keys()].some((file) => file.startsWith(`${folder}/`) && isLeft(file)))
      rmSync(path(out, folder), { recursive: true });
  }
}

/** The stage that leaves a file; the spec is nobody's. */
function ownerOf(file: string): StageName | undefined {
  const receipt = /^stages\/(\w+)\.json$/.exec(file)?.[1];
  const name = receipt ?? file.split('/')[0]!;
  if (name === 'steering' && receipt === undefined)
    return ['steering/steering.json', 'steering/replies.jsonl'].includes(file) ? 'steering' : 'judge';
  if (name === 'experiment.yaml') return undefined;
  return STAGES.find((stage) => stage === name) ?? 'report';
}

describe(`C19: stopped within a stage and run again, it leaves the same bytes${onlyInFull('but two of 36 moments')}`, () => {
  const cases = STAGES.flatMap((stage) =>
    (['SIGKILL', 'SIGINT'] as const).flatMap((signal) =>
      [0, 0.5, 0.9].map((share) => ({ stage, signal, share })),
    ),
  );
  const inEveryRun = ({ stage, signal, share }: (typeof cases)[number]): boolean =>
    ['judge SIGINT 0', 'report SIGKILL 0'].includes(`${stage} ${signal} ${share}`);
  it.each(isFull ? cases : cases.filter(inEveryRun))(
    '$stage, $signal after $share of its time',
    async (one) => {
      const { stage, signal, share } = one;
      const out = `stopped-${stage}-${signal}-${share}`;
      finishedBefore(stage, out);
      const stopped = await run(out, {
        during: (child) => {
          child.stderr!.on('data', (text: string) => {
            if (text.includes(`${stage} …`)) setTimeout(() => child.kill(signal), share * took.get(stage)!);
          });
        },
      });
      expect(stagesOf(stopped)[0]).toBe(stage);
      // The last moments of a stage may be over sooner than in the first run.
      if (share === 0) expect(stopped.code).toBe(signal === 'SIGINT' ? 130 : null);
      expect(await run(out)).toMatchObject({ code: 0 });
      expect(differences(out)).toEqual([]);
      rmSync(path(out), { recursive: true });
    },
    120_000,
  );
});

/** A file of each stage that the next one reads, or a person. */
const LEFT: Record<StageName, string> = {
  geometry: 'geometry/tables/cosines.parquet',
  search: 'search/tables/places.parquet',
  statistics: 'statistics/tables/verdicts.csv',
  steering: 'steering/replies.jsonl',
  judge: 'steering/tables/arms.parquet',
  report: 'report.md',
};

describe('a file that a finished stage left', () => {
  it.each(STAGES)(
    'of %s, cut or altered, is not written over, and comes anew when it is moved away',
    async (stage) => {
      const out = `harmed-${stage}`;
      cpSync(path('whole'), path(out), { recursive: true });
      const file = path(out, LEFT[stage]);
      const whole = readFileSync(file);
      const shown = `error: ${out}/${LEFT[stage]}: has changed since the ${stage} stage left it`;
      const harm = async (bytes: Buffer, found: string): Promise<void> => {
        writeFileSync(file, bytes);
        const refused = await runHere(place, ['run', 'small.yaml', '--out', out]);
        expect(refused.stderr).toContain(`${shown} (got ${found}`);
        expect(refused.stderr).toContain('next: put back what was there, or move it away');
        expect(refused).toMatchObject({ code: 2, stdout: '' });
        expect(readFileSync(file).equals(bytes)).toBe(true);
      };
      await harm(whole.subarray(0, whole.length - 7), `${whole.length - 7} bytes, expected ${whole.length})`);
      const altered = Buffer.from(whole);
      altered[whole.length >> 1]! ^= 1;
      await harm(altered, 'SHA-256 ');

      writeFileSync(file, whole);
      const mended = await runHere(place, ['run', 'small.yaml', '--out', out]);
      expect(mended).toMatchObject({ code: 0 });
      expect(stagesOf(mended)).toEqual([]);

      if (!isFull && stage !== 'report') return;
      renameSync(file, path(`${stage}-aside`));
      expect(await run(out)).toMatchObject({ code: 0 });
      expect(differences(out)).toEqual([]);
    },
    60_000,
  );

  it('is written over where --from asks for it', async () => {
    const from = isFull ? 'geometry' : 'report';
    cpSync(path('whole'), path('asked'), { recursive: true });
    for (const stage of STAGES.slice(STAGES.indexOf(from))) writeFileSync(path('asked', LEFT[stage]), 'mine');
    expect(await runHere(place, ['run', 'small.yaml', '--out', 'asked', '--from', from])).toMatchObject({
      code: 0,
    });
    expect(differences('asked')).toEqual([]);
  });
});

describe('the spec in the folder', () => {
  it('stays that of what stands there when a run of another one is refused', async () => {
    cpSync(path('whole'), path('refused'), { recursive: true });
    writeFileSync(path('refused', LEFT.report), 'mine');
    writeFileSync(path('other.yaml'), SPEC.replace('A small one', 'Another'));
    const refused = await runHere(place, ['run', 'other.yaml', '--out', 'refused']);
    expect(refused).toMatchObject({ code: 2 });
    expect(readFileSync(path('refused', 'experiment.yaml'), 'utf8')).toBe(SPEC);
  });

  it('stays so where the replies are those of another plan, and the sentence says how to make them anew', async () => {
    cpSync(path('whole'), path('planned'), { recursive: true });
    writeFileSync(path('more.yaml'), SPEC.replace('replies: 2', 'replies: 3'));
    const refused = await runHere(place, ['run', 'more.yaml', '--out', 'planned']);
    expect(refused.stderr).toContain('planned/steering: holds the run of another plan: replies differs');
    expect(refused.stderr).toContain('antipode run --from steering');
    expect(refused.code).toBe(2);
    expect(readFileSync(path('planned', 'experiment.yaml'), 'utf8')).toBe(SPEC);
  });

  it('without steering has no such stages, and says of whom the replies in the folder are', async () => {
    writeFileSync(path('plain.yaml'), SPEC.slice(0, SPEC.indexOf('steering:')));
    for (const option of ['--only', '--from']) {
      const refused = await runHere(place, ['run', 'plain.yaml', '--out', 'plain', option, 'judge']);
      expect(refused.stderr).toMatch(
        /^error: judge: plain.yaml has no steering, and so no such stage\nnext: /,
      );
      expect(refused.code).toBe(2);
    }
    cpSync(path('whole'), path('plain'), { recursive: true });
    const made = await runHere(place, ['run', 'plain.yaml', '--out', 'plain']);
    expect([made.code, stagesOf(made)]).toEqual([0, ['report']]);
    expect(made.stderr).toContain('plain/steering: is of another spec');
    const { stages } = JSON.parse(readFileSync(path('plain', MANIFEST), 'utf8'));
    expect(stages.map(({ name }: { name: string }) => name)).not.toContain('judge');
  });

  it('comes again when it is gone', async () => {
    cpSync(path('whole'), path('gone'), { recursive: true });
    rmSync(path('gone', 'experiment.yaml'));
    const again = await run('gone');
    expect([again.code, stagesOf(again)]).toEqual([0, []]);
    expect(differences('gone')).toEqual([]);
  });
});

it('a lock that a killed run left alone in the folder keeps nobody out', async () => {
  mkdirSync(path('locked'));
  writeFileSync(path('locked', 'experiment.lock'), '');
  const planned = await runHere(place, ['run', 'small.yaml', '--out', 'locked', '--dry-run']);
  expect([planned.code, planned.stderr]).toEqual([0, '']);
});

it('two runs at once in one folder: the second says who works there, the first is not disturbed', async () => {
  finishedBefore('statistics', 'shared');
  let second: Promise<CommandResult> | undefined;
  const first = await run('shared', {
    during: (child) => {
      child.stderr!.on('data', () => {
        second ??= run('shared');
      });
    },
  });
  expect(first).toMatchObject({ code: 0 });
  const refused = await second!;
  expect(refused.stderr).toMatch(
    /^error: shared: process \d+ works there at this moment\nnext: wait for it, or choose another folder with --out\n$/,
  );
  expect(refused.code).toBe(2);
  expect(differences('shared')).toEqual([]);
});

const canMount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;
const why = canMount ? '' : ' (needs unshare and a mount of its own, absent: skipped)';

/** Runs the command on a disk of its own that holds `from`: after `before`, and again after `mend`. What is there in the end goes to `saved`. */
function onDisk(from: string, before: string, mend: string): { stderr: string; codes: string[] } {
  mkdirSync(path('disk'), { recursive: true });
  rmSync(path('saved'), { recursive: true, force: true });
  const script = [
    `mount -t tmpfs -o size=64m none disk && cp -r ${from}/. disk/`,
    'used=$(df -k --output=used disk | tail -1)',
    `${before} && { "$@"; echo "code $?"; }`,
    `${mend} && { "$@"; echo "code $?"; }`,
    'cp -r disk saved',
  ].join('\n');
  const args = [process.execPath, MAIN, 'run', 'small.yaml', '--out', 'disk', '-q'];
  const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', ...args], {
    encoding: 'utf8',
    cwd: place.cwd,
    env: environment(place),
  });
  return { stderr, codes: stdout.split('\n').filter((line) => line.startsWith('code ')) };
}

describe.skipIf(!canMount)(`on a disk${why}`, () => {
  it.each(isFull ? STAGES : STAGES.slice(-1))(
    `that is full in %s: one sentence, and the same bytes once there is room${onlyInFull('other stages')}`,
    (stage) => {
      finishedBefore(stage, `full-${stage}`);
      const { stderr, codes } = onDisk(
        `full-${stage}`,
        'mount -o remount,size=$((used + 16))k disk',
        'mount -o remount,size=64m disk',
      );
      expect(stderr).toMatch(/^error: .*disk\/.*: cannot be written, the disk is full$/m);
      expect(stderr).toContain('next: free some space and run the same command again');
      expect(stderr.match(/error:/g)).toHaveLength(1);
      expect(codes).toEqual(['code 1', 'code 0']);
      expect(differences('saved')).toEqual([]);
    },
    60_000,
  );

  it('that takes no files: one sentence, and the same bytes once it does', () => {
    finishedBefore('report', 'readonly');
    const { stderr, codes } = onDisk('readonly', 'mount -o remount,ro disk', 'mount -o remount,rw disk');
    expect(stderr).toMatch(/^error: .*\/disk: no permission to write there\nnext: make it writable/);
    expect(codes).toEqual(['code 1', 'code 0']);
    expect(differences('saved')).toEqual([]);
  });
});
