/**
 * @file Stages of an experiment in one run folder. Each leaves its files there and, last of all, a receipt under `stages/`: a key of everything that decides
 * its outcome, and the hashes of what it wrote. A stage whose key and files are still these is not run again; one whose files are gone is; files that somebody
 * changed are never written over unasked.
 *
 * The key covers the keys of the stages that it reads, so that what changes upstream changes everything behind it, and nothing else.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { AntipodeError, systemErrorCode, throwIfInterrupted } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic.ts';
import { hashFile } from '../formats/hash_file.ts';

export interface Stage<Name extends string = string> {
  readonly name: Name;
  /** Those whose files it reads; they stand before it. */
  readonly reads: readonly Name[];
  /** What decides its outcome besides them: parameters, hashes of input files, versions. Plain JSON. */
  readonly inputs: () => Promise<Readonly<Record<string, unknown>>>;
  /** Below the run folder; two stages may share one. */
  readonly folder: string;
  /** Which files of its folder are its own, by their path there with `/`; all where left out. */
  readonly owns?: (file: string) => boolean;
  /** Its folder may hold what an interrupted run of the same stage left. @param isAnew whether it is to begin from nothing */
  readonly run: (isAnew: boolean) => Promise<void>;
}

export interface RunStagesOptions<Name extends string> {
  /** The run folder, which exists. */
  readonly dir: string;
  /** The folder as messages name it. */
  readonly shown: string;
  /** This stage and all behind it are run again, finished or not, and over files that somebody changed. */
  readonly from?: Name;
  /** This one alone; those that it reads have to be finished. */
  readonly only?: Name;
  readonly signal: AbortSignal;
  /** Once, before the first stage that runs: what stands beside the stages is written only by a run that has something to do. */
  readonly begin?: () => Promise<void>;
  /** Before each stage. */
  readonly onStage?: (name: Name, state: 'finished before' | 'runs') => void;
}

interface Receipt {
  readonly key: string;
  readonly files: readonly LeftFile[];
}

interface LeftFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

const RECEIPTS = 'stages';

/** A receipt lists some dozens of files. */
const MAX_RECEIPT = 2 ** 22;

/**
 * One after the other, in the order given.
 * @throws {AntipodeError} `usage` where `only` reads what is not finished, and where a file that a stage left has changed since; `interrupted`, and what the
 * stages throw
 */
export async function runStages<Name extends string>(
  stages: readonly Stage<Name>[],
  options: RunStagesOptions<Name>,
): Promise<void> {
  const { begin, dir, from, only, signal, onStage } = options;
  await refuseChanged(stages, options);
  const keys = new Map<Name, string>();
  const changed = new Set<Name>();
  let isForced = false;
  let hasBegun = false;
  for (const stage of stages) {
    throwIfInterrupted(signal);
    isForced ||= stage.name === from;
    const key = await keyOf(stage, keys);
    keys.set(stage.name, key);
    const isFinished =
      (await standing(dir, stage))?.key === key && !stage.reads.some((name) => changed.has(name));
    if (only !== undefined && only !== stage.name) {
      if (!isFinished) changed.add(stage.name);
      continue;
    }
    if (only !== undefined) refuseUnfinished(stage, changed);
    if (isFinished && !isForced && only === undefined) {
      onStage?.(stage.name, 'finished before');
      continue;
    }
    if (!hasBegun) await begin?.();
    hasBegun = true;
    onStage?.(stage.name, 'runs');
    changed.add(stage.name);
    await rm(receiptPath(dir, stage), { force: true });
    await stage.run(isForced);
    throwIfInterrupted(signal);
    await leaveReceipt(dir, stage, key);
  }
}

/** Stages that would not run. */
export async function finishedStages<Name extends string>(
  stages: readonly Stage<Name>[],
  dir: string,
): Promise<ReadonlySet<Name>> {
  const keys = new Map<Name, string>();
  const finished = new Set<Name>();
  for (const stage of stages) {
    const key = await keyOf(stage, keys);
    keys.set(stage.name, key);
    const isFinished = (await standing(dir, stage))?.key === key;
    if (isFinished && stage.reads.every((name) => finished.has(name))) finished.add(stage.name);
  }
  return finished;
}

async function keyOf<Name extends string>(
  { name, reads, inputs }: Stage<Name>,
  keys: ReadonlyMap<Name, string>,
): Promise<string> {
  const before = reads.map((read) => {
    const key = keys.get(read);
    if (key === undefined)
      throw new Error(`internal: stage ${name} reads ${read}, which does not stand before it`);
    return [read, key];
  });
  const text = JSON.stringify(sorted({ name, before, inputs: await inputs() }));
  return createHash('sha256').update(text).digest('hex');
}

/** Keys in order, so that the way an object was built does not count. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, entry]) => [key, sorted(entry)]),
  );
}

/** Before anything is run: work of hours would end with the same sentence. */
async function refuseChanged<Name extends string>(
  stages: readonly Stage<Name>[],
  { dir, shown, from, only }: RunStagesOptions<Name>,
): Promise<void> {
  for (const stage of stages) {
    if (stage.name === from) return;
    const isWanted = only === undefined || only === stage.name;
    const receipt = isWanted ? await readReceipt(receiptPath(dir, stage)) : undefined;
    for (const left of receipt?.files ?? []) {
      const found = await foundAt(join(dir, stage.folder, left.file));
      if (!found || found.sha256 === left.sha256) continue;
      const [got, expected] =
        found.bytes === left.bytes
          ? [`SHA-256 ${found.sha256.slice(0, SHOWN_DIGITS)}…`, `${left.sha256.slice(0, SHOWN_DIGITS)}…`]
          : [`${found.bytes} bytes`, `${left.bytes}`];
      const path = join(shown, stage.folder, left.file);
      throw new AntipodeError(
        'usage',
        `${path}: has changed since the ${stage.name} stage left it (got ${got}, expected ${expected})`,
        {
          hint: `put back what was there, or move it away; the same command then goes on (with --from ${stage.name} it is written over)`,
        },
      );
    }
  }
}

/** Undefined where it is gone. */
async function foundAt(path: string): Promise<Omit<LeftFile, 'file'> | undefined> {
  try {
    const { size } = await stat(path);
    return { bytes: size, sha256: await hashFile(path) };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Of a hash, in messages. */
const SHOWN_DIGITS = 12;

function refuseUnfinished<Name extends string>(stage: Stage<Name>, changed: ReadonlySet<Name>): void {
  const missing = stage.reads.find((name) => changed.has(name));
  if (missing === undefined) return;
  throw new AntipodeError(
    'usage',
    `${stage.name}: reads what ${missing} leaves, which is not finished or has changed`,
    {
      hint: `run it without --only, or with --from ${missing}`,
    },
  );
}

type Place = Pick<Stage, 'folder' | 'name' | 'owns'>;

function receiptPath(dir: string, { name }: Place): string {
  return join(dir, RECEIPTS, `${name}.json`);
}

async function leaveReceipt(dir: string, stage: Place, key: string): Promise<void> {
  const files: LeftFile[] = [];
  for (const file of await filesOf(dir, stage)) {
    const found = await foundAt(join(dir, stage.folder, file));
    if (found) files.push({ file, ...found });
  }
  await writeFileAtomic(receiptPath(dir, stage), `${JSON.stringify({ key, files }, null, 2)}\n`);
}

/** The receipt, where every file is still as it says. */
async function standing(dir: string, stage: Place): Promise<Receipt | undefined> {
  const receipt = await readReceipt(receiptPath(dir, stage));
  for (const { file, sha256 } of receipt?.files ?? []) {
    if ((await foundAt(join(dir, stage.folder, file)))?.sha256 !== sha256) return undefined;
  }
  return receipt;
}

async function readReceipt(path: string): Promise<Receipt | undefined> {
  try {
    const bytes = await readFile(path);
    if (bytes.byteLength > MAX_RECEIPT) return undefined;
    const { files, key } = JSON.parse(bytes.toString('utf8')) as Partial<Receipt>;
    const isWhole =
      typeof key === 'string' &&
      Array.isArray(files) &&
      files.every(
        (one) =>
          typeof one?.file === 'string' && typeof one.bytes === 'number' && typeof one.sha256 === 'string',
      );
    return isWhole ? { key, files } : undefined;
  } catch {
    // A damaged receipt is none: the stage runs again.
    return undefined;
  }
}

/** Relative to the stage's folder, with `/`, by name; without locks and temporaries. */
async function filesOf(dir: string, { folder, owns = () => true }: Place): Promise<string[]> {
  const root = join(dir, folder);
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((file) => !file.split('/').some((part) => part.startsWith('.') || part.endsWith('.lock')))
      .filter(owns)
      .sort();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
