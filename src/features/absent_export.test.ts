import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forgetAbsence, knownAbsence, rememberAbsence } from './absent_export.ts';

const SOURCE = { modelId: 'gemma-2-2b', sourceId: '20-gemmascope-res-16k' };
const DAY_MS = 24 * 3600 * 1000;
const ASKED = new Date('2025-03-05T10:00:00Z');
const later = (ms: number): Date => new Date(ASKED.getTime() + ms);

let env: Record<string, string>;
beforeEach(async () => {
  env = { XDG_CACHE_HOME: await mkdtemp(join(tmpdir(), 'antipode-absent-')) };
});
afterEach(() => rm(env['XDG_CACHE_HOME']!, { recursive: true, force: true }));

describe('that there is no export', () => {
  it('is known for a week, of that source, and forgotten when it is there', async () => {
    expect(await knownAbsence(env, SOURCE, ASKED)).toBeUndefined();
    await rememberAbsence(env, SOURCE, ASKED);
    expect(await knownAbsence(env, SOURCE, later(0))).toBe('2025-03-05');
    expect(await knownAbsence(env, SOURCE, later(7 * DAY_MS - 1))).toBe('2025-03-05');
    expect(await knownAbsence(env, SOURCE, later(7 * DAY_MS))).toBeUndefined();
    // A clock that was set back since.
    expect(await knownAbsence(env, SOURCE, later(-1))).toBeUndefined();
    expect(await knownAbsence(env, { ...SOURCE, sourceId: '21-other' }, later(0))).toBeUndefined();
    await forgetAbsence(env, SOURCE);
    expect(await knownAbsence(env, SOURCE, later(0))).toBeUndefined();
  });

  it('is what one server said, and no other', async () => {
    await rememberAbsence(env, SOURCE, ASKED);
    const mirror = { ...env, ANTIPODE_NEURONPEDIA_DATASETS: 'https://mirror.example' };
    expect(await knownAbsence(mirror, SOURCE, later(0))).toBeUndefined();
  });

  it.each(['', 'null', '[]', '{}', '{"schema":"antipode-absent-export","version":1,"asked":"soon"}'])(
    'is not known from %j',
    async (text) => {
      const folder = join(env['XDG_CACHE_HOME']!, 'antipode/absent', SOURCE.modelId);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${SOURCE.sourceId}.json`), text);
      expect(await knownAbsence(env, SOURCE, ASKED)).toBeUndefined();
    },
  );

  it('is not kept, and no error, where a file stands in the cache’s place', async () => {
    await writeFile(join(env['XDG_CACHE_HOME']!, 'antipode'), '');
    await rememberAbsence(env, SOURCE, ASKED);
    expect(await knownAbsence(env, SOURCE, ASKED)).toBeUndefined();
    expect(await readdir(env['XDG_CACHE_HOME']!)).toEqual(['antipode']);
  });
});
