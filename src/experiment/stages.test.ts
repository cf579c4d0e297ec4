import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { finishedStages, type RunStagesOptions, runStages, type Stage } from './stages.ts';

type Name = 'first' | 'second' | 'other';

let dir: string;
let ran: Name[];
let anew: Name[];
let parameters: Record<Name, unknown>;
let fails: Name | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-stages-'));
  ran = [];
  anew = [];
  parameters = { first: { seed: 0 }, second: {}, other: {} };
  fails = undefined;
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function stage(name: Name, reads: readonly Name[]): Stage<Name> {
  return {
    name,
    reads,
    folder: name,
    inputs: async () => ({ parameters: parameters[name] }),
    async run(isAnew) {
      ran.push(name);
      if (isAnew) anew.push(name);
      const folder = join(dir, name);
      await mkdir(join(folder, 'tables'), { recursive: true });
      await writeFile(join(folder, 'tables', 'table.csv'), JSON.stringify([name, parameters[name]]));
      if (fails === name) throw new AntipodeError('resource', 'the disk is full');
      await writeFile(join(folder, 'manifest.json'), '{}');
    },
  };
}

const STAGES = [stage('first', []), stage('second', ['first']), stage('other', [])];

/** What ran, and what was finished before. */
async function run(
  options: Partial<RunStagesOptions<Name>> = {},
): Promise<{ ran: Name[]; finished: Name[] }> {
  ran = [];
  const finished: Name[] = [];
  await runStages(STAGES, {
    dir,
    shown: 'runs/x',
    signal: new AbortController().signal,
    onStage: (name, state) => {
      if (state === 'finished before') finished.push(name);
    },
    ...options,
  });
  return { ran, finished };
}

describe('stages', () => {
  it('run in order, and not again', async () => {
    expect(await run()).toEqual({ ran: ['first', 'second', 'other'], finished: [] });
    expect(await run()).toEqual({ ran: [], finished: ['first', 'second', 'other'] });
    expect([...(await finishedStages(STAGES, dir))]).toEqual(['first', 'second', 'other']);
  });

  it('run again with what reads them when their inputs have changed, and nothing else does', async () => {
    await run();
    parameters.first = { seed: 1 };
    expect([...(await finishedStages(STAGES, dir))]).toEqual(['other']);
    expect(await run()).toEqual({ ran: ['first', 'second'], finished: ['other'] });
    parameters.second = { top: 3 };
    expect((await run()).ran).toEqual(['second']);
    parameters.first = { seed: 0 };
    expect((await run()).ran).toEqual(['first', 'second']);
  });

  it('do not mind in which order their inputs are named', async () => {
    parameters.first = { a: 1, b: { c: 2, d: [{ e: 3, f: 4 }] } };
    await run();
    parameters.first = { b: { d: [{ f: 4, e: 3 }], c: 2 }, a: 1 };
    expect((await run()).ran).toEqual([]);
  });

  it('run again, and what reads them, when one of their files is gone', async () => {
    await run();
    await rm(join(dir, 'first', 'tables', 'table.csv'));
    expect((await run()).ran).toEqual(['first', 'second']);
    expect(await readFile(join(dir, 'first', 'tables', 'table.csv'), 'utf8')).toBe('["first",{"seed":0}]');
  });

  it.each([
    ['cut', '["second"', 'got 9 bytes, expected 13'],
    ['altered', '["second",{1}', /got SHA-256 [0-9a-f]{12}…, expected [0-9a-f]{12}…/],
  ])('do not write over a file that was %s, before anything is run', async (_, text, found) => {
    await run();
    const path = join(dir, 'second', 'tables', 'table.csv');
    const whole = await readFile(path, 'utf8');
    await writeFile(path, text);
    parameters.first = { seed: 1 };
    const refused = {
      kind: 'usage',
      message: expect.stringMatching(found),
      hint: expect.stringContaining('put back what was there, or move it away'),
    };
    await expect(run()).rejects.toMatchObject(refused);
    await expect(run()).rejects.toThrow(
      'runs/x/second/tables/table.csv: has changed since the second stage left it',
    );
    await expect(run({ only: 'second' })).rejects.toMatchObject(refused);
    expect(ran).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe(text);
    // One stage alone has nothing to do with the files of others that it does not read.
    expect((await run({ only: 'other' })).ran).toEqual(['other']);
    parameters.first = { seed: 0 };
    await writeFile(path, whole);
    expect((await run()).ran).toEqual([]);
    await writeFile(path, text);
    expect((await run({ from: 'second' })).ran).toEqual(['second', 'other']);
    expect(await readFile(path, 'utf8')).toBe(whole);
  });

  it.each(['', '{', 'null', '[]', '{"key":1}', '{"key":"a","files":[null]}', '{"key":"a","files":{}}'])(
    'run again when their receipt is %j',
    async (receipt) => {
      await run();
      await writeFile(join(dir, 'stages', 'other.json'), receipt);
      expect((await run()).ran).toEqual(['other']);
    },
  );

  it('that fail leave no receipt, and those before them need not run again', async () => {
    fails = 'second';
    await expect(run()).rejects.toMatchObject({ kind: 'resource' });
    expect(ran).toEqual(['first', 'second']);
    fails = undefined;
    expect(await run()).toEqual({ ran: ['second', 'other'], finished: ['first'] });
  });

  it('that fail when run anew do not count as finished by their older receipt', async () => {
    await run();
    parameters.second = { top: 4 };
    fails = 'second';
    await expect(run()).rejects.toMatchObject({ kind: 'resource' });
    fails = undefined;
    parameters.second = {};
    // Half of it was written with the other inputs.
    expect((await run()).ran).toEqual(['second']);
  });

  it('from one on run whether finished or not', async () => {
    await run();
    expect(await run({ from: 'second' })).toEqual({ ran: ['second', 'other'], finished: ['first'] });
    expect(anew).toEqual(['second', 'other']);
  });

  it('one alone runs where what it reads is finished', async () => {
    await run();
    expect((await run({ only: 'second' })).ran).toEqual(['second']);
    parameters.first = { seed: 2 };
    await expect(run({ only: 'second' })).rejects.toMatchObject({
      kind: 'usage',
      message: 'second: reads what first leaves, which is not finished or has changed',
      hint: 'run it without --only, or with --from first',
    });
    expect((await run({ only: 'other' })).ran).toEqual(['other']);
  });

  it('share a folder where each knows its own files', async () => {
    const shared = (name: Name, reads: readonly Name[]): Stage<Name> => ({
      name,
      reads,
      folder: 'shared',
      owns: (file) => file.startsWith(name),
      inputs: async () => ({ parameters: parameters[name] }),
      async run() {
        ran.push(name);
        await mkdir(join(dir, 'shared'), { recursive: true });
        await writeFile(join(dir, 'shared', `${name}.txt`), JSON.stringify(parameters[name]));
      },
    });
    const both = [shared('first', []), shared('second', ['first'])];
    const signal = new AbortController().signal;
    await runStages(both, { dir, shown: dir, signal });
    parameters.second = { changed: true };
    await runStages(both, { dir, shown: dir, signal });
    await runStages(both, { dir, shown: dir, signal });
    expect(ran).toEqual(['first', 'second', 'second']);
  });

  it('stop between each other', async () => {
    const controller = new AbortController();
    await expect(
      run({
        signal: controller.signal,
        onStage: (name) => {
          if (name === 'second') controller.abort();
        },
      }),
    ).rejects.toMatchObject({ kind: 'interrupted' });
    expect((await run()).finished).toEqual(['first']);
  });

  it('that read what does not stand before them are a mistake of ours', async () => {
    await expect(
      runStages([stage('second', ['first'])], { dir, shown: dir, signal: new AbortController().signal }),
    ).rejects.toThrow(/^internal: stage second reads first/);
  });
});
