/**
 * @file That Neuronpedia has no export of a source, remembered for some days, so that not every command asks again: `absent/MODEL/SOURCE.json` in antipode's own
 * cache, with the day and the server that was asked. `antipode download` always asks.
 */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../formats/atomic.ts';
import { antipodeCacheDir, type Env } from '../hub/cache_dirs.ts';
import { datasetsBase, type ExportSource } from '../hub/neuronpedia_export.ts';

/** Exports are published by the release, some weeks apart. */
const KEPT_DAYS = 7;

const DAY_MS = 24 * 3600 * 1000;

const SCHEMA = 'antipode-absent-export';

function absencePath(env: Env, { modelId, sourceId }: ExportSource): string {
  return join(antipodeCacheDir(env), 'absent', modelId, `${sourceId}.json`);
}

/** A cache that takes no files is no reason to fail: then it is asked again. */
export async function rememberAbsence(env: Env, source: ExportSource, now: Date = new Date()): Promise<void> {
  const absence = { schema: SCHEMA, version: 1, asked: now.toISOString(), server: datasetsBase(env) };
  await writeFileAtomic(absencePath(env, source), `${JSON.stringify(absence, null, 2)}\n`).catch(() => {});
}

export async function forgetAbsence(env: Env, source: ExportSource): Promise<void> {
  await rm(absencePath(env, source), { force: true }).catch(() => {});
}

/** `YYYY-MM-DD` on which the server that is asked now said so, within the last seven days; undefined otherwise, and for what cannot be read. */
export async function knownAbsence(
  env: Env,
  source: ExportSource,
  now: Date = new Date(),
): Promise<string | undefined> {
  const text = await readFile(absencePath(env, source), 'utf8').catch(() => '');
  const { asked, schema, server, version } = fieldsOf(text);
  const isOurs = schema === SCHEMA && version === 1 && server === datasetsBase(env);
  if (!isOurs || typeof asked !== 'string') return undefined;
  const age = now.getTime() - Date.parse(asked);
  return age >= 0 && age < KEPT_DAYS * DAY_MS ? asked.slice(0, 10) : undefined;
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
