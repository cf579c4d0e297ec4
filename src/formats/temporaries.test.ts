import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeStaleTemporaries, temporaryName } from './temporaries.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-temporaries-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Of a process that has ended. */
async function deadName(): Promise<string> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.on('exit', resolve));
  return temporaryName().replace(`-${process.pid}-`, `-${child.pid}-`);
}

it('of a dead process go at once where nobody else writes, else after a while; those of a living one stay', async () => {
  const [dead, living] = [await deadName(), temporaryName()];
  await mkdir(join(folder, dead, 'tables'), { recursive: true });
  for (const name of [living, 'mine.tmp', '.antipode']) await writeFile(join(folder, name), '');
  await removeStaleTemporaries(folder);
  expect(await readdir(folder)).toContain(dead);
  await removeStaleTemporaries(folder, 0);
  expect((await readdir(folder)).sort()).toEqual(['.antipode', 'mine.tmp', living].sort());
  await removeStaleTemporaries(join(folder, 'absent'), 0);
});
