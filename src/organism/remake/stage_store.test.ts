import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createStageStore,
  type RemakeProgress,
  type RunStage,
  type StageStoreOptions,
} from './stage_store.ts';

let work: string;

beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'antipode-stages-'));
});

afterEach(() => rm(work, { recursive: true }));

function open(more: Partial<StageStoreOptions> = {}): RunStage {
  return createStageStore({ work, stages: ['one', 'two'], ...more });
}

/** A stage that counts in a file of its folder how often it was run there. */
async function count(run: RunStage, name = 'one', inputs: unknown = { seed: 1 }): Promise<number> {
  const { result } = await run({
    name,
    inputs,
    async run(folder) {
      const path = join(folder, 'count');
      const before = Number(await readFile(path, 'utf8').catch(() => '0'));
      await writeFile(path, String(before + 1));
      return before + 1;
    },
  });
  return result;
}

describe('stages of a remake', () => {
  test('one that is done is not run again, whoever asks', async () => {
    const first = open();
    const stage = { name: 'one', inputs: { a: 1 }, run: async () => ({ loss: 0.5 }) };
    const done = await first(stage);
    const again = await open()({
      ...stage,
      run: async () => {
        throw new Error('ran again');
      },
    });
    expect(again).toEqual(done);
  });

  test('with other inputs it is made anew, in an empty folder', async () => {
    expect(await count(open())).toBe(1);
    expect(await count(open(), 'one', { seed: 2 })).toBe(1);
  });

  test('a folder of its name that no stage left is not emptied', async () => {
    await mkdir(join(work, 'one'));
    await writeFile(join(work, 'one', 'weights'), 'mine');
    for (const more of [{}, { from: 'one' }]) {
      await expect(count(open(more))).rejects.toMatchObject({
        kind: 'usage',
        message: `${join(work, 'one')}: holds weights, which no stage left there`,
      });
    }
    expect(await readFile(join(work, 'one', 'weights'), 'utf8')).toBe('mine');
  });

  test('asked to begin from a stage, that one and those behind it are made anew', async () => {
    await count(open());
    await count(open(), 'two');
    let runs = 0;
    const run = open({ from: 'two' });
    for (const name of ['one', 'two']) {
      await run({ name, inputs: { seed: 1 }, run: async () => ++runs });
    }
    expect(runs).toBe(1);
  });

  test('one that failed goes on in its folder, and its seconds add up', async () => {
    const inputs = { seed: 1 };
    const failing = open()({
      name: 'one',
      inputs,
      async run(folder) {
        await writeFile(join(folder, 'checkpoint'), 'step 7');
        await new Promise((resolve) => setTimeout(resolve, 30));
        throw new Error('the power went out');
      },
    });
    await expect(failing).rejects.toThrow('the power went out');
    const { result, seconds } = await open()({
      name: 'one',
      inputs,
      run: (folder) => readFile(join(folder, 'checkpoint'), 'utf8'),
    });
    expect(result).toBe('step 7');
    expect(seconds).toBeGreaterThan(0.025);
  });

  test('a record that is cut off does not stand in the way', async () => {
    await count(open());
    await writeFile(join(work, 'one', 'stage.json'), '{"key": "ab');
    expect(await count(open())).toBe(1);
  });

  test('progress says what is left once it is known, also from the middle on', async () => {
    const seen: RemakeProgress[] = [];
    const run = open({ onProgress: (progress) => seen.push(progress) });
    await run({
      name: 'one',
      inputs: {},
      async run(_, report) {
        report({ fraction: 0.5 });
        await new Promise((resolve) => setTimeout(resolve, 40));
        report({ fraction: 0.75, detail: 'step 3 of 4' });
      },
    });
    expect(seen[0]).toEqual({ stage: 'one', fraction: 0.5, secondsLeft: undefined });
    expect(seen[1]).toMatchObject({ stage: 'one', fraction: 0.75, detail: 'step 3 of 4' });
    // A quarter took 40 ms, a quarter is left.
    expect(seen[1]!.secondsLeft).toBeGreaterThan(0.03);
    expect(seen[1]!.secondsLeft).toBeLessThan(1);
  });

  test('an unknown stage, and an interrupt, are sentences', async () => {
    expect(() => open({ from: 'three' })).toThrow('stage: there is no three (expected one of one, two)');
    const stopped = open({ signal: AbortSignal.abort() });
    await expect(count(stopped)).rejects.toMatchObject({ kind: 'interrupted' });
  });
});
