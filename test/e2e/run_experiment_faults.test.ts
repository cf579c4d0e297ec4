/**
 * @file `antipode run` and what goes wrong: stopped in every stage, a full disk, a folder that takes no files, tables that were cut or altered, two runs at once. One
 * sentence, nothing lost, and the same bytes once it is mended.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFull, onlyInFull } from '../support/effort.ts';
import { type CommandResult, environment, MAIN, makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';
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
  took = new Map(stages.map(({ name, seconds }: { name: string; seconds: number }) => [name, 1000 * seconds]));
}, 120_000);
afterAll(() => place.remove());

function run(out: string, during?: Parameters<typeof runCommand>[2]): Promise<CommandResult> {
  return runCommand(place, ['run', 'small.yaml', '--out', out], during);
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

describe('C19: stopped within a stage and run again, it leaves the same bytes', () => {
  const cases = STAGES.flatMap((stage) =>
    (['SIGKILL', 'SIGINT'] as const).flatMap((signal) =>
      [0, 0.5, 0.9].map((share) => ({ stage, signal, share })),
    ),
  );
  const cheap = new Set(['search SIGKILL 0.5', 'judge SIGINT 0', 'report SIGKILL 0']);
  it.each(cases)('$stage, $signal after $share of its time', async (one) => {
    const { stage, signal, share } = one;
    if (!isFull && !cheap.has(`${stage} ${signal} ${share}`)) return;
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
    if (stopped.code === 130) expect(stopped.stderr).toMatch(/interrupted/);
    expect(await run(out)).toMatchObject({ code: 0 });
    expect(differences(out)).toEqual([]);
    rmSync(path(out), { recursive: true });
  }, 120_000);
});
