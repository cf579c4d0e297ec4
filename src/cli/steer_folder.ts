/**
 * @file The folder of a steering run: `steering.json` says what its replies are made with, and is there before the first of them. A run goes on only with
 * the same plan, and one process at a time works in it.
 */

import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { ensureFolder, writeFileAtomic } from '../formats/atomic.ts';
import { livingOwner, withLock } from '../formats/lock.ts';
import { readSteeringPlan } from '../steering/read_plan.ts';
import { checkSamePlan, planText, type SteeringPlan } from '../steering/steering_plan.ts';

export const PLAN_FILE = 'steering.json';
export const REPLIES_FILE = 'replies.jsonl';
const LINE_END = 0x0a;
const LOCK_FILE = 'steering.lock';

export interface SteerFolder {
  readonly path: string;
  /** As the user named it. */
  readonly shown: string;
}

/** A plan holds a few hundred coefficients and the tokens of its prompts. */
const MAX_PLAN_BYTES = 64 * 2 ** 20;

/**
 * That nothing else is in the folder, for commands that work for long before they write there.
 * @throws {AntipodeError} `usage` where it is a file, or holds something and no run
 */
export async function checkSteerFolder(folder: SteerFolder): Promise<void> {
  const before = await readPlanText(folder);
  if (before === undefined) {
    const [foreign] = await namesIn(folder);
    if (foreign !== undefined) {
      throw new AntipodeError('usage', `${folder.shown}: holds ${foreign}, and no steering run`, {
        hint: 'choose another folder with --out',
      });
    }
  }
}

/**
 * Makes the folder, or finds it as this very run left it. A run without replies yet may change its plan.
 * @returns the plan that stands there now: another name for the same model does not change it
 * @throws {AntipodeError} `usage` where the folder holds something else or a run with another plan, `resource` where nothing can be written
 */
export async function enterSteerFolder(folder: SteerFolder, plan: SteeringPlan): Promise<SteeringPlan> {
  await checkSteerFolder(folder);
  const before = await readPlanText(folder);
  if (before !== undefined && (await hasReplies(folder))) {
    const stored = parsePlan(folder, before);
    checkSamePlan(stored, plan, folder.shown);
    return stored;
  }
  await ensureFolder(folder.path);
  await writeFileAtomic(join(folder.path, PLAN_FILE), planText(plan));
  return plan;
}

/** Whether a whole line is there: a run that failed before its first reply leaves an empty file. */
async function hasReplies({ path }: SteerFolder): Promise<boolean> {
  try {
    for await (const chunk of createReadStream(join(path, REPLIES_FILE))) {
      if ((chunk as Buffer).includes(LINE_END)) return true;
    }
    return false;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** @throws {AntipodeError} `missing` where there is no run, `format` for a plan that is none */
export async function readSteerFolder(folder: SteerFolder): Promise<SteeringPlan> {
  const text = await readPlanText(folder);
  if (text === undefined) {
    throw new AntipodeError('missing', `${folder.shown}: there is no steering run (it has no ${PLAN_FILE})`, {
      hint: `antipode steer run --pair happy:sad --out ${folder.shown} makes one`,
    });
  }
  return parsePlan(folder, text);
}

/** Nobody else may work in the folder meanwhile. @throws {AntipodeError} `usage` where somebody does, and whatever `work` throws */
export async function inSteerFolder<T>(
  folder: SteerFolder,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const lock = join(folder.path, LOCK_FILE);
  const owner = await livingOwner(lock);
  if (owner !== undefined) {
    throw new AntipodeError('usage', `${folder.shown}: process ${owner} works there at this moment`, {
      hint: 'wait for it, or choose another folder with --out',
    });
  }
  return withLock(lock, work, { signal });
}

async function readPlanText({ path, shown }: SteerFolder): Promise<string | undefined> {
  try {
    const text = await readFile(join(path, PLAN_FILE));
    if (text.byteLength > MAX_PLAN_BYTES)
      throw new AntipodeError('format', `${shown}: ${PLAN_FILE} is too large (${text.byteLength} bytes)`);
    return text.toString('utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') throw new AntipodeError('usage', `${shown}: is not a folder`);
    throw error;
  }
}

function parsePlan({ shown }: SteerFolder, text: string): SteeringPlan {
  return readSteeringPlan(text, `${shown}/${PLAN_FILE}`);
}

async function namesIn({ path, shown }: SteerFolder): Promise<string[]> {
  try {
    const names = await readdir(path);
    return names.filter((name) => !/^\.antipode-.*\.tmp$/.test(name) && !name.startsWith(LOCK_FILE)).sort();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return [];
    if (code !== 'ENOTDIR') throw error;
    throw new AntipodeError('usage', `${shown}: is a file (expected a folder, or nothing there yet)`, {
      hint: 'choose another folder with --out',
    });
  }
}
