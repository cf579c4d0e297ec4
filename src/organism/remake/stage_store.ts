/**
 * @file Stages of a remake and what is kept of them: each has a folder with its files, and a record of what it was made from, how long it took and what
 * was measured. A stage whose inputs are the same as before is taken from there; one with other inputs is made anew.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../../errors.ts';
import { ensureFolder, writeFileAtomic } from '../../formats/atomic.ts';

/** Of one stage that is done. */
export interface Done<T> {
  /** Hash of everything it was made from. */
  readonly key: string;
  /** Of work, over all the times that it was gone on with. */
  readonly seconds: number;
  /** Holds its files. */
  readonly folder: string;
  readonly result: T;
}

export interface StageProgress {
  /** In [0, 1]. */
  readonly fraction: number;
  /** A few words: `step 300 of 3000, loss 1.2`. */
  readonly detail?: string;
}

export interface RemakeProgress extends StageProgress {
  readonly stage: string;
  /** From the speed of this process's part of the stage; undefined at its beginning. */
  readonly secondsLeft: number | undefined;
}

export interface StageStoreOptions {
  readonly work: string;
  /** Stages in their order. */
  readonly stages: readonly string[];
  /** Made anew from here on, whatever is there. */
  readonly from?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RemakeProgress) => void) | undefined;
}

export interface StageWork<T> {
  readonly name: string;
  /** Plain JSON: settings, rules, and keys of the stages before. */
  readonly inputs: unknown;
  readonly run: (folder: string, report: (progress: StageProgress) => void) => Promise<T>;
}

/** Runs a stage, or takes what is there of it. */
export type RunStage = <T>(stage: StageWork<T>) => Promise<Done<T>>;

interface StageRecord {
  readonly key: string;
  readonly seconds: number;
  readonly isDone: boolean;
  readonly result?: unknown;
}

const RECORD_FILE = 'stage.json';

/** @throws {AntipodeError} `usage` for a stage that there is not; the returned function what the stage throws, `interrupted` */
export function createStageStore(options: StageStoreOptions): RunStage {
  const { from, signal, stages, work } = options;
  const first = from === undefined ? stages.length : stages.indexOf(from);
  if (first < 0) throw noSuchStage(from!, stages);
  return async <T>({ inputs, name, run }: StageWork<T>): Promise<Done<T>> => {
    throwIfInterrupted(signal);
    const at = stages.indexOf(name);
    if (at < 0) throw new Error(`internal: ${name} is no stage`);
    const folder = join(work, name);
    const key = hashOf({ name, inputs });
    const before = await readRecord(folder);
    const isKept = before?.key === key && at < first;
    if (isKept && before.isDone) return { key, seconds: before.seconds, folder, result: before.result as T };
    if (before === undefined) await refuseForeign(folder);
    if (!isKept) await rm(folder, { recursive: true, force: true });
    await ensureFolder(folder);
    const clock = createClock(isKept ? before.seconds : 0);
    const note = (record: Partial<StageRecord>): Promise<void> =>
      writeFileAtomic(
        join(folder, RECORD_FILE),
        `${JSON.stringify({ key, seconds: clock.seconds(), isDone: false, ...record }, null, 2)}\n`,
      );
    await note({});
    try {
      const result = await run(folder, (progress) =>
        options.onProgress?.({ stage: name, ...progress, secondsLeft: clock.left(progress.fraction) }),
      );
      const seconds = clock.seconds();
      await note({ isDone: true, seconds, result });
      return { key, seconds, folder, result };
    } catch (error) {
      // A full disk is what the stage's own error says.
      await note({}).catch(() => {});
      throw error;
    }
  };
}

/** A folder of the stage's name that no stage wrote is not emptied for it. */
async function refuseForeign(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  });
  // Of a process that was killed while it wrote the record.
  const names = entries.filter((name) => !name.startsWith('.antipode-'));
  if (names.length === 0 || names.includes(RECORD_FILE)) return;
  throw new AntipodeError('usage', `${folder}: holds ${names.sort()[0]}, which no stage left there`, {
    hint: 'choose another folder with --work',
  });
}

/** @throws {AntipodeError} `usage`, with the stages that there are */
export function checkStage(name: string, stages: readonly string[]): void {
  if (!stages.includes(name)) throw noSuchStage(name, stages);
}

function noSuchStage(name: string, stages: readonly string[]): AntipodeError {
  return new AntipodeError('usage', `stage: there is no ${name} (expected one of ${stages.join(', ')})`);
}

/** Of JSON whose keys stand in a fixed order. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

async function readRecord(folder: string): Promise<StageRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(join(folder, RECORD_FILE), 'utf8')) as Partial<StageRecord>;
    const isRecord = typeof record.key === 'string' && typeof record.seconds === 'number';
    return isRecord ? (record as StageRecord) : undefined;
  } catch (error) {
    // A record that is no JSON is of no use: the stage is made anew.
    if (systemErrorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function createClock(before: number): {
  seconds(): number;
  left(fraction: number): number | undefined;
} {
  const start = performance.now();
  let first: { readonly at: number; readonly fraction: number } | undefined;
  return {
    seconds: () => before + (performance.now() - start) / 1000,
    left(fraction) {
      const now = performance.now();
      // A stage that is gone on with begins in the middle.
      first ??= { at: now, fraction };
      const done = fraction - first.fraction;
      return done > 0 ? ((now - first.at) / 1000 / done) * (1 - fraction) : undefined;
    },
  };
}
