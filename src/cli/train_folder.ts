/**
 * @file The two folders of a training: `OUT.training`, where it goes on from after an interruption, and `OUT`, which appears whole at the end. What a
 * training was begun with stands in the first; it goes on with nothing else.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { ensureFolder, type FolderKind, writeDirectoryAtomic, writeFileAtomic } from '../formats/atomic.ts';
import { livingOwner } from '../formats/lock.ts';
import { CHECKPOINT_FILE } from '../train/sae/training_checkpoint.ts';
import { LOSS_CURVE_FILE } from '../train/step/loss_curve.ts';

/** A finished training is replaced by the next one only while it holds nothing but what its manifest lists. */
export const TRAINED_SAE_FOLDER: FolderKind = {
  schema: 'sae-training',
  filesOf: ({ outputs }) =>
    Array.isArray(outputs)
      ? outputs.map((output: { file?: unknown; sha256?: unknown } | null) => ({
          file: String(output?.file),
          sha256: String(output?.sha256),
        }))
      : [],
};

/** Marks a working folder, and holds what the training was begun with. */
const BEGUN_FILE = 'training.json';
/** Of `trainSae`. */
const LOCK_FILE = 'training.lock';
const BEGUN_SCHEMA = 'sae-training-under-way';

/** By the name that the user knows it by: `--k`, `model`. */
export type BegunWith = Readonly<Record<string, string | number | boolean | null>>;

export interface WorkFolder {
  readonly path: string;
  /** As the user named it. */
  readonly shown: string;
}

export function workFolderOf(out: string, shown: string): WorkFolder {
  return { path: `${out}.training`, shown: `${shown}.training` };
}

/**
 * Whether the working folder can be entered, without making anything: it is not there, or as this very training left it. One that holds no checkpoint yet
 * is begun anew, whatever was asked for.
 * @returns whether there is a checkpoint to go on from
 * @throws {AntipodeError} `usage` where a training waits there and is not asked for, is asked for and not there, was begun with something else, or
 * is under way in another process
 */
export async function checkWorkFolder(
  { path, shown }: WorkFolder,
  begunWith: BegunWith,
  isResumed: boolean,
): Promise<boolean> {
  const names = await namesIn(path);
  const before = await readBegun(path);
  const hint = 'choose another folder with --out';
  if (before === undefined) {
    if (names.length > 0) {
      throw new AntipodeError('usage', `${shown}: holds ${names[0]}, which antipode did not write there`, {
        hint,
      });
    }
    if (isResumed) {
      throw new AntipodeError('usage', `${shown}: there is no training to go on with`, {
        hint: 'leave --resume out to begin one',
      });
    }
  }
  const owner = await livingOwner(join(path, LOCK_FILE));
  if (owner !== undefined) {
    throw new AntipodeError('usage', `${shown}: process ${owner} trains there at this moment`, { hint });
  }
  if (before === undefined || !names.includes(CHECKPOINT_FILE)) return false;
  if (!isResumed) {
    throw new AntipodeError('usage', `${shown}: holds a training that was interrupted`, {
      hint: 'add --resume to go on with it, or remove that folder to begin anew',
    });
  }
  checkSame(shown, before, begunWith);
  return true;
}

/**
 * Makes the working folder, or finds it as this very training left it.
 * @throws {AntipodeError} as `checkWorkFolder`; `resource` where nothing can be written
 */
export async function enterWorkFolder(
  folder: WorkFolder,
  begunWith: BegunWith,
  isResumed: boolean,
): Promise<void> {
  if (await checkWorkFolder(folder, begunWith, isResumed)) return;
  await ensureFolder(folder.path);
  const begun = { tool: 'antipode', schema: BEGUN_SCHEMA, begun_with: begunWith };
  await writeFileAtomic(join(folder.path, BEGUN_FILE), `${JSON.stringify(begun, null, 2)}\n`);
}

function checkSame(shown: string, before: BegunWith, now: BegunWith): void {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const word = (value: BegunWith[string] | undefined): string => String(value ?? 'not given');
  const changes = names
    .filter((name) => (before[name] ?? null) !== (now[name] ?? null))
    .map((name) =>
      /^(the )/.test(name) ? `${name} changed` : `${name} was ${word(before[name])}, now ${word(now[name])}`,
    );
  if (changes.length === 0) return;
  throw new AntipodeError('usage', `${shown}: was begun with something else (${changes.join('; ')})`, {
    hint: 'give what it was begun with, or choose another folder with --out',
  });
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => !isTemporary(name)).sort();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readBegun(path: string): Promise<BegunWith | undefined> {
  try {
    const found: unknown = JSON.parse(await readFile(join(path, BEGUN_FILE), 'utf8'));
    const { begun_with, schema } = (found ?? {}) as { begun_with?: unknown; schema?: unknown };
    if (schema !== BEGUN_SCHEMA || typeof begun_with !== 'object' || begun_with === null) return undefined;
    return begun_with as BegunWith;
  } catch {
    return undefined;
  }
}

export async function hasCheckpoint({ path }: WorkFolder): Promise<boolean> {
  return (await namesIn(path)).includes(CHECKPOINT_FILE);
}

/** Removes what a training leaves, half-written files of a process that was killed included; the folder itself only where nothing else is in it. */
export async function leaveWorkFolder({ path }: WorkFolder): Promise<void> {
  const names = await readdir(path).catch(() => []);
  const own = [CHECKPOINT_FILE, LOSS_CURVE_FILE, LOCK_FILE, BEGUN_FILE];
  for (const name of names) {
    if (own.includes(name) || isTemporary(name)) await rm(join(path, name), { force: true });
  }
  await rmdir(path).catch(() => {});
}

/** Of the error that an interrupted training itself throws, with the step behind it. */
const STANDS = 'interrupted: the training stands';

/** Nothing is left of a training without a checkpoint; with one, the error says how to go on from it. */
export async function withNextStep(error: unknown, work: WorkFolder): Promise<unknown> {
  if (!(await hasCheckpoint(work))) {
    await leaveWorkFolder(work);
    return error;
  }
  if (!(error instanceof AntipodeError)) return error;
  const { kind, message } = error;
  if (kind !== 'interrupted' && kind !== 'resource' && kind !== 'usage') return error;
  const first = {
    interrupted: '',
    resource: error.hint === undefined ? '' : `${error.hint}; `,
    // After hours of training: somebody put something where the result goes.
    usage: 'clear the folder, then ',
  };
  const hint = `${first[kind]}add --resume to go on (${work.shown} holds the checkpoint)`;
  // What stops outside the training itself says that nothing is left, which is true of files alone.
  const isTold = kind !== 'interrupted' || message.startsWith(STANDS);
  const text = isTold ? message : `${STANDS} at its last checkpoint`;
  return new AntipodeError(kind, text, { hint, cause: error });
}

function isTemporary(name: string): boolean {
  return /^\.antipode-.*\.tmp$/.test(name);
}

export interface TrainedFolder {
  /** Everything of the manifest but the list of files. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Writes the files into a folder. */
  readonly fill: (folder: string) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** @throws {AntipodeError} as `writeDirectoryAtomic` */
export async function writeTrainedFolder(out: string, { facts, fill, signal }: TrainedFolder): Promise<void> {
  const write = async (temporary: string): Promise<void> => {
    await fill(temporary);
    const outputs = await describeFiles(temporary);
    const manifest = { tool: 'antipode', schema: TRAINED_SAE_FOLDER.schema, ...facts, outputs };
    await writeFile(join(temporary, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  };
  await writeDirectoryAtomic(out, TRAINED_SAE_FOLDER, write, signal ? { signal } : {});
}

interface DescribedFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

async function describeFiles(folder: string): Promise<DescribedFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const described: DescribedFile[] = [];
  for (const path of files.sort()) {
    const bytes = await readFile(path);
    described.push({
      file: relative(folder, path).split(sep).join('/'),
      bytes: bytes.byteLength,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  }
  return described;
}
